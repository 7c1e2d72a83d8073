// The grids of a convolution explorer: the picture with its window, the filter, the outputs.

import { boxes, lines, makeGrid, makeHatch, numbers, square } from "./convolution_cells.js";
import { makeOutput } from "./convolution_output.js";
import { findMissed, pixelAt, weightAt } from "./convolution_shape.js";
import { tellFit, tellPlace } from "./convolution_words.js";
import { element, svg } from "./dom.js";

/** @typedef {import("./convolution_cells.js").Hatch} Hatch */
/** @typedef {import("./convolution_shape.js").Shape} Shape */
/** @typedef {import("./convolution_shape.js").Place} Place */

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
