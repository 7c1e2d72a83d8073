// Many small pictures laid out on a map; pick one to see what lies closest to it, in two spaces.

import { makeSelect } from "./controls.js";
import { card, element, uniqueId } from "./dom.js";
import { joinEnds, listen, makeSaver } from "./model.js";
import { classOf, colorOf, makeSheet, nameOf } from "./picture_map_pictures.js";
import { ALL, makeMap } from "./picture_map_plane.js";

/** @typedef {import("./picture_map_pictures.js").State} State */
/** @typedef {import("./picture_map_pictures.js").MapModel} MapModel */
/** @typedef {import("./picture_map_pictures.js").Sheet} Sheet */
/** @typedef {import("./picture_map_pictures.js").Choose} Choose */

/**
 * @param {MapModel} model
 * @param {(changes: Partial<State>) => void} save
 */
function makeControls(model, save) {
  const layouts = model.get("layouts").map(({ name }) => name);
  const classes = ["All", ...model.get("classes")];
  const layout = makeSelect("Lay out by", layouts, (i) => save({ layout_name: layouts[i] }));
  const shown = makeSelect("Show class", classes, (i) => save({ shown: i + ALL }));
  const node = element("div", { class: "course-controls" }, layout.node, shown.node);
  const put = () => {
    layout.put(layouts.indexOf(model.get("layout_name")));
    shown.put(model.get("shown") - ALL);
  };
  return { node, put };
}

/**
 * What the frames mean.
 *
 * @param {MapModel} model
 */
function makeLegend(model) {
  const keys = model.get("classes").map((name, label) => {
    const swatch = element("span", { class: "course-swatch", "aria-hidden": true });
    swatch.style.background = colorOf(label);
    return element("span", { class: "course-key" }, swatch, name);
  });
  const hint = element("span", {}, "Tap or click a picture to choose it.");
  return element("p", { class: "course-legend" }, ...keys, hint);
}

/**
 * The chosen picture, and a row of its neighbors for each space.
 *
 * @param {MapModel} model
 * @param {Sheet} sheet
 * @param {Choose} pick
 */
function makePanel(model, sheet, pick) {
  const large = element("div", { class: "course-large", role: "img" });
  const caption = element("p", { class: "course-caption" });
  const rows = model.get("spaces").map((_, space) => makeRow(model, sheet, space, pick));
  const chosen = element("div", { class: "course-chosen" }, large, caption);
  const node = element("div", { class: "course-panel" }, chosen, ...rows.map((row) => row.node));
  const put = () => {
    const index = model.get("selected");
    sheet.put(large, index);
    large.setAttribute("aria-label", nameOf(model, index));
    caption.textContent = classOf(model, index);
    for (const row of rows) row.put(index);
  };
  return { node, put };
}

/**
 * @param {MapModel} model
 * @param {Sheet} sheet
 * @param {number} space
 * @param {Choose} pick
 */
function makeRow(model, sheet, space, pick) {
  const { name, rows } = model.get("spaces")[space];
  const buttons = rows[0].map(() => element("button", { type: "button", class: "course-near-by" }));
  const names = buttons.map(() => element("span", { "aria-hidden": true }));
  const cells = buttons.map((button, i) => element("li", {}, button, names[i]));
  const mark = element("span", { class: `course-mark course-space-${space}`, "aria-hidden": true });
  const heading = element("p", { class: "course-subtitle" }, mark, `Closest in ${name}`);
  let current = rows[0];
  buttons.forEach((button, i) => {
    button.addEventListener("click", () => pick(current[i]));
  });
  /** @param {number} index */
  const put = (index) => {
    current = rows[index];
    current.forEach((neighbor, i) => {
      sheet.put(buttons[i], neighbor);
      buttons[i].setAttribute("aria-label", nameOf(model, neighbor));
      names[i].textContent = classOf(model, neighbor);
    });
  };
  const node = element("div", { class: "course-space" }, heading, element("ul", {}, ...cells));
  return { node, put };
}

/**
 * What is chosen, in words: how many neighbors share its class in each space.
 *
 * @param {MapModel} model
 */
function tell(model) {
  const [labels, index] = [model.get("labels"), model.get("selected")];
  const counts = model.get("spaces").map(({ name, rows }) => {
    const same = rows[index].filter((other) => labels[other] === labels[index]).length;
    return `${same} of ${rows[index].length} in ${name}`;
  });
  return `${nameOf(model, index)}. Neighbors of its class: ${counts.join(", ")}.`;
}

/**
 * @param {MapModel} model
 * @param {Record<"controls" | "map" | "panel", { node: HTMLElement }>} parts
 * @param {HTMLElement} told
 */
function makeCard(model, { controls, map, panel }, told) {
  const id = uniqueId();
  return card(
    { class: "course-picture-map", role: "group", "aria-labelledby": id },
    "Explore the map",
    element("p", { class: "course-title", id }, model.get("title")),
    controls.node,
    map.node,
    makeLegend(model),
    told,
    panel.node,
  );
}

/** @param {import("./model.js").View<State>} view */
function render({ model, el }) {
  const save = makeSaver(model);
  /** @type {Choose} */
  const pick = (selected) => save({ selected });
  const sheet = makeSheet(model);
  const controls = makeControls(model, save);
  const map = makeMap(model, sheet, pick);
  const panel = makePanel(model, sheet, pick);
  const told = element("p", { class: "course-told", role: "status" });
  const update = () => {
    controls.put();
    map.draw();
    panel.put();
    told.textContent = tell(model);
  };
  update();
  const endUpdates = listen(model, ["layout_name", "shown", "selected"], update);
  el.append(makeCard(model, { controls, map, panel }, told));
  return joinEnds(endUpdates, sheet.release);
}

export default { render };
