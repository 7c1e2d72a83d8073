// The grids of a convolution explorer: the picture with its window, the filter, the outputs.

import { findMissed, pixelAt, signed, stepFrom, sumOf, weightAt } from "./convolution_shape.js";
import { tellFit, tellPlace } from "./convolution_words.js";
import { element, leaveKeysAlone, setAttributes, svg, uniqueId } from "./dom.js";

/** @typedef {import("./convolution_shape.js").Shape} Shape */
/** @typedef {import("./convolution_shape.js").Place} Place */
/** @typedef {ReturnType<typeof makeHatch>} Hatch */

/**
 * @param {string} name
 * @param {number} row
 * @param {number} column
 * @param {number} side
 */
function square(name, row, column, side) {
  return svg("rect", { class: name, x: column, y: row, width: side, height: side });
}

/**
 * A path of rectangles: [x, y, width, height].
 *
 * @param {string} name
 * @param {number[][]} rectangles
 */
function boxes(name, rectangles) {
  const d = rectangles.map(([x, y, width, height]) => `M${x} ${y}h${width}v${height}h${-width}z`);
  return svg("path", { class: name, d: d.join("") });
}

/**
 * The outline and, where there is room for them, the lines between cells.
 *
 * @param {number} side
 * @param {Shape} shape
 */
function lines(side, { hasLines }) {
  const at = hasLines ? [...Array(side + 1).keys()] : [0, side];
  const d = at.map((x) => `M${x} 0v${side}M0 ${x}h${side}`).join("");
  return svg("path", { class: "course-lines", d });
}

/**
 * A number in each cell.
 *
 * @param {number} side
 * @param {(row: number, column: number) => number} read
 * @param {(row: number, column: number) => string} name the class of a cell's number
 */
function numbers(side, read, name = () => "") {
  const at = [...Array(side).keys()];
  const texts = at.flatMap((row) =>
    at.map((column) => {
      const place = { x: column + 0.5, y: row + 0.5, class: name(row, column) };
      return svg("text", place, signed(read(row, column)));
    }),
  );
  return svg("g", { class: "course-numbers" }, ...texts);
}

/**
 * Slanted lines that fill what refers to them, `turn` degrees from upright.
 *
 * @param {number} turn
 */
function makeHatch(turn) {
  const id = uniqueId();
  const size = { width: 0.25, height: 0.25, patternUnits: "userSpaceOnUse" };
  const line = svg("path", { d: "M0 0v0.25", "stroke-width": 0.09 });
  const node = svg("pattern", { id, ...size, patternTransform: `rotate(${turn})` }, line);
  return { node, fill: `url(#${id})` };
}

/**
 * A drawing of cells below its caption; `fill` gives it another side and other content.
 *
 * @param {string} name
 * @param {string} label
 */
function makeGrid(name, label) {
  const node = svg("svg", { class: "course-cells", "aria-hidden": true });
  const sizes = element("span", { class: "course-sizes" });
  const caption = element("p", { class: "course-caption" }, label, sizes);
  const figure = element("div", { class: `course-grid ${name}` }, caption, node);
  /**
   * @param {number} side
   * @param {string} text
   * @param {...SVGElement} content
   */
  const fill = (side, text, ...content) => {
    sizes.textContent = text;
    node.setAttribute("viewBox", `0 0 ${side} ${side}`);
    node.style.setProperty("--side", String(side));
    node.replaceChildren(...content);
  };
  return { figure, node, fill };
}

/**
 * The padded picture: its rim of zeros, and what no window covers.
 *
 * @param {Shape} shape
 * @param {Hatch} zeros
 * @param {Hatch} loss
 */
function drawPicture(shape, zeros, loss) {
  const { size, padding, span } = shape;
  const rim = boxes("course-zeros", [[0, 0, span, span]]);
  rim.style.fill = zeros.fill;
  const missed = findMissed(shape).flatMap((at) => [
    [at, 0, 1, span],
    [0, at, span, 1],
  ]);
  const lost = boxes("course-missed", missed);
  lost.style.fill = loss.fill;
  /** @type {(row: number, column: number) => string} */
  const name = (row, column) => {
    const isPixel = Math.min(row, column) >= padding && Math.max(row, column) < span - padding;
    return isPixel ? "" : "course-zero";
  };
  const pixels = square("course-pixels", padding, padding, size);
  const content = [svg("defs", {}, zeros.node, loss.node), rim, pixels, lost, lines(span, shape)];
  if (!shape.hasNumbers) return content;
  return [...content, numbers(span, (row, column) => pixelAt(shape, row, column), name)];
}

