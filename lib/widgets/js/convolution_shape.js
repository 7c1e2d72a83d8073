// The arithmetic of a convolution, and the toy picture and filter behind its numbers. Lengths are in
// cells. It knows no page.

const NUMBERED = 12; // cells along a padded side up to which they have room for numbers
const LINED = 60; // cells along a padded side up to which lines tell them apart

/** @typedef {"size" | "filter" | "stride" | "padding" | "channels" | "filters"} Setting */
/** @typedef {{ row: number, column: number }} Place */

/**
 * @typedef {object} Texts
 * @property {string} title
 * @property {string} question
 * @property {Record<Setting, [number, number]>} limits
 */

/** @typedef {Record<Setting, number> & Place & Texts} State */
/** @typedef {ReturnType<typeof shapeOf>} Shape */

/** @type {Setting[]} */
export const SETTINGS = ["size", "filter", "stride", "padding", "channels", "filters"];

/**
 * The settings and what follows from them; `output` is 0 where the filter does not fit.
 *
 * @param {Record<Setting, number> & Place} state
 */
export function shapeOf({ size, filter, stride, padding, channels, filters, row, column }) {
  const span = size + 2 * padding; // the padded picture
  const room = span - filter; // by which the first window can move
  const output = room < 0 ? 0 : Math.floor(room / stride) + 1;
  const last = Math.max(0, output - 1);
  const [hasNumbers, hasLines] = [span <= NUMBERED && output > 0, span <= LINED];
  const settings = { size, filter, stride, padding, channels, filters };
  const place = { row: Math.min(row, last), column: Math.min(column, last) };
  return { ...settings, ...place, span, room, output, last, hasNumbers, hasLines };
}

/** @param {import("./model.js").Model<State>} model */
export function readShape(model) {
  return shapeOf({
    size: model.get("size"),
    filter: model.get("filter"),
    stride: model.get("stride"),
    padding: model.get("padding"),
    channels: model.get("channels"),
    filters: model.get("filters"),
    row: model.get("row"),
    column: model.get("column"),
  });
}

/**
 * The columns of the padded picture (and as many rows) that no window covers.
 *
 * @param {Pick<Shape, "span" | "filter" | "stride" | "output" | "last">} shape
 */
export function findMissed({ span, filter, stride, output, last }) {
  /** @param {number} at */
  const reach = (at) => Math.min(Math.floor(at / stride), last) * stride + filter;
  return output ? [...Array(span).keys()].filter((at) => at >= reach(at)) : [];
}

/**
 * What the toy picture holds there: a bright lower left corner with a soft edge; zeros around.
 *
 * @param {Shape} shape
 * @param {number} row
 * @param {number} column
 */
export function pixelAt({ size, padding }, row, column) {
  const [y, x] = [row - padding, column - padding];
  const isInside = Math.min(y, x) >= 0 && Math.max(y, x) < size;
  return isInside ? Math.max(0, Math.min(3, 2 + y - x)) : 0;
}

/**
 * The toy filter: what is on the left less what is on the right, so vertical edges stand out.
 *
 * @param {Shape} shape
 * @param {number} column
 */
export function weightAt({ filter }, column) {
  return filter === 1 ? 1 : Math.sign(filter - 1 - 2 * column);
}

/**
 * The pairs [pixel, weight] of a window, row by row.
 *
 * @param {Shape} shape
 * @param {number} row
 * @param {number} column
 */
export function pairsOf(shape, row, column) {
  const cells = [...Array(shape.filter).keys()];
  const [top, left] = [row * shape.stride, column * shape.stride];
  return cells.flatMap((i) =>
    cells.map((j) => [pixelAt(shape, top + i, left + j), weightAt(shape, j)]),
  );
}

/**
 * The output at a place.
 *
 * @param {Shape} shape
 * @param {number} row
 * @param {number} column
 */
export function sumOf(shape, row, column) {
  return pairsOf(shape, row, column).reduce((sum, [pixel, weight]) => sum + pixel * weight, 0);
}

/**
 * The output that a key leads to, if it is one of those that move.
 *
 * @param {Pick<Shape, "row" | "column" | "last">} shape
 * @param {string} key
 * @returns {Place | undefined}
 */
export function stepFrom({ row, column, last }, key) {
  /** @param {number} at */
  const within = (at) => Math.max(0, Math.min(last, at));
  /** @type {Record<string, Place>} */
  const places = {
    ArrowRight: { row, column: within(column + 1) },
    ArrowLeft: { row, column: within(column - 1) },
    ArrowDown: { row: within(row + 1), column },
    ArrowUp: { row: within(row - 1), column },
    Home: { row: 0, column: 0 },
    End: { row: last, column: last },
  };
  return places[key];
}

/** @param {number} number */
export const signed = (number) => `${number}`.replace("-", "−");
