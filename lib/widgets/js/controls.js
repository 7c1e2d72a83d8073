// The controls that several widgets have.

import { element, uniqueId } from "./dom.js";

/**
 * A labelled control. Its row can take more than the input.
 *
 * @param {string} label
 * @param {HTMLElement} input
 * @param {...Node} beside what stands beside the label
 */
export function makeControl(label, input, ...beside) {
  input.id = uniqueId();
  const caption = element("label", { for: input.id }, label);
  const heading = element("div", { class: "course-heading" }, caption, ...beside);
  const row = element("div", { class: "course-row" }, input);
  return { node: element("div", { class: "course-control" }, heading, row), row };
}

/**
 * A list to choose from, by the index of each text.
 *
 * @param {string[]} texts
 * @param {(index: number) => void} choose hears of the text that the reader chose
 * @param {import("./dom.js").Attributes} attributes
 */
export function makeList(texts, choose, attributes = {}) {
  const options = texts.map((text, value) => element("option", { value }, text));
  const input = element("select", attributes, ...options);
  input.addEventListener("input", () => choose(Number(input.value)));
  return input;
}

/**
 * A labelled list; `put` makes it stand at an index.
 *
 * @param {string} label
 * @param {string[]} texts
 * @param {(index: number) => void} choose
 */
export function makeSelect(label, texts, choose) {
  const input = makeList(texts, choose);
  /** @param {number} index */
  const put = (index) => {
    input.value = String(index);
  };
  return { node: makeControl(label, input).node, put };
}

/**
 * @param {string} text
 * @param {() => void} press
 * @param {import("./dom.js").Attributes} attributes
 */
export function makeButton(text, press, attributes = {}) {
  const base = { type: "button", class: "course-button" };
  const button = element("button", { ...base, ...attributes }, text);
  button.addEventListener("click", press);
  return button;
}
