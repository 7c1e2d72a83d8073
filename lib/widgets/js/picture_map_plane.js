// The pictures on their places, and how mouse and keys move over them.

import { element, leaveKeysAlone, listenToKeys, svg, uniqueId } from "./dom.js";
import { nameOf, placesOf } from "./picture_map_pictures.js";

const PLACES = 1000; // steps along each side of the map
const NEAR = 32; // pixels from a click to the picture it picks
export const ALL = -1; // in the place of a class: pictures of all classes are shown

/** @typedef {import("./picture_map_pictures.js").MapModel} MapModel */
/** @typedef {import("./picture_map_pictures.js").Point} Point */
/** @typedef {import("./picture_map_pictures.js").Sheet} Sheet */
/** @typedef {import("./picture_map_pictures.js").Choose} Choose */
/** @typedef {(index: number) => boolean} IsShown */

/** @type {Record<string, Point>} */
const DIRECTIONS = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

/**
 * The pictures on their places. Keys move from each to the next one in a direction.
 *
 * @param {MapModel} model
 * @param {Sheet} sheet
 * @param {Choose} pick
 */
export function makeMap(model, sheet, pick) {
  const pictures = makePictures(model, sheet);
  const list = makeList(pictures);
  const box = { viewBox: `0 0 ${PLACES} ${PLACES}`, preserveAspectRatio: "none" };
  const lines = svg("svg", { ...box, "aria-hidden": true });
  const inner = element("div", { class: "course-inner" }, lines, list);
  const node = element("div", { class: "course-map" }, inner);
  node.style.setProperty("--side", `${(86 / Math.sqrt(pictures.length)).toFixed(2)}%`);
  node.style.setProperty("--proportion", String(model.get("proportion")));
  /** @type {IsShown} */
  const isShown = (index) => [ALL, model.get("labels")[index]].includes(model.get("shown"));
  listenToMouse(model, list, isShown, pick);
  listenToKeys(list, ({ key }) => {
    const next = stepFrom(model, key, isShown);
    if (next !== null) pick(next);
    return key in DIRECTIONS || next !== null;
  });
  const draw = () => {
    drawPictures(model, pictures, isShown);
    list.setAttribute("aria-activedescendant", pictures[model.get("selected")].id);
    lines.replaceChildren(...drawLines(model));
  };
  return { node, draw };
}

/**
 * @param {MapModel} model
 * @param {Sheet} sheet
 */
function makePictures(model, sheet) {
  return model.get("labels").map((_, index) => {
    const attributes = { role: "option", id: uniqueId(), "aria-label": nameOf(model, index) };
    const node = element("div", { ...attributes, class: "course-dot" });
    sheet.put(node, index);
    return node;
  });
}

/** @param {HTMLElement[]} pictures */
function makeList(pictures) {
  const list = element("div", { class: "course-dots", role: "listbox", tabindex: 0 }, ...pictures);
  list.setAttribute("aria-label", "Pictures on the map; arrow keys move between them");
  leaveKeysAlone(list);
  return list;
}

/**
 * @param {MapModel} model
 * @param {HTMLElement} list
 * @param {IsShown} isShown
 * @param {Choose} pick
 */
function listenToMouse(model, list, isShown, pick) {
  list.addEventListener("click", ({ clientX, clientY }) => {
    const { left, top, width, height } = list.getBoundingClientRect();
    const gaps = placesOf(model).map(([x, y], index) => {
      const across = (x / PLACES) * width + left - clientX;
      const down = (y / PLACES) * height + top - clientY;
      return isShown(index) ? Math.hypot(across, down) : Infinity;
    });
    const least = Math.min(...gaps);
    if (least < NEAR) pick(gaps.indexOf(least));
  });
}

/**
 * The picture that a key leads to; null if there is none in its direction or it does not move.
 *
 * @param {MapModel} model
 * @param {string} key
 * @param {IsShown} isShown
 */
function stepFrom(model, key, isShown) {
  const places = placesOf(model);
  const shown = [...places.keys()].filter(isShown);
  if (key === "Home") return shown[0] ?? null;
  if (key === "End") return shown.at(-1) ?? null;
  return key in DIRECTIONS
    ? findNext(places, model.get("selected"), DIRECTIONS[key], isShown)
    : null;
}

/**
 * The closest picture within 45 degrees of a direction; what lies straight ahead counts most.
 *
 * @param {Point[]} places
 * @param {number} selected
 * @param {Point} direction
 * @param {IsShown} isShown
 * @returns {number | null} null if there is none
 */
export function findNext(places, selected, direction, isShown) {
  const [right, down] = direction;
  const [x, y] = places[selected];
  /** @type {number | null} */
  let best = null;
  let least = Infinity;
  places.forEach(([toX, toY], index) => {
    const ahead = right * (toX - x) + down * (toY - y);
    const aside = Math.abs(down * (toX - x)) + Math.abs(right * (toY - y));
    const gap = ahead + 2 * aside;
    if (index === selected || !isShown(index)) return;
    if (ahead > 0 && ahead >= aside && gap < least) [best, least] = [index, gap];
  });
  return best;
}

/**
 * @param {MapModel} model
 * @param {HTMLElement[]} pictures
 * @param {IsShown} isShown
 */
function drawPictures(model, pictures, isShown) {
  const [places, selected] = [placesOf(model), model.get("selected")];
  const near = new Set(model.get("spaces").flatMap(({ rows }) => rows[selected]));
  pictures.forEach((node, index) => {
    node.style.left = `${places[index][0] / (PLACES / 100)}%`;
    node.style.top = `${places[index][1] / (PLACES / 100)}%`;
    node.setAttribute("aria-selected", String(index === selected));
    node.classList.toggle("course-faint", !isShown(index) && index !== selected);
    node.classList.toggle("course-near", near.has(index));
  });
}

/**
 * Lines from the chosen picture to its neighbors; those of the first space lie on top.
 *
 * @param {MapModel} model
 */
function drawLines(model) {
  const [places, selected] = [placesOf(model), model.get("selected")];
  const paths = model.get("spaces").flatMap(({ rows }, space) =>
    rows[selected].map((index) => {
      const d = `M${places[selected].join(" ")}L${places[index].join(" ")}`;
      return svg("path", { d, class: `course-link course-space-${space}` });
    }),
  );
  return paths.reverse();
}
