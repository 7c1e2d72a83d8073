// Paper is light, whatever the reader's screen is.
{
  const page = document.documentElement;
  /** @type {string | undefined} */
  let theme; // the screen's, while the page is printed
  window.addEventListener("beforeprint", () => {
    theme ??= page.dataset.theme; // some browsers tell twice
    page.dataset.theme = "light";
  });
  window.addEventListener("afterprint", () => {
    if (theme !== undefined) page.dataset.theme = theme;
    theme = undefined;
  });
}
