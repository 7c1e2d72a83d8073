// The picture of a command center.

import { element, setAttributes, svg } from "./dom.js";
import { findDomain, linearTicks, show } from "./runs.js";

const NEAR = 28; // pixels from the mouse to the line it picks
const CROSS = "M-4.5-4.5 4.5 4.5M-4.5 4.5 4.5-4.5";

/** @typedef {import("./runs.js").Point} Point */
/** @typedef {import("./runs.js").Run} Run */
/** @typedef {import("./runs.js").Seen} Seen */
/** @typedef {ReturnType<typeof layOut>} Frame */
/** @typedef {ReturnType<typeof drawRun>} Line */

/**
 * The picture's frame in pixels: ticks, and scales from steps and values to places in it.
 *
 * @param {Seen} view
 * @param {number} width
 * @param {number} height
 */
function layOut({ runs, shown, unit }, width, height) {
  const heights = (shown.length ? shown : runs).flatMap(({ points }) => points.map(([, y]) => y));
  const steps = runs.flatMap(({ points }) => points.map(([x]) => x));
  const [low, high] = findDomain(heights.map(unit.forward));
  const first = steps.reduce((least, step) => Math.min(least, step), 0);
  const end = steps.reduce((most, step) => Math.max(most, step), 1);
  const ticks = unit.makeTicks(low, high, 5);
  const yTicks = ticks.map((value) => ({ value, text: show(value, `${value}`) }));
  const left = 14 + 7.5 * Math.max(0, ...yTicks.map(({ text }) => text.length));
  const box = { left, right: width - 20, top: 30, bottom: height - 46 };
  /** @param {number} step */
  const toX = (step) => left + ((step - first) / (end - first)) * (box.right - left);
  /** @param {number} value */
  const share = (value) => (unit.forward(value) - low) / (high - low);
  /** @param {number} value */
  const toY = (value) => box.bottom - share(value) * (box.bottom - box.top);
  const xTicks = linearTicks(first, end, width / 110);
  return { ...box, width, height, toX, toY, yTicks, xTicks };
}

/**
 * @param {Frame} frame
 * @param {Seen} view
 */
function drawAxes({ left, right, bottom, height, toX, toY, xTicks, yTicks }, { metric, x }) {
  const rows = yTicks.flatMap(({ value, text }) => [
    svg("path", { class: "course-grid", d: `M${left} ${toY(value)}H${right}` }),
    svg("text", { x: left - 8, y: toY(value) + 4, "text-anchor": "end" }, text),
  ]);
  const columns = xTicks.map((value) => {
    const place = { x: toX(value), y: bottom + 18, "text-anchor": "middle" };
    return svg("text", place, show(value, `${value}`));
  });
  const end = { class: "course-name", x: right, y: height - 6, "text-anchor": "end" };
  return [
    ...rows,
    ...columns,
    svg("path", { class: "course-axis", d: `M${left} ${bottom}H${right}` }),
    svg("text", { class: "course-name", x: 0, y: 14 }, metric),
    svg("text", end, x),
  ];
}

/**
 * A run's line as it lies in the picture: its pixels, its path, the mark where it diverged.
 *
 * @param {Run} run
 * @param {Frame} frame
 */
