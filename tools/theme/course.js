// Runs when the page is parsed.
{
  // The theme names these otherwise than they read: speech control and screen readers would
  // disagree with the page. Their text is their name.
  for (const element of document.querySelectorAll("summary[aria-label], .search-button-field")) {
    element.removeAttribute("aria-label");
  }
  for (const icon of document.querySelectorAll(".theme-switch")) {
    icon.removeAttribute("title"); // their button has a name
  }

  // An equation wider than its column scrolls in its own box, so the keyboard must reach it. The
  // column also changes with the sidebars, and in an answer that is opened.
  const setTabStop = new ResizeObserver((changes) => {
    for (const { target } of changes) {
      const isWide = target.scrollWidth > target.clientWidth;
      target.setAttribute("tabindex", isWide ? "0" : "-1");
    }
  });
  if (window.MathJax?.typesetPromise) {
    window.MathJax.startup.promise.then(() => {
      for (const equation of document.querySelectorAll('mjx-container[display="true"]')) {
        setTabStop.observe(equation);
      }
    });
  }
}
