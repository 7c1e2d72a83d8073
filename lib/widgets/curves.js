// The picture of a command center, and the numbers behind it.

const NEAR = 28; // pixels from the mouse to the line it picks
const STOPS = 5; // of the color ramp: --ramp-0 and on
const WORDS = 7; // colors for words: --word-0 and on
const CROSS = "M-4.5-4.5 4.5 4.5M-4.5 4.5 4.5-4.5";
const LINEAR = { forward: Number, makeTicks: linearTicks };
const LOG = { forward: Math.log10, makeTicks: logTicks };

/** A number as text: as `plain` says or, very large or small, as 3.4 × 10⁻⁵. */
function show(value, plain = Math.abs(value) < 100 ? value.toPrecision(3) : value.toFixed(0)) {
  const [factor, exponent] = value.toExponential(2).split("e").map(Number);
  if (value === 0 || (exponent > -5 && exponent < 6)) return plain.replace("-", "−");
  const power = `10${[...`${exponent}`].map((sign) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign] ?? "⁻").join("")}`;
  return factor === 1 ? power : `${factor} × ${power}`.replace("-", "−");
}

/** The mean of each value and those before it, `count` in all. */
function smooth(values, count) {
  return values.map((_, index) => {
    const recent = values.slice(Math.max(0, index + 1 - count), index + 1);
    return recent.reduce((sum, value) => sum + value, 0) / recent.length;
  });
}

/** From the smallest to the largest value; a few far off, of runs about to diverge, stay out. */
function findDomain(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const quantile = (share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const slack = (quantile(0.95) - quantile(0.05)) / 2;
  const low = Math.max(quantile(0), quantile(0.05) - slack);
  const high = Math.min(quantile(1), quantile(0.95) + slack);
  const margin = (high - low) / 25 || Math.abs(high) / 10 || 1;
  return [low - margin, high + margin];
}

/** About `count` round numbers from low to high. */
function linearTicks(low, high, count) {
  const power = 10 ** Math.floor(Math.log10((high - low) / count));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power * count >= high - low);
  const first = Math.ceil(low / step);
  const indices = Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => first + i);
  return indices.map((index) => Number((index * step).toPrecision(6)));
}

/** Round numbers from 10^low to 10^high: powers of ten and, where these are few, some between. */
function logTicks(low, high, count) {
  if (high - low < 1) return linearTicks(10 ** low, 10 ** high, count);
  const factors = high - low < 2 ? [1, 2, 5] : [1];
  const stride = Math.ceil((high - low) / count);
  const first = Math.floor(low);
  const powers = Array.from({ length: Math.ceil(high) - first + 1 }, (_, i) => first + i);
  return powers
    .filter((power) => power % stride === 0)
    .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
    .filter((tick) => low <= Math.log10(tick) && Math.log10(tick) <= high);
}

function colorOf({ kind }, place) {
  if (place === null) return "var(--muted)";
  if (kind === "words") return `var(--word-${place % WORDS})`;
  const stop = Math.min(Math.floor(place * (STOPS - 1)), STOPS - 2);
  const share = (100 * (place * (STOPS - 1) - stop)).toFixed(1);
  return `color-mix(in srgb, var(--ramp-${stop + 1}) ${share}%, var(--ramp-${stop}))`;
}

/** The better run first, one that diverged last. */
function compare(one, other, lowIsGood) {
  if (one.diverged || other.diverged) return one.diverged - other.diverged;
  return lowIsGood ? one.last - other.last : other.last - one.last;
}

/** One run as it is seen: its line in the units of the axes, and how its settings read. */
function readRun({ curves, settings }, index, { which, axis, kept, parameters, steps, smoothing }) {
  const { values, diverged, steps: at } = curves[which];
  const heights = smooth(values, smoothing);
  const texts = parameters.map(({ name }, i) => `${name} ${settings[i].text}`);
  return {
    index,
    settings,
    diverged,
    name: `Run ${index + 1}: ${texts.join(", ")}`,
    points: heights.map((height, point) => [steps[at][point], height]),
    last: heights.at(-1),
    result: diverged ? "diverged" : show(heights.at(-1)),
    color: colorOf(parameters[axis], settings[axis].place),
    isShown: kept.every((option, i) => option < 0 || settings[i].option === option),
  };
}

/** What the reader asked for: all runs with their lines, and those shown, the best first. */
function readView(model) {
  const names = ["parameters", "metrics", "metric", "color", "filters", "steps", "smoothing", "x"];
  const state = Object.fromEntries(names.map((name) => [name, model.get(name)]));
  state.which = state.metrics.findIndex(({ name }) => name === state.metric);
  state.axis = state.parameters.findIndex(({ name }) => name === state.color);
  state.kept = state.parameters.map(({ name, options }) => options.indexOf(state.filters[name]));
  const { lowIsGood } = state.metrics[state.which];
  const runs = model.get("runs").map((run, index) => readRun(run, index, state));
  const shown = runs.filter(({ isShown }) => isShown);
  shown.sort((one, other) => compare(one, other, lowIsGood));
  const canLog = runs.every(({ points }) => points.every(([, height]) => height > 0));
  return { ...state, runs, shown, canLog, unit: canLog && model.get("log") ? LOG : LINEAR };
}

