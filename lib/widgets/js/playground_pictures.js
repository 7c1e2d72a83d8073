// Pictures of the plane: the network's answer, what each hidden unit makes of it. And histograms.

import { element, svg } from "./dom.js";
import { softmax } from "./network.js";
import { VIEW } from "./toy_data.js";

export const GRID = 49; // pixels of a picture of the plane, a side; the page smooths them
const BINS = 24; // of a histogram
const STRENGTH = 0.4; // of a class's color where the network is sure
const FAR = 1e9; // a margin between logits that is as good as infinite
const DOT = 0.075; // radius of a point, in the plane's units
// Of a square of pixels, one after the other.
const CORNERS = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];
const GLYPHS = [drawCircle, drawSquare, drawTriangle];

/** @typedef {import("./network.js").Trace} Trace */
/** @typedef {import("./playground_run.js").Run} Run */
/** @typedef {import("./toy_data.js").Points} Points */
/** @typedef {number[]} Color red, green and blue */
/** @typedef {(k: number, into: Uint8ClampedArray, at: number) => void} Write */

/**
 * @param {number} x
 * @param {number} y
 */
function drawCircle(x, y) {
  return `M${x - DOT} ${y}a${DOT} ${DOT} 0 1 0 ${2 * DOT} 0a${DOT} ${DOT} 0 1 0 ${-2 * DOT} 0z`;
}

/**
 * @param {number} x
 * @param {number} y
 */
function drawSquare(x, y) {
  const half = 0.88 * DOT;
  return `M${x - half} ${y - half}h${2 * half}v${2 * half}h${-2 * half}z`;
}

/**
 * @param {number} x
 * @param {number} y
 */
function drawTriangle(x, y) {
  return `M${x} ${y - 1.3 * DOT}l${1.15 * DOT} ${2 * DOT}h${-2.3 * DOT}z`;
}

/** The middles of the picture's pixels on the plane, row by row from above: GRID² × 2. */
export function gridPoints() {
  /** @param {number} index */
  const at = (index) => (2 * (index + 0.5)) / GRID - 1;
  return Float64Array.from({ length: 2 * GRID * GRID }, (_, k) => {
    const [row, column] = [Math.floor(k / 2 / GRID), Math.floor(k / 2) % GRID];
    return VIEW * (k % 2 ? -at(row) : at(column));
  });
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} settings
 */
function contextOf(canvas, settings = {}) {
  const context = canvas.getContext("2d", settings);
  if (!context) throw new Error("this browser draws no pictures");
  return context;
}

/**
 * Reads the custom properties of a node as colors.
 *
 * @param {Element} node
 * @returns {(name: string) => Color}
 */
