// Every run's learning curves in one picture, colored by a hyperparameter and filtered.

import { makeControl, makeSelect } from "./controls.js";
import { makePicture } from "./curves.js";
import { card, element, uniqueId } from "./dom.js";
import { joinEnds, listen, makeSaver } from "./model.js";
import { colorOf, readView } from "./runs.js";
import { makeSwatch, makeTable } from "./runs_table.js";

const SMOOTHINGS = [1, 3, 5, 9, 15];
const ALL = "All";
const HINT = "Point at a line, tap it, or choose a run in the table, to see its settings.";

/** @typedef {import("./runs.js").State} State */
/** @typedef {import("./runs.js").Seen} Seen */
/** @typedef {import("./model.js").Model<State>} CenterModel */
/** @typedef {(changes: Partial<State>) => void} Save */
/** @typedef {{ node: HTMLElement, put: (view: Seen) => void }} Part */

/**
 * @param {import("./runs.js").Parameter} parameter
 * @param {CenterModel} model
 * @param {Save} save
 * @returns {Part}
 */
function makeFilter({ name, options }, model, save) {
  const texts = [ALL, ...options];
  const { node, put } = makeSelect(name, texts, (index) => {
    const { [name]: _, ...others } = model.get("filters");
    save({ filters: index === 0 ? others : { ...others, [name]: texts[index] } });
  });
  return { node, put: ({ filters }) => put(Math.max(0, texts.indexOf(filters[name]))) };
}

/**
 * @param {CenterModel} model
 * @param {Save} save
 * @returns {Part}
 */
function makeSmoother(model, save) {
  const last = SMOOTHINGS.length - 1;
  const input = element("input", { type: "range", min: 0, max: last, step: 1 });
  const value = element("span", { class: "course-value", "aria-hidden": true });
  input.addEventListener("input", () => save({ smoothing: SMOOTHINGS[Number(input.value)] }));
  const put = () => {
    const count = model.get("smoothing");
    const index = SMOOTHINGS.findLastIndex((offered) => offered <= count); // a kernel may set others
    input.value = String(index);
    value.textContent = count === 1 ? "off" : `over ${count}`;
    input.setAttribute("aria-valuetext", value.textContent);
    input.style.setProperty("--fill", String(index / last));
  };
  return { node: makeControl("Smooth", input, value).node, put };
}

/**
 * @param {CenterModel} model
 * @param {Save} save
 * @returns {Part}
 */
function makeLogBox(model, save) {
  const input = element("input", { type: "checkbox" });
  input.addEventListener("input", () => save({ log: input.checked }));
  const node = element("label", { class: "course-check" }, input, "Log scale");
  /** @type {Part["put"]} */
  const put = ({ canLog }) => {
    input.checked = model.get("log");
    node.style.visibility = canLog ? "" : "hidden";
  };
  return { node, put };
}

/**
 * All controls, as nodes above the picture, and `put`, which makes them stand at a view.
 *
 * @param {CenterModel} model
 * @param {Save} save
 */
function makeControls(model, save) {
  const { parameters, metrics } = readView(model);
  /** @param {{ name: string }[]} things */
  const namesOf = (things) => things.map(({ name }) => name);
  const [metricNames, colorNames] = [namesOf(metrics), namesOf(parameters)];
  const metric = makeSelect("Show", metricNames, (i) => save({ metric: metricNames[i] }));
  const color = makeSelect("Color by", colorNames, (i) => save({ color: colorNames[i] }));
  const varied = parameters.filter(({ options }) => options.length > 1);
  const filters = varied.map((parameter) => makeFilter(parameter, model, save));
  const others = [makeSmoother(model, save), makeLogBox(model, save)];
  /** @type {(name: string, parts: { node: HTMLElement }[]) => HTMLElement} */
  const row = (name, parts) => element("div", { class: name }, ...parts.map(({ node }) => node));
  const top = row("course-view", [metric, color, ...others]);
  /** @param {Seen} view */
  const put = (view) => {
    metric.put(metricNames.indexOf(view.metric));
    color.put(colorNames.indexOf(view.color));
    for (const control of [...filters, ...others]) control.put(view);
  };
  if (!varied.length) return { nodes: [top], put };
  const id = uniqueId();
  const heading = element("p", { class: "course-subtitle", id }, "Keep only the runs with");
  const group = { class: "course-filters", role: "group", "aria-labelledby": id };
  return { nodes: [top, element("div", group, heading, row("course-controls", filters))], put };
}

/**
 * What the colors mean: a swatch per value, or a ramp from the smallest to the largest.
 *
 * @param {Seen} view
 */
