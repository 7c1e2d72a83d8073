// How the scripts that run on a page of the book look for its elements.

/**
 * The first HTML element below a node that a selector picks.
 *
 * @param {string} selector
 * @param {ParentNode} root
 */
export function find(selector, root = document) {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`the page has no ${selector}`);
  return found;
}

/**
 * All HTML elements below a node that a selector picks; drawings (SVG) are none.
 *
 * @param {string} selector
 * @param {ParentNode} root
 */
export function findAll(selector, root = document) {
  return [...root.querySelectorAll(selector)].filter((node) => node instanceof HTMLElement);
}
