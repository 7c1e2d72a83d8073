// What the playground shows of a run: pictures of the plane, curves and numbers.

import { element, svg } from "./dom.js";
import { ACTIVATIONS, forward, makeTrace } from "./network.js";
import {
  GRID,
  gridPoints,
  makeBoundary,
  makeColorReader,
  makeLayer,
} from "./playground_pictures.js";
import { observe } from "./playground_run.js";

const SPANS = [50, 100, 200, 500, 1000, 2000, 3000]; // updates that the curves may show
const MARKS = /** @type {const} */ ({ train: "●", validation: "○", before: "" }); // as the points are drawn
const HEIGHTS = [1, 2, 4]; // nats; what is higher leaves the picture
const CAPTION = "Hidden units: colored where they fire, gray below 0. Bars: their activations.";

/** @typedef {import("./network.js").Trace} Trace */
/** @typedef {import("./playground_run.js").Run} Run */
/** @typedef {import("./playground_run.js").Losses} Losses */
/** @typedef {import("./playground_pictures.js").Color} Color */
/** @typedef {ReturnType<typeof observe>} Observed */
/** @typedef {{ run: Run, grid: Trace, previous: Losses[] }} Shown `previous` is the run before */
/** @typedef {Pick<import("./playground_state.js").Values, "data" | "points" | "noise">} Drawn */

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(0)}%`;
/** @param {number} loss */
const showLoss = (loss) => (loss < 1000 ? loss.toFixed(3) : "over 1000");

/**
 * A line of the curves in shares of their box; it begins with a move, or is empty.
 *
 * @param {Losses[]} history
 * @param {"train" | "validation"} part
 * @param {number} span updates
 * @param {number} height nats
 */
export function drawLine(history, part, span, height) {
  /** @param {Losses} entry */
  const place = (entry) => [entry.updates / span, Math.max(-1, 1 - entry[part] / height)];
  const points = history.map((entry) => place(entry).join(" "));
  return points.length ? `M${points.join("L")}` : "";
}

/** Training and validation loss over the updates, and the validation loss of the run before. */
function makeCurves() {
  const [before, validation, train] = ["before", "validation", "train"].map((name) =>
    svg("path", { class: `course-curve course-${name}` }),
  );
  const box = { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": true };
  const [top, end] = [element("span"), element("span")];
  const chart = svg("svg", box, before, validation, train);
  const above = element("div", { class: "course-ends" }, top);
  const below = element("div", { class: "course-ends" }, element("span", {}, "0"), end);
  const frame = { class: "course-curves", "aria-hidden": true };
  const node = element("div", frame, above, chart, below);
  /**
   * @param {Run} run
   * @param {Losses[]} previous
   */
  const draw = ({ history, updates }, previous) => {
    const span = SPANS.find((most) => updates <= most) ?? SPANS[SPANS.length - 1];
    const highest = Math.max(...history.flatMap((entry) => [entry.train, entry.validation]));
    const height = HEIGHTS.find((most) => highest <= most) ?? HEIGHTS[HEIGHTS.length - 1];
    const old = previous.filter((entry) => entry.updates <= span);
    before.setAttribute("d", drawLine(old, "validation", span, height));
    validation.setAttribute("d", drawLine(history, "validation", span, height));
    train.setAttribute("d", drawLine(history, "train", span, height));
    top.textContent = `loss, up to ${height} ${height === 1 ? "nat" : "nats"}`;
    end.textContent = `${span} updates`;
  };
  return { node, draw };
}

/** How far it has come in numbers, which are also the legend of the curves. */
function makeNumbers() {
  /** @param {keyof typeof MARKS} name */
  const makeKey = (name) => {
    const look = { class: `course-swatch course-${name}`, "aria-hidden": true };
    const glyph = element("span", { "aria-hidden": true }, MARKS[name]);
    const text = element("span");
    const node = element("span", { class: "course-key" }, element("span", look), glyph, text);
    return { node, text };
  };
  const parts = [makeKey("train"), makeKey("validation"), makeKey("before")];
  const [train, validation, before] = parts;
  const node = element("div", { class: "course-numbers" }, ...parts.map((part) => part.node));
  /**
   * @param {Observed} seen
   * @param {boolean} hasPrevious
   */
  const draw = (seen, hasPrevious) => {
    /** @param {Observed["train"]} part */
    const write = ({ loss, accuracy }) => `${showLoss(loss)}, ${percent(accuracy)} right`;
    train.text.textContent = `Training ${write(seen.train)}`;
    validation.text.textContent = `Validation ${write(seen.validation)}`;
    before.text.textContent = "Run before";
    before.node.style.visibility = hasPrevious ? "" : "hidden";
  };
  return { node, draw };
}

/** The layers of a run's network; made anew when there are others. */
function makeLayers() {
  const node = element("div", { class: "course-layers" });
  /** @type {ReturnType<typeof makeLayer>[]} */
  let layers = [];
  /** @param {Run} run */
  const put = ({ settings }) => {
    const { range } = ACTIVATIONS[settings.activation];
    const numbers = Array.from({ length: settings.layers }, (_, l) => l + 1);
    layers = numbers.map((number) => makeLayer(number, settings.units, range));
    node.replaceChildren(...layers.map((layer) => layer.node));
  };
  /**
   * @param {Run} run
   * @param {Trace} grid
   * @param {Record<"paper" | "fires" | "below", Color>} colors
   */
  const draw = (run, grid, colors) => {
    layers.forEach((layer, l) => {
      layer.draw(grid.post[l], run.trace.post[l], colors);
    });
  };
  return { node, put, draw };
}

/**
 * How many points are right, in words.
 *
 * @param {Observed} seen
 */
export function describe({ train, validation }) {
  const shares = [train, validation].map(({ accuracy }) => percent(accuracy));
  return `${shares[0]} of training and ${shares[1]} of validation points are right`;
}

/**
 * Whether the losses of two trainings can be compared.
 *
 * @param {Drawn} one
 * @param {Drawn} other
 */
export function haveSameData(one, other) {
  return one.data === other.data && one.points === other.points && one.noise === other.noise;
}

/**
 * A function that reads the colors of the page's theme as they are now.
 *
 * @param {HTMLElement} node
 */
function makePalette(node) {
  const read = makeColorReader(node);
  return () => ({
    classes: [0, 1, 2].map((c) => read(`--class-${c}`)),
    paper: read("--paper"),
    fires: read("--fires"),
    below: read("--below"),
  });
}

/** What goes on inside of the network: its layers, the curves and the numbers. */
function makeInside() {
  const [layers, curves, numbers] = [makeLayers(), makeCurves(), makeNumbers()];
  const caption = element("p", { class: "course-caption" }, CAPTION);
  const parts = [caption, layers.node, curves.node, numbers.node];
  const node = element("div", { class: "course-inside" }, ...parts);
  /** @param {Run} run */
  const put = (run) => {
    node.dataset.activation = run.settings.activation;
    layers.put(run);
  };
  /**
   * @param {Shown} shown
   * @param {Observed} seen
   * @param {Record<"paper" | "fires" | "below", Color>} colors
   */
  const draw = ({ run, grid, previous }, seen, colors) => {
    layers.draw(run, grid, colors);
    curves.draw(run, previous);
    numbers.draw(seen, previous.length > 1);
  };
  return { node, put, draw };
}

/** All pictures: `put` shows another run, `draw` where it stands. */
export function makePictures() {
  const [boundary, inside] = [makeBoundary(), makeInside()];
  const points = gridPoints();
  const readColors = makePalette(inside.node);
  /** @type {Shown | null} */
  let shown = null;
  /** @param {Run} run */
  const put = (run) => {
    const isComparable = shown && haveSameData(shown.run.settings, run.settings);
    const previous = shown && isComparable ? shown.run.history : [];
    shown = { run, grid: makeTrace(run.network, GRID * GRID), previous };
    boundary.put(run);
    inside.put(run);
  };
  const draw = () => {
    if (!shown) return;
    const { run, grid } = shown;
    const seen = observe(run);
    if (run.diverged) return; // the last numbers stay in sight
    forward(run.network, points, grid);
    const colors = readColors();
    boundary.draw(run, grid, colors);
    inside.draw(shown, seen, colors);
    boundary.node.setAttribute("aria-label", `Decision boundary: ${describe(seen)}.`);
  };
  return { boundary: boundary.node, inside: inside.node, put, draw };
}
