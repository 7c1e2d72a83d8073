// Pictures of the plane: the network's answer, what each hidden unit makes of it. And histograms.

const GRID = 49; // pixels of a picture of the plane, a side; the page smooths them
const BINS = 24; // of a histogram
const STRENGTH = 0.4; // of a class's color where the network is sure
const FAR = 1e9; // a margin between logits that is as good as infinite
const DOT = 0.075; // radius of a point, in the plane's units
const CORNERS = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
]; // of a square of pixels, one after the other
const GLYPHS = [drawCircle, drawSquare, drawTriangle];

/** A new element of a drawing. */
function shape(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function drawCircle(x, y) {
  return `M${x - DOT} ${y}a${DOT} ${DOT} 0 1 0 ${2 * DOT} 0a${DOT} ${DOT} 0 1 0 ${-2 * DOT} 0z`;
}

function drawSquare(x, y) {
  const half = 0.88 * DOT;
  return `M${x - half} ${y - half}h${2 * half}v${2 * half}h${-2 * half}z`;
}

function drawTriangle(x, y) {
  return `M${x} ${y - 1.3 * DOT}l${1.15 * DOT} ${2 * DOT}h${-2.3 * DOT}z`;
}

/** The middles of the picture's pixels on the plane, row by row from above: GRID² × 2. */
function gridPoints() {
  const at = (index) => (2 * (index + 0.5)) / GRID - 1;
  return Float64Array.from({ length: 2 * GRID * GRID }, (_, k) => {
    const [row, column] = [Math.floor(k / 2 / GRID), Math.floor(k / 2) % GRID];
    return VIEW * (k % 2 ? -at(row) : at(column));
  });
}

/** Reads the custom properties of a node as [red, green, blue]. */
function makeColorReader(node) {
  const context = element("canvas", { width: 1, height: 1 }).getContext("2d", {
    willReadFrequently: true,
  });
  return (name) => {
    context.fillStyle = getComputedStyle(node).getPropertyValue(name);
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
}

/** A picture of the plane; `paint` takes a function that writes pixel k's color into a place. */
function makePlane() {
  const node = element("canvas", { width: GRID, height: GRID, "aria-hidden": "true" });
  const context = node.getContext("2d");
  const image = context.createImageData(GRID, GRID);
  image.data.fill(255);
  const paint = (write) => {
    for (let k = 0; k < GRID * GRID; k++) write(k, image.data, 4 * k);
    context.putImageData(image, 0, 0);
  };
  return { node, paint };
}

/** Writes `paper` mixed with a share of `color`. */
function mix(paper, color, share, into, at) {
  for (let i = 0; i < 3; i++) into[at + i] = paper[i] + share * (color[i] - paper[i]);
}

/** How far class c's logit is above all others' at grid point k, in finite numbers. */
function margin(logits, outputs, c, k) {
  let other = outputs === 1 ? 0 : -Infinity;
  for (let j = 0; j < outputs; j++) if (j !== c) other = Math.max(other, logits[k * outputs + j]);
  return Math.min(Math.max(logits[k * outputs + c] - other, -FAR), FAR) || 0;
}

/** The line through one square of pixels where the values at its corners cross 0, as a path. */
function crossSquare(values, column, row) {
  const texts = [];
  for (let i = 0; i < 4; i++) {
    const [from, to] = [values[i], values[(i + 1) % 4]];
    if (from > 0 === to > 0) continue;
    const [[x, y], [x2, y2], share] = [CORNERS[i], CORNERS[(i + 1) % 4], from / (from - to)];
    const [along, down] = [x + share * (x2 - x), y + share * (y2 - y)];
    texts.push(`${(column + along + 0.5).toFixed(2)} ${(row + down + 0.5).toFixed(2)}`);
  }
  return texts.length === 4
    ? `M${texts[0]}L${texts[1]}M${texts[2]}L${texts[3]}`
    : `M${texts.join("L")}`;
}

/** Where a field over the grid crosses 0, as a path in units of pixels (marching squares). */
function contour(field) {
  const parts = [];
  for (let row = 0; row < GRID - 1; row++) {
    for (let column = 0; column < GRID - 1; column++) {
      const values = CORNERS.map(([x, y]) => field((row + y) * GRID + column + x));
      const above = values.filter((value) => value > 0).length;
      if (above % 4) parts.push(crossSquare(values, column, row));
    }
  }
  return parts.join("");
}

/** The paths of the points of one part, one for each class. */
function drawPart({ points, labels }, classes, name) {
  return Array.from({ length: classes }, (_, c) => {
    const own = [...labels.keys()].filter((n) => labels[n] === c);
    const d = own.map((n) => GLYPHS[c](points[2 * n], -points[2 * n + 1])).join("");
    return shape("path", { class: `course-points course-${name}`, "data-class": c, d });
  });
}

/** The plane with the network's answer, the boundary and the points. */
function makeBoundary() {
  const plane = makePlane();
  const line = shape("path", { class: "course-boundary" });
  const view = `${-VIEW} ${-VIEW} ${2 * VIEW} ${2 * VIEW}`;
  const dots = shape("svg", { viewBox: view, "aria-hidden": "true" });
  const lines = shape("svg", { viewBox: `0 0 ${GRID} ${GRID}`, "aria-hidden": "true" }, line);
  const node = element("div", { class: "course-plane", role: "img" }, plane.node, lines, dots);
  const put = ({ train, validation, classes }) => {
    const held = drawPart(validation, classes, "validation");
    dots.replaceChildren(...held, ...drawPart(train, classes, "train"));
  };
  const draw = ({ classes }, { logits }, colors) => {
    const outputs = logits.length / GRID ** 2;
    const chances = new Float64Array(classes);
    plane.paint((k, into, at) => {
      softmax(logits, outputs, k, chances);
      const winner = chances.indexOf(Math.max(...chances));
      if (winner < 0) return; // numbers overflow here: the pixel stays as it was
      const sure = (chances[winner] * classes - 1) / (classes - 1);
      mix(colors.paper, colors.classes[winner], STRENGTH * sure, into, at);
    });
    const shown = Array.from({ length: outputs }, (_, c) => c);
    line.setAttribute(
      "d",
      shown.map((c) => contour((k) => margin(logits, outputs, c, k))).join(""),
    );
  };
  return { node, put, draw };
}

/** How many of the values fall into each bin of the range; what is outside counts at its ends. */
function countBins(values, [low, high]) {
  const counts = new Array(BINS).fill(0);
  for (const value of values) {
    const bin = Math.floor((BINS * (value - low)) / (high - low));
    counts[Math.min(Math.max(bin, 0), BINS - 1)] += 1;
  }
  return counts;
}

function makeHistogram([low, high]) {
  const bars = shape("path", {});
  const box = { viewBox: `0 0 ${BINS} 1`, preserveAspectRatio: "none", "aria-hidden": "true" };
  const ends = [low, high].map((end) => element("span", {}, `${end}`.replace("-", "−")));
  const axis = element("div", { class: "course-ends", "aria-hidden": "true" }, ...ends);
  const node = element("div", { class: "course-histogram" }, shape("svg", box, bars), axis);
  const draw = (values, range) => {
    const counts = countBins(values, range);
    const most = Math.max(...counts);
    const paths = counts.map((count, bin) => `M${bin} 1v${-count / most}h0.9v${count / most}z`);
    bars.setAttribute("d", paths.join(""));
  };
  return { node, draw };
}

/** A hidden layer: a map for each of its units, and a histogram of all their activations. */
function makeLayer(number, units, range) {
  const planes = Array.from({ length: units }, makePlane);
  const maps = element("div", { class: "course-maps" }, ...planes.map(({ node }) => node));
  const histogram = makeHistogram(range);
  const name = element("p", { class: "course-name" }, `Layer ${number}`);
  const told = `Layer ${number}: where each of ${units} units fires, and how often how strongly`;
  const box = { class: "course-layer", role: "img", "aria-label": told };
  const node = element("div", box, name, maps, histogram.node);
  const [low, high] = range;
  const draw = (seen, activations, { paper, fires, below }) => {
    planes.forEach(({ paint }, unit) => {
      paint((k, into, at) => {
        const value = Math.min(Math.max(seen[k * units + unit], low), high);
        mix(paper, value < 0 ? below : fires, value / (value < 0 ? low : high), into, at);
      });
    });
    histogram.draw(activations, range);
  };
  return { node, draw };
}
