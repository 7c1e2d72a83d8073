// Paper is light, whatever the reader's screen is.
{
  let theme = null;
  const page = document.documentElement;
  window.addEventListener("beforeprint", () => {
    theme = page.dataset.theme;
    page.dataset.theme = "light";
  });
  window.addEventListener("afterprint", () => {
    page.dataset.theme = theme;
  });
}
