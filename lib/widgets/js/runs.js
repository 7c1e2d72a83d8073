// The numbers behind a command center: what its picture and its table show of each run.

const STOPS = 5; // of the color ramp: --ramp-0 and on
const WORDS = 7; // colors for words: --word-0 and on
const EXPONENT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** @typedef {[number, number]} Point */
/** @typedef {"words" | "steps" | "ramp"} Kind */

/**
 * How a run's setting reads, which option keeps it, and where its color lies: the index of a word,
 * or 0 to 1 on the ramp; null where the run has none.
 *
 * @typedef {{ text: string, option: number, place: number | null }} Setting
 */

/**
 * A hyperparameter, with the texts a filter lists and those that mark the ramp.
 *
 * @typedef {{ name: string, kind: Kind, options: string[], marks: string[] }} Parameter
 */

/** @typedef {{ steps: number, values: number[], diverged: boolean }} Curve */

/**
 * @typedef {object} State
 * @property {string} title
 * @property {string} x label of the horizontal axis
 * @property {{ name: string, lowIsGood: boolean }[]} metrics
 * @property {Parameter[]} parameters
 * @property {number[][]} steps those of each curve, by the curve's number
 * @property {{ curves: Curve[], settings: Setting[] }[]} runs
 * @property {string} metric
 * @property {string} color name of the hyperparameter that colors
 * @property {Record<string, string>} filters the option that is kept, by hyperparameter
 * @property {number | null} selected
 * @property {boolean} log
 * @property {number} smoothing
 */

/**
 * An axis: its scale, and round numbers between two ends, which are given on that scale.
 *
 * @typedef {object} Unit
 * @property {(value: number) => number} forward
 * @property {(low: number, high: number, count: number) => number[]} makeTicks
 */

/** @type {Unit} */
const LINEAR = { forward: (value) => value, makeTicks: linearTicks };
/** @type {Unit} */
const LOG = { forward: Math.log10, makeTicks: logTicks };

/** @typedef {ReturnType<typeof readRun>} Run */
/** @typedef {ReturnType<typeof readView>} Seen */

/**
 * A number as text: as `plain` says or, very large or small, as 3.4 × 10⁻⁵.
 *
 * @param {number} value
 * @param {string} plain
 */
export function show(
  value,
  plain = Math.abs(value) < 100 ? value.toPrecision(3) : value.toFixed(0),
) {
  const [factor, exponent] = value.toExponential(2).split("e").map(Number);
  if (value === 0 || (exponent > -5 && exponent < 6)) return plain.replace("-", "−");
  const raised = [...`${exponent}`].map((sign) => EXPONENT[Number(sign)] ?? "⁻").join("");
  return factor === 1 ? `10${raised}` : `${factor} × 10${raised}`.replace("-", "−");
}

/**
 * The mean of each value and those before it, `count` in all.
 *
 * @param {number[]} values
 * @param {number} count
 */
export function smooth(values, count) {
  return values.map((_, index) => {
    const recent = values.slice(Math.max(0, index + 1 - count), index + 1);
    return recent.reduce((sum, value) => sum + value, 0) / recent.length;
  });
}

/**
 * From the smallest to the largest value; a few far off, of runs about to diverge, stay out.
 *
 * @param {number[]} values
 * @returns {Point}
 */
