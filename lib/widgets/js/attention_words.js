// What an attention reader reads: sentences and pictures, their words, and what it says of them.

export const PARTS = 1000; // weights are whole numbers of thousandths
export const SEEN = 20; // thousandths from which a weight is written out
/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/**
 * A sentence and its translation, or a picture and what was written about it.
 *
 * @typedef {object} Reading
 * @property {string} name
 * @property {string[]} source the words that were read, or the places of the picture
 * @property {string[]} target
 * @property {number[][]} weights in thousandths, for each target word one of each source word
 * @property {[number, number][]} links positions in target and source known to belong together
 * @property {string} truth
 * @property {number[]} wrong positions in target
 * @property {string} picture its address; "" for a sentence
 * @property {number} rows of the places
 */

/**
 * @typedef {object} State
 * @property {string} title
 * @property {Reading[]} readings
 * @property {[string, string]} languages
 * @property {number} sentence
 * @property {number} word
 * @property {boolean} framed
 * @property {boolean} marked
 */

/** @typedef {import("./model.js").Model<State>} ReaderModel */
/** @param {number} weight */
export const percent = (weight) => `${Math.round((100 * weight) / PARTS)}%`;

/** @param {ReaderModel} model */
export function readingOf(model) {
  return model.get("readings")[model.get("sentence")];
}

/**
 * The positions that the chosen word is known to be about.
 *
 * @param {ReaderModel} model
 */
export function aboutOf(model) {
  const word = model.get("word");
  const links = readingOf(model).links.filter(([j]) => j === word);
  return new Set(links.map(([, i]) => i));
}

/**
 * The word that a key leads to, around the ends; null if the key does not move.
 *
 * @param {number} word
 * @param {number} count
 * @param {string} key
 */
export function stepFrom(word, count, key) {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return key in STEPS ? (word + STEPS[key] + count) % count : null;
}

/**
 * Where it looked, in words.
 *
 * @param {ReaderModel} model
 */
export function tell(model) {
  const { source, target, weights, picture, wrong } = readingOf(model);
  const word = model.get("word");
  const order = source.map((_, i) => i).sort((a, b) => weights[word][b] - weights[word][a]);
  const seen = order.filter((i) => weights[word][i] >= SEEN).slice(0, 3);
  /** @param {number} i */
  const named = (i) => (picture ? source[i] : `“${source[i]}”`);
  const shares = seen.map((i) => `${named(i)} (${percent(weights[word][i])})`);
  const looked = shares.join(picture ? "; " : ", ") || "nowhere in particular";
  const told = [`Before it wrote “${target[word]}”, it looked at ${looked}.`];
  const right = [...aboutOf(model)].map(named);
  if (model.get("framed") && right.length) {
    told.push(picture ? "The word is about what is framed." : `It translates ${right.join(", ")}.`);
  }
  if (model.get("marked") && wrong.includes(word)) told.push("This word is wrong.");
  return told.join(" ");
}

/**
 * What should have been written, where something is wrong.
 *
 * @param {ReaderModel} model
 */
export function tellRight(model) {
  const { truth, wrong, target } = readingOf(model);
  if (!model.get("marked") || !truth) return "";
  if (truth === target.join(" ")) return "All of it is right.";
  return `${wrong.length ? "" : "Words are missing. "}Right would be: ${truth}`;
}

/**
 * What to print: of the first text's words whose meaning is known, the one with the sharpest look.
 *
 * @param {ReaderModel} model
 */
export function chooseStill(model) {
  const { target, weights, links } = model.get("readings")[0];
  const known = target.map((_, j) => j).filter((j) => links.some(([word]) => word === j));
  const words = known.length ? known : [...target.keys()];
  /** @param {number} j */
  const sharpness = (j) => Math.max(...weights[j]);
  const word = words.reduce((best, j) => (sharpness(j) > sharpness(best) ? j : best));
  return { sentence: 0, word, framed: known.length > 0 };
}
