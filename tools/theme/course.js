// Runs when the page is parsed, before icons are drawn.
{
  // The theme names these otherwise than they read: speech control and screen readers would
  // disagree with the page. Their text is their name.
  for (const element of document.querySelectorAll("summary[aria-label], .search-button-field")) {
    element.removeAttribute("aria-label");
  }

  /**
   * The icon script draws when it gets to it, sometimes from a title it read before.
   *
   * @param {Element} icon
   */
  const hideIcon = (icon) => {
    icon.removeAttribute("title");
    const drawing = icon.querySelector("svg");
    drawing?.querySelector("title")?.remove();
    drawing?.setAttribute("aria-hidden", "true");
  };
  for (const icon of document.querySelectorAll(".theme-switch")) {
    hideIcon(icon);
    new MutationObserver(() => hideIcon(icon)).observe(icon, { childList: true, subtree: true });
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