function drawRun(run, { toX, toY, top, bottom, left }) {
  const pixels = run.points.map(
    ([step, height]) => /** @type {Point} */ ([toX(step), toY(height)]),
  );
  const d = `M${pixels.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;
  const [x, y] = pixels.at(-1) ?? [left, top];
  const look = { style: `stroke:${run.color}`, "data-run": run.index };
  const kind = run.isShown ? "course-line" : "course-line course-faint";
  const nodes = pixels.length ? [svg("path", { class: kind, d, ...look })] : [];
  const transform = `translate(${x} ${Math.min(Math.max(y, top), bottom)})`;
  const cross = svg("path", { class: `${kind} course-cross`, d: CROSS, transform, ...look });
  return { run, pixels, d, nodes, crosses: run.diverged ? [cross] : [] };
}

/**
 * The squared distance from a point to the line between two others.
 *
 * @param {Point} point
 * @param {Point} from
 * @param {Point} to
 */
export function distance([x, y], [x1, y1], [x2, y2]) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const along = ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1);
  const share = Math.min(Math.max(along, 0), 1);
  return (x1 + share * dx - x) ** 2 + (y1 + share * dy - y) ** 2;
}

/**
 * @param {Line} line
 * @param {Point} point
 */
function distanceTo({ pixels }, point) {
  const gaps = pixels.map((pixel, i) => distance(point, pixels[Math.max(0, i - 1)], pixel));
  return Math.min(...gaps);
}

/**
 * The run whose line lies nearest to a point, null if none is near.
 *
 * @param {Line[]} drawn
 * @param {Point} point
 */
function findNearest(drawn, point) {
  const shown = drawn.filter(({ run, pixels }) => run.isShown && pixels.length);
  const gaps = shown.map((line) => distanceTo(line, point));
  const least = Math.min(...gaps);
  return least < NEAR ** 2 ? shown[gaps.indexOf(least)].run.index : null;
}

/**
 * What the picture shows, for those who don't see it.
 *
 * @param {Seen} view
 */
function describe({ runs, shown, metric, x }) {
  const best = shown.length ? ` Best: ${shown[0].name}, ${shown[0].result}.` : "";
  return `${metric} over ${x} for ${shown.length} of ${runs.length} runs.${best}`;
}

/**
 * The lines of all runs, cut off at the frame, with `top` above them; then the crosses.
 *
 * @param {Line[]} drawn
 * @param {Frame} frame
 * @param {SVGElement} top
 */
function drawLines(drawn, frame, top) {
  const height = frame.bottom - frame.top + 6;
  const inner = { x: 0, y: frame.top - 3, width: frame.width, height };
  const clip = { ...inner, viewBox: Object.values(inner).join(" "), "aria-hidden": true };
  const lines = svg("svg", clip, ...drawn.flatMap(({ nodes }) => nodes), top);
  return [lines, ...drawn.flatMap(({ crosses }) => crosses)];
}

/** The curves: `draw` shows a view, `highlight` lifts one run above the others. */
export function makePicture() {
  const root = svg("svg", { role: "img" });
  const node = element("div", { class: "course-plot" }, root);
  const top = svg("g");
  /** @type {Line[]} */
  let drawn = [];
  /** @param {Seen} view */
  const draw = (view) => {
    const { clientWidth: width, clientHeight: height } = node;
    root.setAttribute("aria-label", describe(view));
    if (!width) return;
    root.setAttribute("viewBox", `0 0 ${width} ${height}`); // on paper it has another width
    const frame = layOut(view, width, height);
    const byDepth = [...view.runs.filter(({ isShown }) => !isShown), ...view.shown.toReversed()];
    drawn = byDepth.map((run) => drawRun(run, frame));
    root.replaceChildren(...drawAxes(frame, view), ...drawLines(drawn, frame, top));
  };
  /** @param {number | null} index */
  const highlight = (index) => {
    const found = drawn.find(({ run, pixels }) => run.index === index && pixels.length);
    root.classList.toggle("course-picking", Boolean(found));
    top.replaceChildren(...(found ? lift(found) : []));
  };
  /** @param {MouseEvent} event */
  const find = ({ clientX, clientY }) => {
    const { left, top: above } = root.getBoundingClientRect();
    return findNearest(drawn, [clientX - left, clientY - above]);
  };
  return { node, svg: root, draw, highlight, find };
}

/**
 * A line once more, wider and on paper that sets it off.
 *
 * @param {Line} line
 */
function lift({ run, d }) {
  const halo = svg("path", { class: "course-halo", d });
  const picked = svg("path", { class: "course-picked", d });
  setAttributes(picked, { "data-run": run.index, style: `stroke:${run.color}` });
  return [halo, picked];
}
