// What the grids of a convolution explorer are drawn with: cells, their lines, numbers and hatching.

import { signed } from "./convolution_shape.js";
import { element, svg, uniqueId } from "./dom.js";

/** @typedef {import("./convolution_shape.js").Shape} Shape */
/** @typedef {ReturnType<typeof makeHatch>} Hatch */

/**
 * @param {string} name
 * @param {number} row
 * @param {number} column
 * @param {number} side
 */
export function square(name, row, column, side) {
  return svg("rect", { class: name, x: column, y: row, width: side, height: side });
}

/**
 * A path of rectangles: [x, y, width, height].
 *
 * @param {string} name
 * @param {number[][]} rectangles
 */
export function boxes(name, rectangles) {
  const d = rectangles.map(([x, y, width, height]) => `M${x} ${y}h${width}v${height}h${-width}z`);
  return svg("path", { class: name, d: d.join("") });
}

/**
 * The outline and, where there is room for them, the lines between cells.
 *
 * @param {number} side
 * @param {Shape} shape
 */
export function lines(side, { hasLines }) {
  const at = hasLines ? [...Array(side + 1).keys()] : [0, side];
  const d = at.map((x) => `M${x} 0v${side}M0 ${x}h${side}`).join("");
  return svg("path", { class: "course-lines", d });
}

/**
 * A number in each cell.
 *
 * @param {number} side
 * @param {(row: number, column: number) => number} read
 * @param {(row: number, column: number) => string} name the class of a cell's number
 */
export function numbers(side, read, name = () => "") {
  const at = [...Array(side).keys()];
  const texts = at.flatMap((row) =>
    at.map((column) => {
      const place = { x: column + 0.5, y: row + 0.5, class: name(row, column) };
      return svg("text", place, signed(read(row, column)));
    }),
  );
  return svg("g", { class: "course-numbers" }, ...texts);
}

/**
 * Slanted lines that fill what refers to them, `turn` degrees from upright.
 *
 * @param {number} turn
 */
export function makeHatch(turn) {
  const id = uniqueId();
  const size = { width: 0.25, height: 0.25, patternUnits: "userSpaceOnUse" };
  const line = svg("path", { d: "M0 0v0.25", "stroke-width": 0.09 });
  const node = svg("pattern", { id, ...size, patternTransform: `rotate(${turn})` }, line);
  return { node, fill: `url(#${id})` };
}

/**
 * A drawing of cells below its caption; `fill` gives it another side and other content.
 *
 * @param {string} name
 * @param {string} label
 */
export function makeGrid(name, label) {
  const node = svg("svg", { class: "course-cells", "aria-hidden": true });
  const sizes = element("span", { class: "course-sizes" });
  const caption = element("p", { class: "course-caption" }, label, sizes);
  const figure = element("div", { class: `course-grid ${name}` }, caption, node);
  /**
   * @param {number} side
   * @param {string} text
   * @param {...SVGElement} content
   */
  const fill = (side, text, ...content) => {
    sizes.textContent = text;
    node.setAttribute("viewBox", `0 0 ${side} ${side}`);
    node.style.setProperty("--side", String(side));
    node.replaceChildren(...content);
  };
  return { figure, node, fill };
}
