// The outputs of a convolution explorer, and how mouse and keys choose one of them.

import { lines, makeGrid, numbers, square } from "./convolution_cells.js";
import { stepFrom, sumOf } from "./convolution_shape.js";
import { element, leaveKeysAlone, listenToKeys, setAttributes } from "./dom.js";

/** @typedef {import("./convolution_shape.js").Shape} Shape */
/** @typedef {import("./convolution_shape.js").Place} Place */

/**
 * The place of the output that the mouse is at.
 *
 * @param {SVGElement} node
 * @param {Shape} shape
 * @param {MouseEvent} event
 * @returns {Place}
 */
function findPlace(node, { last, output }, { clientX, clientY }) {
  const { left, top, width, height } = node.getBoundingClientRect();
  /** @param {number} part */
  const cell = (part) => Math.max(0, Math.min(last, Math.floor(part * output)));
  return { row: cell((clientY - top) / height), column: cell((clientX - left) / width) };
}

/**
 * Keys, clicks and the mouse choose an output: `pick` and `hover` hear of its place.
 *
 * @param {HTMLElement} field
 * @param {(event: MouseEvent) => Place} find
 * @param {(key: string) => Place | undefined} step
 * @param {(place: Place) => void} pick
 * @param {(place: Place | null) => void} hover
 */
function listenToField(field, find, step, pick, hover) {
  field.addEventListener("click", (event) => pick(find(event)));
  field.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse") hover(find(event));
  });
  field.addEventListener("pointerleave", () => hover(null));
  listenToKeys(field, ({ key }) => {
    const place = step(key);
    if (place) pick(place);
    return Boolean(place);
  });
}

/**
 * What takes the keys, the clicks and the mouse.
 *
 * @param {SVGElement} cells
 */
function makeField(cells) {
  const field = element("div", { class: "course-field", role: "slider", tabindex: 0 }, cells);
  field.setAttribute("aria-label", "Chosen output; arrow keys move the window");
  leaveKeysAlone(field);
  return field;
}

/**
 * The grid of outputs, with the mark of the chosen one above its lines and below its numbers.
 *
 * @param {Shape} shape
 * @param {SVGElement} chosen
 */
function drawOutput(shape, chosen) {
  const { output, hasNumbers } = shape;
  const sums = hasNumbers ? [numbers(output, (row, column) => sumOf(shape, row, column))] : [];
  return [square("course-sums", 0, 0, output), lines(output, shape), chosen, ...sums];
}

/**
 * The outputs, one of them chosen.
 *
 * @param {Shape} first
 * @param {(place: Place) => void} pick
 * @param {(place: Place | null) => void} hover
 */
export function makeOutput(first, pick, hover) {
  const grid = makeGrid("course-output", "Output");
  const field = makeField(grid.node);
  const none = element("p", { class: "course-none" }, "no output");
  grid.figure.append(field, none);
  let chosen = square("course-chosen", 0, 0, 1);
  let shape = first;
  /** @param {MouseEvent} event */
  const find = (event) => findPlace(grid.node, shape, event);
  listenToField(field, find, (key) => stepFrom(shape, key), pick, hover);
  /** @param {Shape} drawn */
  const draw = (drawn) => {
    shape = drawn;
    const { output } = shape;
    [field.hidden, none.hidden] = [!output, Boolean(output)];
    chosen = square("course-chosen", 0, 0, 1); // a new one, which does not glide to its place
    grid.fill(output, output ? `${output} × ${output}` : "", ...drawOutput(shape, chosen));
    setAttributes(field, { "aria-valuemin": 1, "aria-valuemax": Math.max(1, output ** 2) });
  };
  /**
   * @param {Shape} moved
   * @param {string} description
   */
  const move = (moved, description) => {
    shape = moved;
    const { row, column, output } = shape;
    chosen.style.transform = `translate(${column}px, ${row}px)`;
    const now = row * output + column + 1;
    setAttributes(field, { "aria-valuenow": now, "aria-valuetext": description });
  };
  return { node: grid.figure, draw, move };
}