function makeLegend({ parameters, axis, runs }) {
  const { name, kind, options, marks } = parameters[axis];
  const keys = options.map((text, option) => {
    const run = runs.find(({ settings }) => settings[axis].option === option);
    const place = run?.settings[axis].place ?? null;
    const swatch = makeSwatch(colorOf(parameters[axis], place));
    const node = element("span", { class: "course-key" }, swatch, text);
    return { isMissing: place === null, node };
  });
  const texts = marks.map((mark) => element("span", {}, mark));
  const ramp = element("span", { class: "course-ramp" }, makeSwatch(null), ...texts);
  const swatches = keys.filter(({ isMissing }) => kind !== "ramp" || isMissing);
  const nodes = [...(kind === "ramp" ? [ramp] : []), ...swatches.map(({ node }) => node)];
  return [element("span", { class: "course-name" }, name), ...nodes];
}

/**
 * A run in words: its settings, its last value, where it stands among those shown.
 *
 * @param {Seen} view
 * @param {number | null} active
 */
function tell({ shown, metric, smoothing }, active) {
  const rank = shown.findIndex(({ index }) => index === active);
  if (rank < 0) return HINT;
  const what = smoothing > 1 ? `${metric}, mean of last ${smoothing}` : metric;
  const { name, result } = shown[rank];
  return `${name}. Rank ${rank + 1} of ${shown.length} by ${what}: ${result}.`;
}

/**
 * @param {string} title
 * @param {HTMLElement[]} nodes
 */
function makeCard(title, nodes) {
  const id = uniqueId();
  const attributes = { class: "course-command-center", role: "group", "aria-labelledby": id };
  const heading = element("p", { class: "course-title", id }, title);
  return card(attributes, "Compare runs", heading, ...nodes);
}

/**
 * Tells which run the mouse is at, and which one it clicks.
 *
 * @param {ReturnType<typeof makePicture>} picture
 * @param {(index: number | null) => void} hover
 * @param {(index: number | null) => void} click
 */
function listenToMouse({ svg, find }, hover, click) {
  svg.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse") hover(find(event));
  });
  svg.addEventListener("pointerleave", () => hover(null));
  svg.addEventListener("click", (event) => click(find(event)));
}

/**
 * The picture, its legend, and the run in words that is lifted out: the one that the mouse is at, or
 * the selected.
 *
 * @param {CenterModel} model
 * @param {Save} save
 */
function makeBoard(model, save) {
  const picture = makePicture();
  const legend = element("p", { class: "course-legend" });
  const told = element("p", { class: "course-told", role: "status" });
  let view = readView(model);
  /** @type {number | null} */
  let hovered = null;
  const point = () => {
    const active = hovered ?? findSelected(model, view);
    picture.highlight(active);
    told.textContent = tell(view, active);
    told.classList.toggle("course-screen", told.textContent === HINT);
  };
  const draw = () => {
    picture.draw(view);
    point();
  };
  /** @param {Seen} seen */
  const put = (seen) => {
    [view, hovered] = [seen, null];
    legend.replaceChildren(...makeLegend(view));
    draw();
  };
  /** @param {number | null} index */
  const hover = (index) => {
    if (index === hovered) return;
    hovered = index;
    point();
  };
  listenToMouse(picture, hover, (selected) => save({ selected }));
  return { picture: picture.node, others: [legend, told], put, point, draw };
}

/**
 * The selected run, if filters keep it.
 *
 * @param {CenterModel} model
 * @param {Seen} view
 */
function findSelected(model, { shown }) {
  const selected = model.get("selected");
  return shown.some(({ index }) => index === selected) ? selected : null;
}

/** @param {import("./model.js").View<State>} place */
function render({ model, el }) {
  const save = makeSaver(model);
  const [controls, board] = [makeControls(model, save), makeBoard(model, save)];
  const table = makeTable((selected) => save({ selected }));
  let view = readView(model);
  const select = () => {
    table.fill(view, model.get("selected"));
    board.point();
  };
  const update = () => {
    view = readView(model);
    for (const part of [controls, board]) part.put(view);
    select();
  };
  const nodes = [...controls.nodes, board.picture, ...board.others, ...table.nodes];
  const root = makeCard(model.get("title"), nodes);
  root.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") save({ selected: null });
  });
  update();
  el.append(root);
  const observer = new ResizeObserver(board.draw);
  observer.observe(board.picture);
  const endUpdates = listen(model, ["metric", "color", "filters", "log", "smoothing"], update);
  const endSelections = listen(model, ["selected"], select);
  return joinEnds(endUpdates, endSelections, () => observer.disconnect());
}

export default { render };