/** A new element of a drawing. */
function shape(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** The picture's frame in pixels: ticks, and scales from steps and values to places in it. */
function layOut({ runs, shown, unit }, width, height) {
  const heights = (shown.length ? shown : runs).flatMap(({ points }) => points.map(([, y]) => y));
  const steps = runs.flatMap(({ points }) => points.map(([x]) => x));
  const [low, high] = findDomain(heights.map(unit.forward));
  const [first, end] = [Math.min(0, ...steps), Math.max(1, ...steps)];
  const yTicks = unit.makeTicks(low, high, 5).map((value) => [value, show(value, `${value}`)]);
  const left = 14 + 7.5 * Math.max(0, ...yTicks.map(([, text]) => text.length));
  const box = { left, right: width - 20, top: 30, bottom: height - 46 };
  const toX = (step) => left + ((step - first) / (end - first)) * (box.right - left);
  const share = (value) => (unit.forward(value) - low) / (high - low);
  const toY = (value) => box.bottom - share(value) * (box.bottom - box.top);
  return { ...box, width, height, toX, toY, yTicks, xTicks: linearTicks(first, end, width / 110) };
}

function drawAxes({ left, right, top, bottom, height, toX, toY, xTicks, yTicks }, { metric, x }) {
  const text = (attributes, label) => shape("text", attributes, label);
  const rows = yTicks.flatMap(([value, label]) => [
    shape("path", { class: "course-grid", d: `M${left} ${toY(value)}H${right}` }),
    text({ x: left - 8, y: toY(value) + 4, "text-anchor": "end" }, label),
  ]);
  const columns = xTicks.map((value) =>
    text({ x: toX(value), y: bottom + 18, "text-anchor": "middle" }, show(value, `${value}`)),
  );
  return [
    ...rows,
    ...columns,
    shape("path", { class: "course-axis", d: `M${left} ${bottom}H${right}` }),
    text({ class: "course-name", x: 0, y: 14 }, metric),
    text({ class: "course-name", x: right, y: height - 6, "text-anchor": "end" }, x),
  ];
}

/** A run's line as it lies in the picture: its pixels, its path, the mark where it diverged. */
function drawRun(run, { toX, toY, top, bottom, left }) {
  const clamp = (y) => Math.min(Math.max(y, top), bottom);
  const pixels = run.points.map(([step, height]) => [toX(step), toY(height)]);
  const d = `M${pixels.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;
  const [x, y] = pixels.at(-1) ?? [left, top];
  const look = { style: `stroke:${run.color}`, "data-run": run.index };
  const kind = run.isShown ? "course-line" : "course-line course-faint";
  const nodes = pixels.length ? [shape("path", { class: kind, d, ...look })] : [];
  const transform = `translate(${x} ${clamp(y)})`;
  const cross = shape("path", { class: `${kind} course-cross`, d: CROSS, transform, ...look });
  return { run, pixels, d, nodes, crosses: run.diverged ? [cross] : [] };
}

/** The squared distance from a point to the line between two others. */
function distance([x, y], [x1, y1], [x2, y2]) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const along = ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1);
  const share = Math.min(Math.max(along, 0), 1);
  return (x1 + share * dx - x) ** 2 + (y1 + share * dy - y) ** 2;
}

function distanceTo({ pixels }, point) {
  return Math.min(...pixels.map((pixel, i) => distance(point, pixels[Math.max(0, i - 1)], pixel)));
}

/** What the picture shows, for those who don't see it. */
function describe({ runs, shown, metric, x }) {
  const best = shown.length ? ` Best: ${shown[0].name}, ${shown[0].result}.` : "";
  return `${metric} over ${x} for ${shown.length} of ${runs.length} runs.${best}`;
}

/** The curves: `draw` shows a view, `highlight` lifts one run above the others. */
function makePicture() {
  const svg = shape("svg", { role: "img" });
  const node = element("div", { class: "course-plot" });
  node.append(svg);
  let drawn = [];
  const top = shape("g", {});
  const draw = (view) => {
    const { clientWidth: width, clientHeight: height } = node;
    svg.setAttribute("aria-label", describe(view));
    if (!width) return;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`); // on paper it has another width
    const frame = layOut(view, width, height);
    const byDepth = [...view.runs.filter(({ isShown }) => !isShown), ...view.shown.toReversed()];
    drawn = byDepth.map((run) => drawRun(run, frame));
    const inner = { x: 0, y: frame.top - 3, width, height: frame.bottom - frame.top + 6 };
    const clip = { ...inner, viewBox: Object.values(inner).join(" "), "aria-hidden": "true" };
    const lines = shape("svg", clip, ...drawn.flatMap(({ nodes }) => nodes), top);
    const crosses = drawn.flatMap(({ crosses }) => crosses);
    svg.replaceChildren(...drawAxes(frame, view), lines, ...crosses);
  };
  const highlight = (index) => {
    const found = drawn.find(({ run, pixels }) => run.index === index && pixels.length);
    svg.classList.toggle("course-picking", Boolean(found));
    const style = `stroke:${found?.run.color}`;
    const halo = () => shape("path", { class: "course-halo", d: found.d });
    const picked = { class: "course-picked", "data-run": index, style };
    top.replaceChildren(...(found ? [halo(), shape("path", { ...picked, d: found.d })] : []));
  };
  const find = ({ clientX, clientY }) => {
    const { left, top: above } = svg.getBoundingClientRect();
    const point = [clientX - left, clientY - above];
    const near = drawn.filter(({ run, pixels }) => run.isShown && pixels.length);
    const gaps = near.map((line) => distanceTo(line, point));
    const least = Math.min(...gaps);
    return least < NEAR ** 2 ? near[gaps.indexOf(least)].run.index : null;
  };
  return { node, svg, draw, highlight, find };
}