export function findDomain(values) {
  const sorted = values.toSorted((one, other) => one - other);
  /** @param {number} share */
  const quantile = (share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const slack = (quantile(0.95) - quantile(0.05)) / 2;
  const low = Math.max(quantile(0), quantile(0.05) - slack);
  const high = Math.min(quantile(1), quantile(0.95) + slack);
  const margin = (high - low) / 25 || Math.abs(high) / 10 || 1;
  return [low - margin, high + margin];
}

/**
 * About `count` round numbers from low to high.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
export function linearTicks(low, high, count) {
  const power = 10 ** Math.floor(Math.log10((high - low) / count));
  const factor = [1, 2, 5].find((times) => times * power * count >= high - low) ?? 10;
  const step = power * factor;
  const first = Math.ceil(low / step);
  const indices = Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => first + i);
  return indices.map((index) => Number((index * step).toPrecision(6)));
}

/**
 * Round numbers from 10^low to 10^high: powers of ten and, where these are few, some between.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
export function logTicks(low, high, count) {
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

/**
 * @param {Pick<Parameter, "kind">} parameter
 * @param {number | null} place of a setting
 */
export function colorOf({ kind }, place) {
  if (place === null) return "var(--muted)";
  if (kind === "words") return `var(--word-${place % WORDS})`;
  const stop = Math.min(Math.floor(place * (STOPS - 1)), STOPS - 2);
  const share = (100 * (place * (STOPS - 1) - stop)).toFixed(1);
  return `color-mix(in srgb, var(--ramp-${stop + 1}) ${share}%, var(--ramp-${stop}))`;
}

/**
 * The better run first, one that diverged last.
 *
 * @param {Pick<Run, "diverged" | "last">} one
 * @param {Pick<Run, "diverged" | "last">} other
 * @param {boolean} lowIsGood
 */
export function compare(one, other, lowIsGood) {
  if (one.diverged || other.diverged) return Number(one.diverged) - Number(other.diverged);
  return lowIsGood ? one.last - other.last : other.last - one.last;
}

/**
 * What the reader asked for, as it bears on each run.
 *
 * @typedef {object} Wanted
 * @property {Parameter[]} parameters
 * @property {number[][]} steps
 * @property {number} smoothing
 * @property {number} which index of the metric
 * @property {number} axis index of the hyperparameter that colors
 * @property {number[]} kept for each hyperparameter the option to keep, or -1
 */

/**
 * One run as it is seen: its line in the units of the axes, and how its settings read.
 *
 * @param {State["runs"][number]} run
 * @param {number} index
 * @param {Wanted} wanted
 */
function readRun({ curves, settings }, index, { which, axis, kept, parameters, steps, smoothing }) {
  const { values, diverged, steps: at } = curves[which];
  const heights = smooth(values, smoothing);
  const last = heights.at(-1) ?? Number.NaN; // none where it diverged at once
  const texts = parameters.map(({ name }, i) => `${name} ${settings[i].text}`);
  return {
    index,
    settings,
    diverged,
    name: `Run ${index + 1}: ${texts.join(", ")}`,
    points: heights.map((height, point) => /** @type {Point} */ ([steps[at][point], height])),
    last,
    result: diverged ? "diverged" : show(last),
    color: colorOf(parameters[axis], settings[axis].place),
    isShown: kept.every((option, i) => option < 0 || settings[i].option === option),
  };
}

/**
 * What the reader asked for: all runs with their lines, and those shown, the best first.
 *
 * @param {import("./model.js").Model<State>} model
 */
export function readView(model) {
  const [parameters, metrics] = [model.get("parameters"), model.get("metrics")];
  const [metric, color, filters] = [model.get("metric"), model.get("color"), model.get("filters")];
  const [steps, smoothing] = [model.get("steps"), model.get("smoothing")];
  const which = metrics.findIndex(({ name }) => name === metric);
  const axis = parameters.findIndex(({ name }) => name === color);
  const kept = parameters.map(({ name, options }) => options.indexOf(filters[name]));
  const wanted = { parameters, steps, smoothing, which, axis, kept };
  const runs = model.get("runs").map((run, index) => readRun(run, index, wanted));
  const shown = runs.filter(({ isShown }) => isShown);
  shown.sort((one, other) => compare(one, other, metrics[which].lowIsGood));
  const canLog = runs.every(({ points }) => points.every(([, height]) => height > 0));
  const unit = canLog && model.get("log") ? LOG : LINEAR;
  const seen = { ...wanted, metrics, metric, color, filters, x: model.get("x") };
  return { ...seen, runs, shown, canLog, unit };
}
