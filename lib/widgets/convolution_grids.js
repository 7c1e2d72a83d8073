// The arithmetic of a convolution and the grids of its explorer. Lengths are in cells.

const NUMBERED = 12; // cells along a padded side up to which they have room for numbers
const LINED = 60; // cells along a padded side up to which lines tell them apart
const SETTINGS = ["size", "filter", "stride", "padding", "channels", "filters"];

/** The settings and what follows from them; `output` is 0 where the filter does not fit. */
function readShape(model) {
  const settings = Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));
  const { size, filter, stride, padding } = settings;
  const span = size + 2 * padding; // the padded picture
  const room = span - filter; // by which the first window can move
  const output = room < 0 ? 0 : Math.floor(room / stride) + 1;
  const last = Math.max(0, output - 1);
  const [row, column] = ["row", "column"].map((name) => Math.min(model.get(name), last));
  const [hasNumbers, hasLines] = [span <= NUMBERED && output > 0, span <= LINED];
  return { ...settings, span, room, output, last, row, column, hasNumbers, hasLines };
}

/** The columns of the padded picture (and as many rows) that no window covers. */
function findMissed({ span, filter, stride, output, last }) {
  const reach = (at) => Math.min(Math.floor(at / stride), last) * stride + filter;
  return output ? [...Array(span).keys()].filter((at) => at >= reach(at)) : [];
}

/** What the toy picture holds there: a bright lower left corner with a soft edge; zeros around. */
function pixelAt({ size, padding }, row, column) {
  const [y, x] = [row - padding, column - padding];
  const isInside = Math.min(y, x) >= 0 && Math.max(y, x) < size;
  return isInside ? Math.max(0, Math.min(3, 2 + y - x)) : 0;
}

/** The toy filter: what is on the left less what is on the right, so vertical edges stand out. */
function weightAt({ filter }, column) {
  return filter === 1 ? 1 : Math.sign(filter - 1 - 2 * column);
}

/** For each row of a window its pairs [pixel, weight]. */
function pairsOf(shape, row, column) {
  const cells = [...Array(shape.filter).keys()];
  const [top, left] = [row * shape.stride, column * shape.stride];
  return cells.map((i) => cells.map((j) => [pixelAt(shape, top + i, left + j), weightAt(shape, j)]));
}

function sumOf(shape, row, column) {
  return pairsOf(shape, row, column)
    .flat()
    .reduce((sum, [pixel, weight]) => sum + pixel * weight, 0);
}

const signed = (number) => `${number}`.replace("-", "−");

