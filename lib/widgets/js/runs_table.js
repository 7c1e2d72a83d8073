// The table of a command center: the best runs, to choose one from.

import { element, leaveKeysAlone, listenToKeys, uniqueId } from "./dom.js";

const ROWS = 5; // that it has room for
/** @type {Record<string, number>} */
const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

/** @typedef {import("./runs.js").Run} Run */
/** @typedef {import("./runs.js").Seen} Seen */

/**
 * A piece of line of that color; the whole ramp if there is none.
 *
 * @param {string | null} color
 */
export function makeSwatch(color) {
  const node = element("span", { class: "course-swatch", "aria-hidden": true });
  if (color) node.style.background = color;
  return node;
}

/**
 * The runs the table has room for: the best and, if it isn't one of them, the selected run.
 *
 * @template {Pick<Run, "index">} R
 * @param {R[]} shown
 * @param {number | null} selected
 */
export function chooseRows(shown, selected) {
  const rank = shown.findIndex(({ index }) => index === selected);
  return rank < ROWS ? shown.slice(0, ROWS) : [...shown.slice(0, ROWS - 1), shown[rank]];
}

/**
 * @param {Run} run
 * @param {number[]} columns the hyperparameters shown
 * @param {string} group
 * @param {number | null} selected
 */
function makeRow({ index, name, result, settings, color }, columns, group, selected) {
  const radio = element("input", { type: "radio", name: group, value: index, "aria-label": name });
  radio.checked = index === selected;
  leaveKeysAlone(radio);
  const label = element("label", {}, radio, makeSwatch(color), `${index + 1}`);
  const texts = [result, ...columns.map((column) => settings[column].text)];
  const cells = [label, ...texts].map((content) => element("td", {}, content));
  return element("tr", {}, ...cells);
}

/**
 * The titles of the table's columns, and the hyperparameters that have one.
 *
 * @param {Seen} view
 */
function readColumns({ parameters, smoothing }) {
  const columns = [...parameters.keys()].filter((i) => parameters[i].options.length > 1);
  const value = smoothing > 1 ? `Mean of ${smoothing}` : "Last value";
  const titles = ["Run", value, ...columns.map((column) => parameters[column].name)];
  return { columns, titles };
}

/**
 * The best runs shown. Arrow keys move through all of them; `pick` hears of the chosen one.
 *
 * @param {(index: number) => void} pick
 */
export function makeTable(pick) {
  const [id, group] = [uniqueId(), uniqueId()];
  const count = element("p", { class: "course-subtitle course-count", id, role: "status" });
  const [head, body] = [element("thead"), element("tbody")];
  const table = element("table", { class: "course-table", "aria-labelledby": id }, head, body);
  const box = element("div", { class: "course-scroll" }, table);
  /** @type {Run[]} */
  let shown = [];
  /**
   * @param {Seen} view
   * @param {number | null} selected
   */
  const fill = (view, selected) => {
    const hasFocus = body.contains(document.activeElement);
    shown = view.shown;
    count.textContent = `${shown.length} of ${view.runs.length} runs shown, the best first`;
    const { columns, titles } = readColumns(view);
    const cells = titles.map((title) => element("th", { scope: "col" }, title));
    head.replaceChildren(element("tr", {}, ...cells));
    const rows = chooseRows(shown, selected);
    body.replaceChildren(...rows.map((run) => makeRow(run, columns, group, selected)));
    box.style.setProperty("--rows", String(Math.min(ROWS, view.runs.length)));
    if (hasFocus) focusChosen(body);
  };
  listenToTable(body, () => shown, pick);
  return { nodes: [count, box], fill };
}

/**
 * The rows are new: the focus goes to the chosen one, or to the first if none is.
 *
 * @param {HTMLElement} body
 */
function focusChosen(body) {
  const radios = [...body.querySelectorAll("input")];
  const current = radios.find(({ checked }) => checked) ?? radios[0];
  current?.focus({ preventScroll: true });
}

/**
 * @param {HTMLElement} body
 * @param {() => Run[]} getShown
 * @param {(index: number) => void} pick
 */
function listenToTable(body, getShown, pick) {
  listenToKeys(body, ({ key, target }) => {
    const by = STEPS[key];
    if (!by || !(target instanceof HTMLInputElement)) return false;
    const shown = getShown();
    const rank = shown.findIndex(({ index }) => index === Number(target.value));
    pick(shown[(rank + by + shown.length) % shown.length].index);
    return true; // else the browser moves through the five rows only
  });
  body.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element)) return;
    const radio = target.closest("tr")?.querySelector("input");
    if (radio && target !== radio && !target.closest("label")) pick(Number(radio.value));
  });
  body.addEventListener("change", ({ target }) => {
    if (target instanceof HTMLInputElement) pick(Number(target.value));
  });
}
