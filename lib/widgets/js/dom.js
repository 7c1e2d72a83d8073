// The elements that all widgets are made of.

const SVG = "http://www.w3.org/2000/svg";
const ANNOUNCE_MS = 400;

/** @typedef {Record<string, string | number | boolean>} Attributes */

/**
 * A new element with these attributes and children (nodes or text).
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  setAttributes(node, attributes);
  node.append(...children);
  return node;
}

/**
 * A new element of a drawing.
 *
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} attributes
 * @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  setAttributes(node, attributes);
  node.append(...children);
  return node;
}

/**
 * @param {Element} node
 * @param {Attributes} attributes
 */
export function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
}

/** An id that no other widget, view or copy of this module on the page has. */
export function uniqueId() {
  return `course-${Math.random().toString(36).slice(2)}`;
}

/**
 * A small drawing that takes the color of its text and is silent to screen readers.
 *
 * @param {string} path
 */
export function icon(path) {
  const attributes = { viewBox: "0 0 16 16", "aria-hidden": true, class: "course-icon" };
  return svg("svg", attributes, svg("path", { d: path }));
}

/**
 * The widget's frame. JupyterLab is told to leave the keys pressed on its controls alone.
 *
 * @param {Attributes} attributes
 * @param {string} eyebrow the line above the title
 * @param {...(Node | string)} children
 */
export function card(attributes, eyebrow, ...children) {
  const heading = element("p", { class: "course-eyebrow" }, eyebrow);
  const root = element("div", attributes, heading, ...children);
  root.classList.add("course-card");
  for (const control of root.querySelectorAll("button, input, select")) leaveKeysAlone(control);
  return root;
}

/**
 * Marks a control for JupyterLab, which asks the focused element before it takes a key.
 *
 * @param {Element} control
 */
export function leaveKeysAlone(control) {
  control.setAttribute("data-lm-suppress-shortcuts", "true");
}

/**
 * Tells `press` each key pressed in an element, except for the browser's own commands, such as Alt and
 * the left arrow, which goes back. If `press` returns true, the page does not scroll.
 *
 * @param {HTMLElement} node
 * @param {(event: KeyboardEvent) => boolean} press
 */
export function listenToKeys(node, press) {
  node.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (press(event)) event.preventDefault();
  });
}

/** Tells screen readers where a widget stands, once that has rested: a dragged slider moves on. */
export function makeAnnouncer() {
  const node = element("p", { class: "course-spoken", role: "status" });
  let timer = 0;
  const cancel = () => clearTimeout(timer);
  /** @param {string} text */
  const announce = (text) => {
    cancel();
    timer = window.setTimeout(() => (node.textContent = text), ANNOUNCE_MS);
  };
  return { node, announce, cancel };
}
