// The shape arithmetic of a convolution: a window over a picture, the outputs, and what they cost.

import { makeButton, makeControl } from "./controls.js";
import { makeGrids } from "./convolution_grids.js";
import { readShape, SETTINGS } from "./convolution_shape.js";
import { makeCosts, makeFormula, makeLegend, makeSum } from "./convolution_words.js";
import { tellFit, tellOutcome, tellPlace } from "./convolution_words.js";
import { card, element, makeAnnouncer, uniqueId } from "./dom.js";
import { joinEnds, listen, makeSaver } from "./model.js";
import { makePlayButton } from "./player.js";

const SWEEP_MS = 12_000; // that a window should take over all outputs
const [FASTEST_MS, SLOWEST_MS] = [50, 500]; // of a step

/** @typedef {import("./convolution_shape.js").State} State */
/** @typedef {import("./convolution_shape.js").Setting} Setting */
/** @typedef {import("./convolution_shape.js").Shape} Shape */
/** @typedef {import("./convolution_shape.js").Place} Place */
/** @typedef {import("./model.js").Model<State>} ExplorerModel */
/** @typedef {(changes: Partial<State>) => void} Save */
/** @typedef {{ node: HTMLElement }} Part */

/**
 * A setting's control; its buttons go from stop to stop where there are any.
 *
 * @typedef {{ name: Setting, label: string, stops?: number[] }} Control
 */

/** @type {Control[]} */
const CONTROLS = [
  { name: "size", label: "Picture size N" },
  { name: "filter", label: "Filter size F" },
  { name: "stride", label: "Stride S" },
  { name: "padding", label: "Padding P" },
  { name: "channels", label: "Channels C", stops: [1, 3, 16, 64, 256, 512] },
  { name: "filters", label: "Filters K", stops: [1, 3, 6, 16, 32, 64, 96, 128, 256, 512] },
];
/** @type {{ text: string, settings: Partial<Record<Setting, number>> }[]} */
const EXAMPLES = [
  {
    text: "Six 5 × 5 filters",
    settings: { size: 32, filter: 5, stride: 1, padding: 0, channels: 3, filters: 6 },
  },
  { text: "Same size", settings: { filter: 3, stride: 1, padding: 1 } },
  { text: "Half the size", settings: { filter: 3, stride: 2, padding: 1 } },
  { text: "Uneven stride", settings: { size: 7, filter: 3, stride: 3, padding: 0 } },
  {
    text: "AlexNet’s first",
    settings: { size: 227, filter: 11, stride: 4, padding: 0, channels: 3, filters: 96 },
  },
];

/** @type {(now: number, stops: number[]) => number} */
const findLess = (now, stops) => stops.findLast((stop) => stop < now) ?? now - 1;
/** @type {(now: number, stops: number[]) => number} */
const findMore = (now, stops) => stops.find((stop) => stop > now) ?? now + 1;

/**
 * A number that the reader types or steps.
 *
 * @param {Control} control
 * @param {ExplorerModel} model
 * @param {Save} save
 */
function makeStepper({ name, label, stops = [] }, model, save) {
  const [min, max] = model.get("limits")[name];
  const input = element("input", { type: "number", min, max, step: 1, inputmode: "numeric" });
  /** @param {number} value */
  const choose = (value) => {
    save({ [name]: Math.max(min, Math.min(max, value)) });
    put(); // what was typed may not be what was taken
  };
  input.addEventListener("change", () => {
    choose(input.value === "" ? model.get(name) : Math.round(input.valueAsNumber));
  });
  /** @type {(text: string, verb: string, find: typeof findLess) => HTMLElement} */
  const makeStep = (text, verb, find) => {
    const press = () => choose(find(model.get(name), stops));
    return makeButton(text, press, { "aria-label": `${verb} ${label}` });
  };
  const [lower, raise] = [makeStep("−", "Lower", findLess), makeStep("+", "Raise", findMore)];
  const put = () => {
    const now = model.get(name);
    input.value = String(now);
    lower.setAttribute("aria-disabled", String(now === min)); // disabled, it would lose the focus
    raise.setAttribute("aria-disabled", String(now === max));
  };
  const { node, row } = makeControl(label, input);
  row.prepend(lower);
  row.append(raise);
  return { node, put };
}

/**
 * Buttons that set several settings at once; the one that they stand at is marked.
 *
 * @param {ExplorerModel} model
 * @param {Save} save
 */
function makeExamples(model, save) {
  const buttons = EXAMPLES.map(({ text, settings }) =>
    makeButton(text, () => save({ ...settings, row: 0, column: 0 })),
  );
  const group = { class: "course-examples course-screen", role: "group", "aria-label": "Examples" };
  const node = element("div", group, ...buttons);
  const put = () => {
    EXAMPLES.forEach(({ settings }, index) => {
      const names = /** @type {Setting[]} */ (Object.keys(settings));
      const isOn = names.every((name) => model.get(name) === settings[name]);
      buttons[index].setAttribute("aria-pressed", String(isOn));
    });
  };
  return { node, put };
}

