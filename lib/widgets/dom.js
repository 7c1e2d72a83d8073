// What both widgets draw with. assets.source puts this text before a widget's own.

const ANNOUNCE_MS = 400;

/** A new element with these attributes and children (nodes or text). */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** An id no other widget, view or copy of this module on the page has. */
function uniqueId() {
  return `course-${Math.random().toString(36).slice(2)}`;
}

/** A small drawing that takes the color of its text and is silent to screen readers. */
function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 16 16", "aria-hidden": "true" })) {
    svg.setAttribute(name, value);
  }
  svg.classList.add("course-icon");
  const shape = document.createElementNS(svg.namespaceURI, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

/** The widget's frame. JupyterLab is told to leave the keys pressed on its controls alone. */
function card(attributes, eyebrow, ...children) {
  const heading = element("p", { class: "course-eyebrow" }, eyebrow);
  const root = element("div", attributes, heading, ...children);
  root.classList.add("course-card");
  for (const control of root.querySelectorAll("button, input, select")) {
    control.dataset.lmSuppressShortcuts = "true"; // it asks the focused element first
  }
  return root;
}

/** Tells screen readers where a widget stands, once that has rested: a dragged slider moves on. */
function makeAnnouncer() {
  const node = element("p", { class: "course-spoken", role: "status" });
  let timer = null;
  const cancel = () => clearTimeout(timer);
  const announce = (text) => {
    cancel();
    timer = setTimeout(() => (node.textContent = text), ANNOUNCE_MS);
  };
  return { node, announce, cancel };
}

/**
 * While the page is printed, shows the values in `still`, which tell more on paper than those it
 * starts with. What a reader has chosen stays. Returns a function that ends this.
 */
function showOnPaper(model, still) {
  const names = Object.keys(still);
  const read = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const standsAt = (values) => JSON.stringify(read()) === JSON.stringify(values);
  const put = (values) => names.forEach((name) => model.set(name, values[name]));
  const start = read();
  const show = () => standsAt(start) && put(still);
  const restore = () => standsAt(still) && put(start);
  window.addEventListener("beforeprint", show);
  window.addEventListener("afterprint", restore);
  return () => {
    window.removeEventListener("beforeprint", show);
    window.removeEventListener("afterprint", restore);
  };
}
