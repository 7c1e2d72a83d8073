// Follows the playground's own code in one module, and fills its place on a page without widgets.
for (const el of document.querySelectorAll(".course-playground-place")) {
  const state = JSON.parse(el.dataset.state);
  el.replaceChildren();
  render({ model: { get: (name) => state[name] }, el });
}