/**
 * The number of the chosen output, row by row from 0, and `go`, which chooses another one.
 *
 * @param {ExplorerModel} model
 * @param {(place: Place) => void} pick
 */
function makePath(model, pick) {
  const now = () => {
    const { row, column, output } = readShape(model);
    return row * output + column;
  };
  const last = () => readShape(model).output ** 2 - 1;
  /** @param {number} index */
  const go = (index) => {
    const { output } = readShape(model);
    const at = Math.max(0, Math.min(last(), index));
    pick({ row: Math.floor(at / output), column: at % output });
  };
  return { now, last, go };
}

/**
 * Buttons that move the window on, back, and over all outputs by itself.
 *
 * @param {ExplorerModel} model
 * @param {(place: Place) => void} pick
 */
function makeTour(model, pick) {
  const { now, last, go } = makePath(model, pick);
  const player = makePlayButton({
    begin: () => {
      if (now() === last()) go(0);
    },
    step: () => {
      if (document.hidden) return false;
      go(now() + 1);
      return now() < last();
    },
    pause: () => Math.max(FASTEST_MS, Math.min(SLOWEST_MS, SWEEP_MS / (last() + 1))),
  });
  /** @type {(label: string, text: string, by: number) => HTMLElement} */
  const makeStep = (label, text, by) => {
    const press = () => {
      player.stop();
      go(now() + by);
    };
    return makeButton(text, press, { "aria-label": label });
  };
  const steps = [makeStep("Previous output", "‹", -1), makeStep("Next output", "›", 1)];
  const node = element("div", { class: "course-actions" }, steps[0], player.button, steps[1]);
  return { node, stop: player.stop };
}

/**
 * @param {ExplorerModel} model
 * @param {HTMLElement} examples
 * @param {Part[]} steppers
 * @param {HTMLElement[]} rest
 */
function makeCard(model, examples, steppers, rest) {
  const id = uniqueId();
  const question = element("p", { class: "course-question" }, model.get("question"));
  question.hidden = !model.get("question");
  const nodes = steppers.map(({ node }) => node);
  return card(
    { class: "course-convolution", role: "group", "aria-labelledby": id },
    "Explore the arithmetic",
    element("p", { class: "course-title", id }, model.get("title")),
    question,
    examples,
    element("div", { class: "course-controls course-screen" }, ...nodes),
    ...rest,
  );
}

/**
 * The grids, and the words and the sum behind an output: the one that the mouse is at, or the chosen.
 *
 * @param {ExplorerModel} model
 * @param {Save} choose
 */
function makeSheet(model, choose) {
  const [told, sum] = [element("p", { class: "course-told" }), makeSum()];
  /** @param {Place | null} hovered */
  const show = (hovered) => {
    const shape = { ...readShape(model), ...hovered };
    grids.move(shape);
    told.textContent = tellPlace(shape);
    sum.put(shape);
  };
  const grids = makeGrids(readShape(model), choose, show);
  const moved = () => show(null); // else a resting mouse would hide where the keys have led
  /** @param {Shape} shape */
  const put = (shape) => {
    grids.draw(shape);
    moved();
  };
  return { grids: grids.node, words: [told, sum.node], put, moved };
}

/** What is said of the settings: the formula, whether it fits, the marks' meaning, the costs. */
function makeFacts() {
  const [formula, legend, costs] = [makeFormula(), makeLegend(), makeCosts()];
  const fit = element("p", { class: "course-fit" });
  /** @param {Shape} shape */
  const put = (shape) => {
    for (const part of [formula, legend, costs]) part.put(shape);
    fit.textContent = tellFit(shape);
  };
  return { formula: formula.node, fit, legend: legend.node, costs: costs.node, put };
}

/** @param {import("./model.js").View<State>} view */
function render({ model, el }) {
  const save = makeSaver(model);
  const tour = makeTour(model, save);
  /** @type {Save} */
  const choose = (changes) => {
    tour.stop();
    save(changes);
  };
  const steppers = CONTROLS.map((control) => makeStepper(control, model, choose));
  const examples = makeExamples(model, choose);
  const [sheet, facts, announcer] = [makeSheet(model, choose), makeFacts(), makeAnnouncer()];
  const draw = () => {
    const shape = readShape(model);
    for (const part of [...steppers, examples]) part.put();
    for (const part of [facts, sheet]) part.put(shape);
    tour.node.hidden = shape.output < 2;
  };
  const update = () => {
    draw();
    announcer.announce(tellOutcome(readShape(model)));
  };
  draw();
  const pictures = [facts.formula, facts.fit, sheet.grids, facts.legend, tour.node];
  const words = [...sheet.words, facts.costs, announcer.node];
  el.append(makeCard(model, examples.node, steppers, [...pictures, ...words]));
  const endUpdates = listen(model, SETTINGS, update);
  const endMoves = listen(model, ["row", "column"], sheet.moved);
  return joinEnds(endUpdates, endMoves, tour.stop, announcer.cancel);
}

export default { render };
