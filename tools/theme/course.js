// Runs when the page is parsed, before icons are drawn.

// The theme names these otherwise than they read: speech control and screen readers would
// disagree with the page. Their text is their name.
for (const element of document.querySelectorAll("summary[aria-label], .search-button-field")) {
  element.removeAttribute("aria-label");
}
// The icon script draws when it gets to it, sometimes from a title it read before.
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

if (window.MathJax?.typesetPromise) {
  // An equation wider than the page scrolls in its own box, so the keyboard must reach it.
  const setTabStops = () => {
    for (const equation of document.querySelectorAll('mjx-container[display="true"]')) {
      equation.tabIndex = equation.scrollWidth > equation.clientWidth ? 0 : -1;
    }
  };
  window.MathJax.startup.promise.then(setTabStops);
  window.addEventListener("resize", setTabStops);
}