function svg(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function square(name, row, column, side) {
  return svg("rect", { class: name, x: column, y: row, width: side, height: side });
}

/** A path of rectangles: [x, y, width, height]. */
function boxes(name, rectangles) {
  const d = rectangles.map(([x, y, width, height]) => `M${x} ${y}h${width}v${height}h${-width}z`);
  return svg("path", { class: name, d: d.join("") });
}

/** The outline and, where there is room for them, the lines between cells. */
function lines(side, { hasLines }) {
  const at = hasLines ? [...Array(side + 1).keys()] : [0, side];
  const d = at.map((x) => `M${x} 0v${side}M0 ${x}h${side}`).join("");
  return svg("path", { class: "course-lines", d });
}

/** A number in each cell. */
function numbers(side, read) {
  const at = [...Array(side).keys()];
  const texts = at.flatMap((row) =>
    at.map((column) => {
      const [number, name = ""] = [read(row, column)].flat();
      const place = { x: column + 0.5, y: row + 0.5, class: name };
      return svg("text", place, signed(number));
    }),
  );
  return svg("g", { class: "course-numbers" }, ...texts);
}

/** Slanted lines that fill what refers to them, `turn` degrees from upright. */
function makeHatch(turn) {
  const id = uniqueId();
  const size = { width: 0.25, height: 0.25, patternUnits: "userSpaceOnUse" };
  const line = svg("path", { d: "M0 0v0.25", "stroke-width": 0.09 });
  const node = svg("pattern", { id, ...size, patternTransform: `rotate(${turn})` }, line);
  return { node, fill: `url(#${id})` };
}

/** A drawing of cells below its caption; `fill` gives it another side and other content. */
function makeGrid(name, label) {
  const node = svg("svg", { class: "course-cells", "aria-hidden": "true" });
  const sizes = element("span", { class: "course-sizes" });
  const caption = element("p", { class: "course-caption" }, label, sizes);
  const figure = element("div", { class: `course-grid ${name}` }, caption, node);
  const fill = (side, text, ...content) => {
    sizes.textContent = text;
    node.setAttribute("viewBox", `0 0 ${side} ${side}`);
    node.style.setProperty("--side", side);
    node.replaceChildren(...content);
  };
  return { figure, node, fill };
}

/** The padded picture: its rim of zeros, and what no window covers. */
function drawPicture(shape, zeros, loss) {
  const { size, padding, span } = shape;
  const rim = boxes("course-zeros", [[0, 0, span, span]]);
  rim.style.fill = zeros.fill;
  const missed = findMissed(shape).flatMap((at) => [[at, 0, 1, span], [0, at, span, 1]]);
  const lost = boxes("course-missed", missed);
  lost.style.fill = loss.fill;
  const read = (row, column) => {
    const isPixel = Math.min(row, column) >= padding && Math.max(row, column) < span - padding;
    return [pixelAt(shape, row, column), isPixel ? "" : "course-zero"];
  };
  const pixels = square("course-pixels", padding, padding, size);
  const content = [svg("defs", {}, zeros.node, loss.node), rim, pixels, lost, lines(span, shape)];
  return shape.hasNumbers ? [...content, numbers(span, read)] : content;
}

/** The picture with the window of the chosen output over it and, dashed, the next one. */
function makeInput() {
  const grid = makeGrid("course-input", "Picture");
  grid.node.setAttribute("role", "img");
  grid.node.removeAttribute("aria-hidden");
  const [zeros, loss] = [makeHatch(45), makeHatch(-45)];
  let here, next;
  const draw = (shape) => {
    const { size, padding, span, filter } = shape;
    [here, next] = ["course-window", "course-next"].map((name) => square(name, 0, 0, filter));
    const padded = padding ? `, padded to ${span} × ${span}` : "";
    grid.fill(span, `${size} × ${size}${padded}`, ...drawPicture(shape, zeros, loss), next, here);
  };
  const move = ({ stride, row, column, output, last }, description) => {
    const put = (node, i, j, isShown) => {
      node.style.display = isShown ? "" : "none";
      node.style.transform = `translate(${j * stride}px, ${i * stride}px)`;
    };
    put(here, row, column, output > 0);
    put(next, row, column + 1, column < last);
    grid.node.setAttribute("aria-label", description);
  };
  return { node: grid.figure, draw, move };
}

/** The filter, with its weights where there is room for numbers. */
function makeFilter() {
  const grid = makeGrid("course-filter", "Filter");
  const draw = (shape) => {
    const { filter, hasNumbers } = shape;
    const weights = hasNumbers ? [numbers(filter, (_, column) => weightAt(shape, column))] : [];
    const tint = square("course-weights", 0, 0, filter);
    grid.fill(filter, `${filter} × ${filter}`, tint, lines(filter, shape), ...weights);
  };
  return { node: grid.figure, draw };
}

/** The outputs. Keys, clicks and the mouse choose one: `pick` and `hover` hear of its place. */
function makeOutput(pick, hover) {
  const grid = makeGrid("course-output", "Output");
  const field = element("div", { class: "course-field", role: "slider", tabindex: 0 }, grid.node);
  field.setAttribute("aria-label", "Chosen output; arrow keys move the window");
  field.dataset.lmSuppressShortcuts = "true";
  const none = element("p", { class: "course-none" }, "no output");
  grid.figure.append(field, none);
  let [shape, chosen] = [null, null];
  const find = ({ clientX, clientY }) => {
    const { left, top, width, height } = grid.node.getBoundingClientRect();
    const cell = (part) => Math.max(0, Math.min(shape.last, Math.floor(part * shape.output)));
    return { row: cell((clientY - top) / height), column: cell((clientX - left) / width) };
  };
  field.addEventListener("click", (event) => pick(find(event)));
  field.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse") hover(find(event));
  });
  field.addEventListener("pointerleave", () => hover(null));
  field.addEventListener("keydown", (event) => {
    const place = stepFrom(shape, event.key);
    if (!place) return;
    event.preventDefault(); // else the page scrolls
    pick(place);
  });
  const draw = (drawn) => {
    shape = drawn;
    const { output, hasNumbers } = shape;
    [field.hidden, none.hidden] = [!output, Boolean(output)];
    chosen = square("course-chosen", 0, 0, 1);
    const sums = hasNumbers ? [numbers(output, (row, column) => sumOf(shape, row, column))] : [];
    const size = output ? `${output} × ${output}` : "";
    const content = [square("course-sums", 0, 0, output), lines(output, shape), chosen, ...sums];
    grid.fill(output, size, ...content);
    field.setAttribute("aria-valuemin", 1);
    field.setAttribute("aria-valuemax", Math.max(1, output ** 2));
  };
  const move = (moved, description) => {
    shape = moved;
    const { row, column, output } = shape;
    chosen.style.transform = `translate(${column}px, ${row}px)`;
    field.setAttribute("aria-valuenow", row * output + column + 1);
    field.setAttribute("aria-valuetext", description);
  };
  return { node: grid.figure, draw, move };
}

/** All three grids, their cells of one size. */
function makeGrids(pick, hover) {
  const [input, filter, output] = [makeInput(), makeFilter(), makeOutput(pick, hover)];
  const grids = element("div", { class: "course-grids" }, input.node, filter.node, output.node);
  const draw = (shape) => {
    [input, filter, output].forEach((grid) => grid.draw(shape));
    grids.style.setProperty("--span", shape.span);
    grids.style.setProperty("--filter", shape.filter);
    grids.style.setProperty("--output", Math.max(1, shape.output)); // cells are divided by it
  };
  const move = (shape) => {
    input.move(shape, tellPlace(shape) || tellFit(shape));
    output.move(shape, tellPlace(shape));
  };
  return { node: element("div", { class: "course-sheet" }, grids), draw, move };
}

/** The output that a key leads to, if it is one of those that move. */
function stepFrom({ row, column, last }, key) {
  const within = (at) => Math.max(0, Math.min(last, at));
  return {
    ArrowRight: { row, column: within(column + 1) },
    ArrowLeft: { row, column: within(column - 1) },
    ArrowDown: { row: within(row + 1), column },
    ArrowUp: { row: within(row - 1), column },
    Home: { row: 0, column: 0 },
    End: { row: last, column: last },
  }[key];
}
