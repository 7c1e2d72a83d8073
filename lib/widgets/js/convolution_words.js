// What a convolution explorer says: the formula, the fit, the sum behind an output, the costs.

import { findMissed, pairsOf, signed, sumOf } from "./convolution_shape.js";
import { element } from "./dom.js";

const SPELLED = 4; // filter size up to which a sum is written out

/** @typedef {import("./convolution_shape.js").Shape} Shape */
/** @typedef {{ node: HTMLElement, put: (shape: Shape) => void }} Part */

/** @param {number} number */
const count = (number) => number.toLocaleString("en-US");

/**
 * The formula of the output's size, with the numbers put in.
 *
 * @returns {Part}
 */
export function makeFormula() {
  const node = element("p", { class: "course-formula" });
  /** @type {Part["put"]} */
  const put = ({ size, filter, stride, padding, room, output }) => {
    const steps = [
      "output",
      "= ⌊(N + 2P − F) / S⌋ + 1",
      `= ⌊(${size} + 2·${padding} − ${filter}) / ${stride}⌋ + 1`,
      `= ⌊${signed(room)} / ${stride}⌋ + 1`,
    ];
    const result = element("b", {}, output ? `= ${output}` : "");
    const parts = steps.map((text) => element("span", {}, text));
    node.replaceChildren(...parts.flatMap((part) => [part, " "]), result);
  };
  return { node, put };
}

/**
 * Whether the windows cover the picture, in words.
 *
 * @param {Shape} shape
 */
export function tellFit(shape) {
  const { filter, stride, padding, span, room, output, last } = shape;
  if (!output) {
    const picture = padding ? "the padded picture" : "the picture";
    return `The filter does not fit: it is ${filter} wide, ${picture} only ${span}. There is no output.`;
  }
  if (!findMissed(shape).length) return "It fits: the windows reach every column and every row.";
  const told = [];
  if (room % stride) told.push(`The division leaves a remainder of ${room % stride}.`);
  if (stride > filter && last) {
    told.push("The stride is larger than the filter: windows leave gaps.");
  }
  return [...told, tellLoss(shape)].join(" ");
}

/**
 * How much of the picture no window reaches, in words.
 *
 * @param {Shape} shape
 */
function tellLoss(shape) {
  const { size, padding } = shape;
  const isPixel = (/** @type {number} */ at) => padding <= at && at < padding + size;
  const pixels = findMissed(shape).filter(isPixel).length;
  return pixels
    ? `The window never reaches ${pixels} of the picture’s ${size} columns, and as many rows.`
    : "Only padding is never reached: nothing of the picture is lost.";
}

/**
 * The output's shape and the fit, in words.
 *
 * @param {Shape} shape
 */
export function tellOutcome(shape) {
  const { filters, output } = shape;
  return (output ? `Output ${filters} × ${output} × ${output}. ` : "") + tellFit(shape);
}

/**
 * What the chosen output is made from, in words.
 *
 * @param {Shape} shape
 */
export function tellPlace({ row, column, stride, filter, padding, output }) {
  if (!output) return "";
  /** @type {(at: number, noun: string) => string} */
  const range = (at, noun) => {
    const first = at * stride + 1;
    return filter === 1 ? `${noun} ${first}` : `${noun}s ${first} to ${first + filter - 1}`;
  };
  const window = `${range(row, "row")}, ${range(column, "column")}`;
  const picture = padding ? "padded picture" : "picture";
  return `Output in row ${row + 1}, column ${column + 1}: ${window} of the ${picture}.`;
}

/**
 * The sum behind the chosen output, laid out as the window is.
 *
 * @returns {Part}
 */
export function makeSum() {
  const told = element("p");
  const terms = element("div", { class: "course-terms" });
  const total = element("p", { class: "course-total" });
  const rest = element("p", { class: "course-rest" });
  const node = element("div", { class: "course-sum" }, told, terms, total, rest);
  /** @type {Part["put"]} */
  const put = (shape) => {
    const { row, column, filter, hasNumbers } = shape;
    node.hidden = !hasNumbers;
    if (node.hidden) return;
    const isSpelled = filter <= SPELLED;
    told.textContent = isSpelled ? "Pixel · weight, added up:" : "";
    terms.style.setProperty("--filter", String(filter));
    terms.replaceChildren(...(isSpelled ? makeTerms(shape) : []));
    const sum = element("b", {}, signed(sumOf(shape, row, column)));
    const lead = isSpelled ? "= " : `${filter ** 2} products pixel · weight add up to `;
    total.replaceChildren(lead, sum);
    rest.textContent = tellRest(shape);
  };
  return { node, put };
}

/** @param {Shape} shape */
function makeTerms(shape) {
  return pairsOf(shape, shape.row, shape.column).map(([pixel, weight], index) => {
    const text = `${pixel}·${weight < 0 ? `(${signed(weight)})` : weight}`;
    return element("span", {}, `${index ? "+ " : ""}${text} `);
  });
}

/**
 * What the sum leaves out, in words.
 *
 * @param {Shape} shape
 */
function tellRest({ channels, filters }) {
  const others =
    channels > 1
      ? `This is one of ${channels} channels: their sums and the bias add up to the output.`
      : "The bias is added to it.";
  return filters > 1 ? `${others} Each of the ${filters} filters makes such a grid.` : others;
}

/**
 * Shapes and costs: each with how it comes about and, strong, what it comes to.
 *
 * @returns {Part}
 */
export function makeCosts() {
  const node = element("dl", { class: "course-costs" });
  /** @type {Part["put"]} */
  const put = ({ size, filter, channels, filters, output }) => {
    const one = `${channels}·${filter}·${filter}`;
    const weights = channels * filter ** 2;
    const parameters = `${filters}·(${one}) + ${filters} =`;
    const products = output ? `${filters}·${output}·${output}·(${one}) =` : "";
    const costs = [
      ["Input, C × N × N", "", `${channels} × ${size} × ${size}`],
      ["Output, K × O × O", "", output ? `${filters} × ${output} × ${output}` : "none"],
      ["Weights and biases", parameters, count(filters * weights + filters)],
      ["Multiplications per picture", products, count(filters * output ** 2 * weights)],
    ];
    const rows = costs.map(([name, how, result]) => {
      const value = element("dd", {}, how, " ", element("b", {}, result));
      return element("div", {}, element("dt", {}, name), value);
    });
    node.replaceChildren(...rows);
  };
  return { node, put };
}

/**
 * What the marks on the picture mean; those that are not there are left out.
 *
 * @returns {Part}
 */
export function makeLegend() {
  const node = element("p", { class: "course-legend" });
  /** @type {Part["put"]} */
  const put = (shape) => {
    const { output, stride, padding } = shape;
    const keys = [
      { name: "course-window", text: "window of the chosen output", isThere: output > 0 },
      { name: "course-next", text: `the next one, ${stride} further`, isThere: output > 1 },
      { name: "course-zeros", text: "padding: zeros", isThere: padding > 0 },
      { name: "course-missed", text: "never reached", isThere: findMissed(shape).length > 0 },
    ];
    const nodes = keys
      .filter(({ isThere }) => isThere)
      .map(({ name, text }) => {
        const swatch = element("span", { class: `course-swatch ${name}`, "aria-hidden": true });
        return element("span", { class: "course-key" }, swatch, text);
      });
    node.replaceChildren(...nodes);
  };
  return { node, put };
}
