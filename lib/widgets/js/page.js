// Mounts the widgets of a page that has no kernel. `tools/places.py` writes their places: each names
// its widget and its model, whose state stands as JSON in a script behind the first of its places.

import attention_reader from "./attention_reader.js";
import command_center from "./command_center.js";
import convolution_explorer from "./convolution_explorer.js";
import frame_explorer from "./frame_explorer.js";
import picture_map from "./picture_map.js";
import playground from "./playground.js";
import prediction from "./prediction.js";
import { makeModel } from "./page_model.js";

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
};

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
  if (!script) throw new Error(`the page has no state of the model ${id}`);
  const model = makeModel(JSON.parse(script.textContent));
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
  WIDGETS[widget].render({ model: findModel(model), el: place });
}

for (const place of document.querySelectorAll("div[data-widget]")) {
  try {
    mount(/** @type {HTMLElement} */ (place));
  } catch (error) {
    reportError(error); // the others are drawn all the same
  }
}