export function makeColorReader(node) {
  const context = contextOf(element("canvas", { width: 1, height: 1 }), {
    willReadFrequently: true,
  });
  return (name) => {
    context.fillStyle = getComputedStyle(node).getPropertyValue(name);
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
}

/** A picture of the plane; `paint` takes a function that writes pixel k's color into a place. */
function makePlane() {
  const node = element("canvas", { width: GRID, height: GRID, "aria-hidden": true });
  const context = contextOf(node);
  const image = context.createImageData(GRID, GRID);
  image.data.fill(255);
  /** @param {Write} write */
  const paint = (write) => {
    for (let k = 0; k < GRID * GRID; k++) write(k, image.data, 4 * k);
    context.putImageData(image, 0, 0);
  };
  return { node, paint };
}

/**
 * Writes `paper` mixed with a share of `color`.
 *
 * @param {Color} paper
 * @param {Color} color
 * @param {number} share
 * @param {Uint8ClampedArray} into
 * @param {number} at
 */
function mix(paper, color, share, into, at) {
  for (let i = 0; i < 3; i++) into[at + i] = paper[i] + share * (color[i] - paper[i]);
}

/**
 * How far class c's logit is above all others' at grid point k, in finite numbers.
 *
 * @param {ArrayLike<number>} logits
 * @param {number} outputs
 * @param {number} c
 * @param {number} k
 */
function margin(logits, outputs, c, k) {
  let other = outputs === 1 ? 0 : -Infinity;
  for (let j = 0; j < outputs; j++) if (j !== c) other = Math.max(other, logits[k * outputs + j]);
  return Math.min(Math.max(logits[k * outputs + c] - other, -FAR), FAR) || 0;
}

/**
 * The line through one square of pixels where the values at its corners cross 0, as a path.
 *
 * @param {number[]} values
 * @param {number} column
 * @param {number} row
 */
function crossSquare(values, column, row) {
  const texts = [];
  for (let i = 0; i < 4; i++) {
    const [from, to] = [values[i], values[(i + 1) % 4]];
    if (from > 0 === to > 0) continue;
    const [[x, y], [x2, y2], share] = [CORNERS[i], CORNERS[(i + 1) % 4], from / (from - to)];
    const [along, down] = [x + share * (x2 - x), y + share * (y2 - y)];
    texts.push(`${(column + along + 0.5).toFixed(2)} ${(row + down + 0.5).toFixed(2)}`);
  }
  return texts.length === 4
    ? `M${texts[0]}L${texts[1]}M${texts[2]}L${texts[3]}`
    : `M${texts.join("L")}`;
}

/**
 * Where a field over the grid crosses 0, as a path in units of pixels (marching squares).
 *
 * @param {(k: number) => number} field
 */
export function contour(field) {
  const parts = [];
  for (let row = 0; row < GRID - 1; row++) {
    for (let column = 0; column < GRID - 1; column++) {
      const values = CORNERS.map(([x, y]) => field((row + y) * GRID + column + x));
      const above = values.filter((value) => value > 0).length;
      if (above % 4) parts.push(crossSquare(values, column, row));
    }
  }
  return parts.join("");
}

/**
 * The paths of the points of one part, one for each class.
 *
 * @param {Points} part
 * @param {number} classes
 * @param {string} name
 */
function drawPart({ points, labels }, classes, name) {
  return Array.from({ length: classes }, (_, c) => {
    const own = [...labels.keys()].filter((n) => labels[n] === c);
    const d = own.map((n) => GLYPHS[c](points[2 * n], -points[2 * n + 1])).join("");
    return svg("path", { class: `course-points course-${name}`, "data-class": c, d });
  });
}

/** The plane with the network's answer, the boundary and the points. */
export function makeBoundary() {
  const plane = makePlane();
  const line = svg("path", { class: "course-boundary" });
  const view = `${-VIEW} ${-VIEW} ${2 * VIEW} ${2 * VIEW}`;
  const dots = svg("svg", { viewBox: view, "aria-hidden": true });
  const lines = svg("svg", { viewBox: `0 0 ${GRID} ${GRID}`, "aria-hidden": true }, line);
  const node = element("div", { class: "course-plane", role: "img" }, plane.node, lines, dots);
  /** @param {Run} run */
  const put = ({ train, validation, classes }) => {
    const held = drawPart(validation, classes, "validation");
    dots.replaceChildren(...held, ...drawPart(train, classes, "train"));
  };
  /**
   * @param {Run} run
   * @param {Trace} grid
   * @param {{ classes: Color[], paper: Color }} colors
   */
  const draw = ({ classes }, { logits }, colors) => {
    const outputs = logits.length / GRID ** 2;
    const chances = new Float64Array(classes);
    plane.paint((k, into, at) => {
      softmax(logits, outputs, k, chances);
      const winner = chances.indexOf(Math.max(...chances));
      if (winner < 0) return; // numbers overflow here: the pixel stays as it was
      const sure = (chances[winner] * classes - 1) / (classes - 1);
      mix(colors.paper, colors.classes[winner], STRENGTH * sure, into, at);
    });
    const shown = Array.from({ length: outputs }, (_, c) => c);
    const paths = shown.map((c) => contour((k) => margin(logits, outputs, c, k)));
    line.setAttribute("d", paths.join(""));
  };
  return { node, put, draw };
}

/**
 * How many of the values fall into each bin of the range; what is outside counts at its ends.
 *
 * @param {Float64Array | number[]} values
 * @param {[number, number]} range
 */
export function countBins(values, [low, high]) {
  const counts = Array.from({ length: BINS }, () => 0);
  for (const value of values) {
    const bin = Math.floor((BINS * (value - low)) / (high - low));
    counts[Math.min(Math.max(bin, 0), BINS - 1)] += 1;
  }
  return counts;
}

/** @param {[number, number]} range */
function makeHistogram([low, high]) {
  const bars = svg("path");
  const box = { viewBox: `0 0 ${BINS} 1`, preserveAspectRatio: "none", "aria-hidden": true };
  const ends = [low, high].map((end) => element("span", {}, `${end}`.replace("-", "−")));
  const axis = element("div", { class: "course-ends", "aria-hidden": true }, ...ends);
  const node = element("div", { class: "course-histogram" }, svg("svg", box, bars), axis);
  /** @param {Float64Array} values */
  const draw = (values) => {
    const counts = countBins(values, [low, high]);
    const most = Math.max(...counts);
    const paths = counts.map((count, bin) => `M${bin} 1v${-count / most}h0.9v${count / most}z`);
    bars.setAttribute("d", paths.join(""));
  };
  return { node, draw };
}

/**
 * A hidden layer: a map for each of its units, and a histogram of all their activations.
 *
 * @param {number} number
 * @param {number} units
 * @param {[number, number]} range
 */
export function makeLayer(number, units, range) {
  const planes = Array.from({ length: units }, makePlane);
  const maps = element("div", { class: "course-maps" }, ...planes.map(({ node }) => node));
  const histogram = makeHistogram(range);
  const name = element("p", { class: "course-name" }, `Layer ${number}`);
  const told = `Layer ${number}: where each of ${units} units fires, and how often how strongly`;
  const box = { class: "course-layer", role: "img", "aria-label": told };
  const node = element("div", box, name, maps, histogram.node);
  const [low, high] = range;
  /**
   * @param {Float64Array} seen the units' activations over the grid
   * @param {Float64Array} activations those of the training points
   * @param {Record<"paper" | "fires" | "below", Color>} colors
   */
  const draw = (seen, activations, { paper, fires, below }) => {
    planes.forEach(({ paint }, unit) => {
      paint((k, into, at) => {
        const value = Math.min(Math.max(seen[k * units + unit], low), high);
        mix(paper, value < 0 ? below : fires, value / (value < 0 ? low : high), into, at);
      });
    });
    histogram.draw(activations);
  };
  return { node, draw };
}