/** The picture with the window of the chosen output over it and, dashed, the next one. */
function makeInput() {
  const grid = makeGrid("course-input", "Picture");
  grid.node.setAttribute("role", "img");
  grid.node.removeAttribute("aria-hidden");
  const [zeros, loss] = [makeHatch(45), makeHatch(-45)];
  /** @param {number} side */
  const makeWindows = (side) =>
    ["course-window", "course-next"].map((name) => square(name, 0, 0, side));
  let [here, next] = makeWindows(1);
  /** @param {Shape} shape */
  const draw = (shape) => {
    const { size, padding, span, filter } = shape;
    [here, next] = makeWindows(filter); // new ones, which do not glide to their place
    const padded = padding ? `, padded to ${span} × ${span}` : "";
    grid.fill(span, `${size} × ${size}${padded}`, ...drawPicture(shape, zeros, loss), next, here);
  };
  /**
   * @param {Shape} shape
   * @param {string} description
   */
  const move = ({ stride, row, column, output, last }, description) => {
    /** @type {(node: SVGElement, i: number, j: number, isShown: boolean) => void} */
    const put = (node, i, j, isShown) => {
      node.style.display = isShown ? "" : "none";
      node.style.transform = `translate(${j * stride}px, ${i * stride}px)`;
    };
    put(here, row, column, output > 0);
    put(next, row, column + 1, column < last);
    grid.node.setAttribute("aria-label", description);
  };
  return { node: grid.figure, draw, move };
}

/** The filter, with its weights where there is room for numbers. */
function makeFilter() {
  const grid = makeGrid("course-filter", "Filter");
  /** @param {Shape} shape */
  const draw = (shape) => {
    const { filter, hasNumbers } = shape;
    const weights = hasNumbers ? [numbers(filter, (_, column) => weightAt(shape, column))] : [];
    const tint = square("course-weights", 0, 0, filter);
    grid.fill(filter, `${filter} × ${filter}`, tint, lines(filter, shape), ...weights);
  };
  return { node: grid.figure, draw };
}

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
  field.addEventListener("keydown", (event) => {
    const place = step(event.key);
    if (!place) return;
    event.preventDefault(); // else the page scrolls
    pick(place);
  });
}

/**
 * The outputs, one of them chosen.
 *
 * @param {Shape} first
 * @param {(place: Place) => void} pick
 * @param {(place: Place | null) => void} hover
 */
function makeOutput(first, pick, hover) {
  const grid = makeGrid("course-output", "Output");
  const field = element("div", { class: "course-field", role: "slider", tabindex: 0 }, grid.node);
  field.setAttribute("aria-label", "Chosen output; arrow keys move the window");
  leaveKeysAlone(field);
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
    const { output, hasNumbers } = shape;
    [field.hidden, none.hidden] = [!output, Boolean(output)];
    chosen = square("course-chosen", 0, 0, 1);
    const sums = hasNumbers ? [numbers(output, (row, column) => sumOf(drawn, row, column))] : [];
    const size = output ? `${output} × ${output}` : "";
    const content = [square("course-sums", 0, 0, output), lines(output, shape), chosen, ...sums];
    grid.fill(output, size, ...content);
    const range = { "aria-valuemin": 1, "aria-valuemax": Math.max(1, output ** 2) };
    setAttributes(field, range);
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

/**
 * All three grids, their cells of one size.
 *
 * @param {Shape} first
 * @param {(place: Place) => void} pick
 * @param {(place: Place | null) => void} hover
 */
export function makeGrids(first, pick, hover) {
  const [input, filter, output] = [makeInput(), makeFilter(), makeOutput(first, pick, hover)];
  const grids = element("div", { class: "course-grids" }, input.node, filter.node, output.node);
  /** @param {Shape} shape */
  const draw = (shape) => {
    for (const grid of [input, filter, output]) grid.draw(shape);
    grids.style.setProperty("--span", String(shape.span));
    grids.style.setProperty("--filter", String(shape.filter));
    grids.style.setProperty("--output", String(Math.max(1, shape.output))); // cells are divided by it
  };
  /** @param {Shape} shape */
  const move = (shape) => {
    input.move(shape, tellPlace(shape) || tellFit(shape));
    output.move(shape, tellPlace(shape));
  };
  return { node: element("div", { class: "course-sheet" }, grids), draw, move };
}
