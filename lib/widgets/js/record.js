// What the reader predicted and recalled, kept in the reader's browser alone.

const KEY = "course-record";
const VERSION = 1;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * A prediction as it was first committed; `choice` is the one committed last.
 *
 * @typedef {object} Entry
 * @property {string} page name of the chapter
 * @property {string} choice text of the choice
 * @property {boolean} right whether the first commitment was right
 * @property {number | null} sure how sure the reader was then: 0, 1 or 2
 * @property {string} at when it was committed first, in ISO 8601
 */

/** @typedef {{ streak: number, at: string }} Recall how often in a row it was right, and when last */

/**
 * @typedef {object} Saved
 * @property {number} version
 * @property {Record<string, Entry>} predictions by their question
 * @property {Record<string, Recall>} recalls by their question
 */

/** @typedef {{ text: string, why: string, correct: boolean }} Choice */

/** @typedef {{ page: string, title: string, question: string, choices: Choice[] }} Question */

/** @returns {Saved} */
const nothing = () => ({ version: VERSION, predictions: {}, recalls: {} });

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * @param {unknown} entry
 * @returns {entry is Entry}
 */
const isEntry = (entry) =>
  isObject(entry) &&
  ["page", "choice", "at"].every((name) => typeof entry[name] === "string") &&
  typeof entry.right === "boolean" &&
  [null, 0, 1, 2].includes(/** @type {number | null} */ (entry.sure ?? null));

/**
 * @param {unknown} recall
 * @returns {recall is Recall}
 */
const isRecall = (recall) =>
  isObject(recall) && Number.isInteger(recall.streak) && typeof recall.at === "string";

/**
 * @param {unknown} found
 * @returns {found is Saved}
 */
const isRecord = (found) =>
  isObject(found) &&
  found.version === VERSION &&
  isObject(found.predictions) &&
  isObject(found.recalls) &&
  Object.values(found.predictions).every(isEntry) &&
  Object.values(found.recalls).every(isRecall);

/**
 * The record in a text.
 *
 * @param {string} text
 * @returns {Saved}
 * @throws {Error} it holds none; the message is for the reader.
 */
export function parseRecord(text) {
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    throw new Error("This file is no record of this course: it is not JSON.");
  }
  if (!isRecord(found)) throw new Error("This file is no record of this course.");
  return { version: VERSION, predictions: found.predictions, recalls: found.recalls };
}

/** @typedef {Pick<Storage, "getItem" | "setItem">} Keeper */

/**
 * Reads and writes what is saved in a storage. Where that fails, it lasts as long as the page.
 *
 * @param {Keeper | null} storage
 */
function makeStore(storage) {
  const store = { memory: nothing(), isKept: storage !== null };
  const read = () => {
    if (!storage || !store.isKept) return store.memory;
    try {
      const text = storage.getItem(KEY);
      return text ? parseRecord(text) : nothing();
    } catch (error) {
      console.warn("The record cannot be read:", error);
      return store.memory;
    }
  };
  /** @param {(data: Saved) => void} change */
  const update = (change) => {
    store.memory = read(); // another tab may have written
    change(store.memory);
    try {
      storage?.setItem(KEY, JSON.stringify(store.memory));
    } catch (error) {
      store.isKept = false; // the views say so
      console.warn("The record is not kept:", error);
    }
  };
  return { read, update, isKept: () => store.isKept };
}

/**
 * A record in a storage such as `localStorage`.
 *
 * @param {Keeper | null} storage
 * @param {() => Date} now
 */
export function makeRecord(storage, now = () => new Date()) {
  const { read, update, isKept } = makeStore(storage);
  /** @type {(question: string, entry: Omit<Entry, "at">) => void} */
  const predict = (question, entry) =>
    update(({ predictions }) => {
      const first = predictions[question] ?? { ...entry, at: now().toISOString() };
      predictions[question] = { ...first, choice: entry.choice };
    });
  /** @type {(question: string, isRight: boolean) => void} */
  const recall = (question, isRight) =>
    update(({ recalls }) => {
      const streak = isRight ? (recalls[question]?.streak ?? 0) + 1 : 0;
      recalls[question] = { streak, at: now().toISOString() };
    });
  /** @param {string} text */
  const bring = (text) => {
    const brought = parseRecord(text);
    update(({ predictions, recalls }) => {
      Object.assign(predictions, brought.predictions);
      Object.assign(recalls, brought.recalls);
    });
  };
  const forget = () => update((data) => Object.assign(data, nothing()));
  return { read, predict, recall, bring, forget, isKept };
}

/**
 * Questions of earlier chapters to ask again: those that are due, then those of the chapters just
 * before that the reader has not met. A question is due a day after it was answered, and twice as
 * long after each time that it was right in a row.
 *
 * @param {Question[]} questions of the book, in order
 * @param {string} page
 * @param {Saved} saved
 * @param {Date} now
 * @param {number} count
 */
export function dueQuestions(questions, page, { predictions, recalls }, now, count = 3) {
  const first = questions.findIndex((question) => question.page === page);
  const earlier = questions.slice(0, Math.max(first, 0));
  const since = ({ question = "" }) =>
    now.getTime() - Date.parse((recalls[question] ?? predictions[question]).at);
  const wait = ({ question = "" }) => DAY_MS * 2 ** (recalls[question]?.streak ?? 0);
  const met = earlier.filter(({ question }) => predictions[question] || recalls[question]);
  const due = met.filter((question) => since(question) >= wait(question));
  const isWrong = ({ question = "" }) =>
    recalls[question] ? recalls[question].streak === 0 : !predictions[question].right;
  due.sort((a, b) => Number(isWrong(b)) - Number(isWrong(a)) || since(b) - since(a));
  const fresh = earlier.filter((question) => !met.includes(question)).reverse();
  return [...due, ...fresh].slice(0, count);
}

/**
 * How often first predictions were right, for each answer to how sure the reader was.
 *
 * @param {Saved} saved
 * @returns {{ right: number, of: number }[]}
 */
export function calibration({ predictions }) {
  return [0, 1, 2].map((level) => {
    const those = Object.values(predictions).filter(({ sure }) => sure === level);
    return { right: those.filter(({ right }) => right).length, of: those.length };
  });
}
