// What the reader can choose, and how it is written in an address.

/** @typedef {string | number} Value */

/**
 * A setting: its name and either its options, which a labelled list offers, or a range of whole
 * numbers.
 *
 * @typedef {{ name: string, label: string, options: { value: Value, text: string }[] }} Choice
 * @typedef {{ name: string, range: [number, number] }} Range
 * @typedef {Choice | Range} Setting
 */

/**
 * What a training starts from: a value for each setting.
 *
 * @typedef {object} Values
 * @property {import("./toy_data.js").Problem} data
 * @property {number} points
 * @property {number} noise
 * @property {number} layers
 * @property {number} units
 * @property {import("./network.js").Activation} activation
 * @property {import("./network.js").Initialization} init
 * @property {number} lr
 * @property {number} momentum
 * @property {number} weight_decay
 * @property {number} dropout
 * @property {number} seed
 * @property {number} updates
 */

/** @typedef {Record<string, Value>} Loose any of these values, by name */

/**
 * @typedef {object} Story
 * @property {string} name
 * @property {string} question
 * @property {string} answer
 * @property {number} after updates from which the answer is told
 * @property {Values} start
 * @property {string} offer text of a button that tries something else, or ""
 * @property {Loose} changes what that button changes
 */

/**
 * @typedef {object} State
 * @property {string} title
 * @property {Values} start
 * @property {string[]} controls names of the settings that the reader may change
 * @property {Story[]} stories
 * @property {string} name what links to this playground begin with
 * @property {Setting[]} settings
 */

/**
 * The range of a setting that has one.
 *
 * @param {Setting[]} settings
 * @param {string} name
 */
export function rangeOf(settings, name) {
  const found = settings.find((setting) => setting.name === name);
  if (!found || !("range" in found)) throw new Error(`there is no range of ${name}`);
  return found.range;
}

/**
 * The option or the whole number nearest to what a text says; `fallback` where it says none.
 *
 * @param {Setting} setting
 * @param {string | null} text
 * @param {Value} fallback
 * @returns {Value}
 */
function readSetting(setting, text, fallback) {
  if (text === null || text.trim() === "") return fallback;
  const values = "options" in setting ? setting.options.map(({ value }) => value) : [];
  if (typeof fallback === "string") return values.includes(text) ? text : fallback;
  const number = Number(text);
  if (!Number.isFinite(number)) return fallback;
  if ("range" in setting) {
    const [low, high] = setting.range;
    return Math.round(Math.min(Math.max(number, low), high));
  }
  return findNearest(values.map(Number), number);
}

/**
 * @param {number[]} numbers
 * @param {number} wanted
 */
function findNearest(numbers, wanted) {
  const inside = Math.min(Math.max(wanted, numbers[0]), numbers[numbers.length - 1]);
  /** @param {number} number */
  const gap = (number) => Math.abs(number - inside);
  return numbers.reduce((best, number) => (gap(number) < gap(best) ? number : best));
}

/**
 * The values that a hash such as "#playground?data=moons&layers=3" asks for; null if it is another
 * one's. What it leaves out, or what can't be, is as in `start`.
 *
 * @param {string} hash
 * @param {string} name
 * @param {Values} start
 * @param {Setting[]} settings
 * @returns {Values | null}
 */
export function readHash(hash, name, start, settings) {
  if (!hash.startsWith(`#${name}?`)) return null;
  const given = new URLSearchParams(hash.slice(name.length + 2));
  /** @type {Loose} */
  const fallbacks = { ...start };
  /** @type {Loose} */
  const read = {};
  for (const setting of settings) {
    const { name: key } = setting;
    read[key] = readSetting(setting, given.get(key), fallbacks[key]);
  }
  return /** @type {Values} */ (read);
}

/**
 * The hash that leads to these values.
 *
 * @param {Values} values
 * @param {string} name
 * @param {Setting[]} settings
 */
export function writeHash(values, name, settings) {
  /** @type {Loose} */
  const written = { ...values };
  const entries = settings.map((setting) => [setting.name, String(written[setting.name])]);
  return `#${name}?${new URLSearchParams(entries)}`;
}
