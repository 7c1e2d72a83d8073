// What the reader predicted: kept as first made, forgotten on request, and asked again in time.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  calibration,
  dueQuestions,
  makeRecord,
  parseRecord,
} from "../../../../lib/widgets/js/record.js";

const DAY = 24 * 60 * 60 * 1000;
const NOON = new Date("2026-01-10T12:00:00Z");

/** A storage in memory, as browsers have it. */
function makeStorage() {
  /** @type {Map<string, string>} */
  const kept = new Map();
  return {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ text) => void kept.set(key, text),
  };
}

/** @param {number} days before noon */
const ago = (days) => new Date(NOON.getTime() - days * DAY);

const WRONG = { page: "01_a", choice: "no", right: false, sure: 2 };
const RIGHT = { page: "01_a", choice: "yes", right: true, sure: 0 };

/** @type {import("../../../../lib/widgets/js/record.js").Question[]} */
const BOOK = ["a", "b", "c", "d", "e"].map((question, index) => ({
  page: index < 2 ? "00_x" : index < 4 ? "01_y" : "02_z",
  title: "A chapter",
  question,
  choices: [],
}));

test("a prediction counts as it was first made, and the last choice is shown again", () => {
  const storage = makeStorage();
  makeRecord(storage, () => ago(1)).predict("Why?", WRONG);
  makeRecord(storage, () => NOON).predict("Why?", RIGHT);
  const { predictions } = makeRecord(storage).read();
  const at = ago(1).toISOString();
  assert.deepEqual(predictions["Why?"], { ...WRONG, choice: "yes", at });
});

test("two pages write to one record", () => {
  const storage = makeStorage();
  const [one, two] = [makeRecord(storage), makeRecord(storage)];
  one.predict("a", RIGHT);
  two.predict("b", WRONG);
  one.recall("c", true);
  assert.deepEqual(Object.keys(two.read().predictions), ["a", "b"]);
  assert.equal(two.read().recalls.c.streak, 1);
});

test("a streak grows with what is right, and starts again with what is wrong", () => {
  const record = makeRecord(makeStorage());
  const streaks = [true, true, false, true].map((isRight) => {
    record.recall("a", isRight);
    return record.read().recalls.a.streak;
  });
  assert.deepEqual(streaks, [1, 2, 0, 1]);
});

test("without a storage, the record lasts as long as the page", (context) => {
  const warn = context.mock.method(console, "warn", () => {});
  const full = {
    ...makeStorage(),
    setItem: () => {
      throw new Error("no room");
    },
  };
  for (const storage of [null, full]) {
    const record = makeRecord(storage);
    record.predict("a", RIGHT);
    record.predict("b", WRONG);
    assert.deepEqual(Object.keys(record.read().predictions), ["a", "b"]);
    assert.equal(record.isKept(), false);
  }
  assert.ok(warn.mock.callCount() > 0);
});

test("what was exported can be brought back, and added to what is there", () => {
  const [one, two] = [makeRecord(makeStorage()), makeRecord(makeStorage())];
  one.predict("a", RIGHT);
  two.predict("b", WRONG);
  two.bring(JSON.stringify(one.read()));
  assert.deepEqual(Object.keys(two.read().predictions).sort(), ["a", "b"]);
  two.forget();
  assert.deepEqual(two.read(), { version: 1, predictions: {}, recalls: {} });
});

test("a file that is no record is refused with a sentence, and changes nothing", () => {
  const record = makeRecord(makeStorage());
  record.predict("a", RIGHT);
  const before = record.read();
  const files = [
    "hello", "[]", "null", '{"version": 2, "predictions": {}, "recalls": {}}',
    '{"version": 1, "predictions": {"a": {"right": "yes"}}, "recalls": {}}',
    '{"version": 1, "predictions": {}, "recalls": {"a": {"streak": 0.5, "at": "now"}}}',
  ]; // biome-ignore format: one line
  for (const text of files) {
    assert.throws(() => record.bring(text), /^Error: This file is no record of this course/);
    assert.throws(() => parseRecord(text));
  }
  assert.deepEqual(record.read(), before);
});

test("what was wrong longest ago is asked first, then what no earlier chapter has asked", () => {
  const storage = makeStorage();
  makeRecord(storage, () => ago(2)).predict("a", RIGHT);
  makeRecord(storage, () => ago(3)).predict("b", WRONG);
  makeRecord(storage, () => ago(0.5)).predict("c", WRONG); // not due before a day is over
  const due = dueQuestions(BOOK, "02_z", makeRecord(storage).read(), NOON);
  assert.deepEqual(
    due.map(({ question }) => question),
    ["b", "a", "d"],
  );
});

test("each time that it is right, a question rests twice as long", () => {
  const storage = makeStorage();
  makeRecord(storage, () => ago(9)).predict("a", RIGHT);
  makeRecord(storage, () => ago(3)).recall("a", true);
  const names = () =>
    dueQuestions(BOOK, "01_y", makeRecord(storage).read(), NOON).map(({ question }) => question);
  assert.deepEqual(names(), ["a", "b"]);
  makeRecord(storage, () => ago(3)).recall("a", true);
  assert.deepEqual(names(), ["b"]); // four days
});

test("the first chapter and unknown pages ask nothing", () => {
  const saved = makeRecord(makeStorage()).read();
  assert.deepEqual(dueQuestions(BOOK, "00_x", saved, NOON), []);
  assert.deepEqual(dueQuestions(BOOK, "index", saved, NOON), []);
});

test("calibration counts first predictions by how sure the reader was", () => {
  const record = makeRecord(makeStorage());
  record.predict("a", RIGHT);
  record.predict("b", { ...WRONG, sure: 0 });
  record.predict("c", WRONG);
  record.predict("d", { ...RIGHT, sure: null });
  const [guesses, fairly, very] = calibration(record.read());
  assert.deepEqual(
    [guesses, fairly, very],
    [
      { right: 1, of: 2 },
      { right: 0, of: 0 },
      { right: 0, of: 1 },
    ],
  );
});
