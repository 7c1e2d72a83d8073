// The pictures of a map: the sheet that holds them, their names, their places.

const COLORS = 10; // of classes: --class-0 and on

/** @typedef {[number, number]} Point */

/**
 * @typedef {object} State
 * @property {string} title
 * @property {string} sheet the address of all pictures in one, row by row
 * @property {number} columns of the sheet
 * @property {number} proportion height of a picture over its width
 * @property {number[]} labels
 * @property {string[]} classes
 * @property {{ name: string, places: Point[] }[]} layouts
 * @property {{ name: string, rows: number[][] }[]} spaces the nearest of each picture
 * @property {string} layout_name
 * @property {number} shown the class shown alone, or ALL
 * @property {number} selected
 */

/** @typedef {import("./model.js").Model<State>} MapModel */
/** @typedef {ReturnType<typeof makeSheet>} Sheet */
/** @typedef {(index: number) => void} Choose */

/** @param {number} label */
export const colorOf = (label) => `var(--class-${label % COLORS})`;

/**
 * The picture sheet as a short address: 300 elements would each carry the long one.
 *
 * @param {MapModel} model
 */
export function makeSheet(model) {
  const [, content] = model.get("sheet").split(",");
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], { type: "image/webp" }));
  const columns = model.get("columns");
  const rows = Math.ceil(model.get("labels").length / columns);
  /** @type {(at: number, of: number) => string} */
  const percent = (at, of) => `${of > 1 ? (100 * at) / (of - 1) : 0}%`;
  const size = `${100 * columns}% ${100 * rows}%`;
  /**
   * Makes a node show a picture, in the color of its class.
   *
   * @param {HTMLElement} node
   * @param {number} index
   */
  const put = (node, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    node.style.backgroundImage = `url(${url})`;
    node.style.backgroundSize = size;
    node.style.backgroundPosition = `${percent(column, columns)} ${percent(row, rows)}`;
    node.style.setProperty("--frame", colorOf(model.get("labels")[index]));
  };
  return { put, release: () => URL.revokeObjectURL(url) };
}

/**
 * @param {MapModel} model
 * @param {number} index
 */
export function classOf(model, index) {
  return model.get("classes")[model.get("labels")[index]];
}

/**
 * Class and number of a picture in words.
 *
 * @param {MapModel} model
 * @param {number} index
 */
export function nameOf(model, index) {
  return `${classOf(model, index)}, picture ${index + 1}`;
}

/** @param {MapModel} model */
export function placesOf(model) {
  const layouts = model.get("layouts");
  return (layouts.find(({ name }) => name === model.get("layout_name")) ?? layouts[0]).places;
}
