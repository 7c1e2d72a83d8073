// Mounts the widgets of a page that has no kernel. `tools/places.py` writes their places: each names
// its widget and its model. A small state stands as JSON behind the first of its places; a large one
// is a script, which is loaded when the reader comes near, or by `drawWidgets` for all.

import attention_reader from "./attention_reader.js";
import command_center from "./command_center.js";
import convolution_explorer from "./convolution_explorer.js";
import frame_explorer from "./frame_explorer.js";
import picture_map from "./picture_map.js";
import playground from "./playground.js";
import prediction from "./prediction.js";
import { makeModel } from "./page_model.js";
import record, { keepPrediction } from "./record_view.js";

/**
 * A model of any widget: only the widget knows what its state holds.
 *
 * @typedef {import("./model.js").Model<any>} AnyModel
 */

/** @type {Record<string, { render: (view: { model: AnyModel, el: HTMLElement }) => unknown }>} */
const WIDGETS = {
  attention_reader,
  command_center,
  convolution_explorer,
  frame_explorer,
  picture_map,
  playground,
  prediction,
  record,
};

const AHEAD = "1500px 0px"; // a state is loaded when its place comes this near

/** @type {Map<string, AnyModel>} */
const models = new Map();

/**
 * The model of that ID: views of one model share it.
 *
 * @param {string} id
 */
function findModel(id) {
  const found = models.get(id);
  if (found) return found;
  const script = document.getElementById(`course-model-${id}`);
  const state = window.courseStates?.[id] ?? (script && JSON.parse(script.textContent));
  if (!state) throw new Error(`the page has no state of the model ${id}`);
  const model = makeModel(state);
  if ("committed" in state) keepPrediction(model);
  models.set(id, model);
  return model;
}

/**
 * Draws the widget that a place names.
 *
 * @param {HTMLElement} place
 */
function mount(place) {
  const { widget = "", model = "" } = place.dataset;
  place.replaceChildren();
  try {
    WIDGETS[widget].render({ model: findModel(model), el: place });
  } catch (error) {
    reportError(error); // the others are drawn all the same
  }
}

/**
 * Loads the state of a place and draws its widget. A script can be loaded from a file, too.
 *
 * @param {HTMLElement} place
 * @param {string} source
 */
function loadAndMount(place, source) {
  const script = document.createElement("script");
  script.src = source;
  script.addEventListener("load", () => mount(place));
  script.addEventListener("error", () => {
    place.textContent = `This widget's data could not be loaded: ${source}`;
  });
  document.head.append(script);
}

/** @type {Map<HTMLElement, string>} places whose state is not asked for yet, with its address */
const waiting = new Map();

/** @param {HTMLElement} place */
function draw(place) {
  const source = waiting.get(place);
  waiting.delete(place);
  near.unobserve(place);
  if (source) loadAndMount(place, source);
}

const near = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) draw(/** @type {HTMLElement} */ (target));
    }
  },
  { rootMargin: AHEAD },
);

const drawAll = () => {
  for (const place of [...waiting.keys()]) draw(place);
};
window.drawWidgets = drawAll;
window.addEventListener("beforeprint", drawAll);

for (const node of document.querySelectorAll("div[data-widget]")) {
  const place = /** @type {HTMLElement} */ (node);
  if (place.dataset.source) {
    waiting.set(place, place.dataset.source);
    near.observe(place);
  } else {
    mount(place);
  }
}
