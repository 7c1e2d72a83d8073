// Mounts the widgets of a page that has no kernel. `tools/places.py` writes their places: each names
// its widget and its model, whose state stands as JSON in a script behind the first of its places.

import attention_reader from "./attention_reader.js";
import command_center from "./command_center.js";
import convolution_explorer from "./convolution_explorer.js";
import frame_explorer from "./frame_explorer.js";
import picture_map from "./picture_map.js";
import playground from "./playground.js";
import prediction from "./prediction.js";
import { makeModel } from "./still_model.js";

/** @typedef {import("./model.js").Model<any>} AnyModel */
/** @type {Record<string, { render: (view: import("./model.js").View<any>) => unknown }>} */
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
  const model = makeModel(
    JSON.parse(document.getElementById(`course-model-${id}`)?.textContent ?? "{}"),
  );
  models.set(id, model);
  return model;
}

for (const el of document.querySelectorAll("div[data-widget]")) {
  if (!(el instanceof HTMLElement)) continue;
  const { widget = "", model = "" } = el.dataset;
  el.replaceChildren();
  WIDGETS[widget].render({ model: findModel(model), el });
}
