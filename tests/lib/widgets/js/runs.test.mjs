// The numbers of a command center.

import assert from "node:assert/strict";
import { test } from "node:test";
import { distance } from "../../../../lib/widgets/js/curves.js";
import {
  colorOf,
  compare,
  findDomain,
  linearTicks,
  logTicks,
  readView,
  show,
  smooth,
} from "../../../../lib/widgets/js/runs.js";
import { makeModel } from "../../../../lib/widgets/js/page_model.js";

const CURVE = { steps: 0, values: [4, 2], diverged: false };
/** @type {import("../../../../lib/widgets/js/runs.js").State} */
const STATE = {
  title: "Runs",
  x: "updates",
  metrics: [{ name: "loss", lowIsGood: true }],
  parameters: [{ name: "rate", kind: "steps", options: ["0.1", "1"], marks: [] }],
  steps: [[0, 10]],
  runs: [
    { curves: [CURVE], settings: [{ text: "0.1", option: 0, place: 0 }] },
    { curves: [{ ...CURVE, values: [4, 1] }], settings: [{ text: "1", option: 1, place: 1 }] },
    {
      curves: [{ ...CURVE, values: [], diverged: true }],
      settings: [{ text: "1", option: 1, place: 1 }],
    },
  ],
  metric: "loss",
  selected: null,
  color: "rate",
  filters: {},
  log: false,
  smoothing: 1,
};

test("numbers read as people write them", () => {
  assert.deepEqual(
    [0, -1.5, 123.4, 3.4e-5, 1e-5, -2e7].map((value) => show(value)),
    ["0.00", "−1.50", "123", "3.4 × 10⁻⁵", "10⁻⁵", "−2 × 10⁷"],
  );
});

test("a smoothed value is the mean of the last ones, fewer at the start", () => {
  assert.deepEqual(smooth([3, 1, 5, 0], 3), [3, 2, 3, 2]);
});

test("a few values far off stay out of the picture", () => {
  const [low, high] = findDomain([...Array(99).keys(), 1e6]);
  assert.ok(low < 0 && low > -20);
  assert.ok(high > 98 && high < 200);
});

test("a single value has a range around it", () => {
  const [low, high] = findDomain([5]);
  assert.ok(low < 5 && 5 < high);
});

test("ticks are round and lie within the range", () => {
  assert.deepEqual(linearTicks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(linearTicks(-3, 47, 5), [0, 10, 20, 30, 40]);
  assert.deepEqual(logTicks(-3, 0, 5), [0.001, 0.01, 0.1, 1]);
  assert.deepEqual(logTicks(0, 1.5, 5), [1, 2, 5, 10, 20]);
});

test("a missing setting is gray, a word has a color of its own, a number one of the ramp", () => {
  assert.equal(colorOf({ kind: "ramp" }, null), "var(--muted)");
  assert.equal(colorOf({ kind: "words" }, 8), "var(--word-1)");
  assert.match(colorOf({ kind: "steps" }, 1), /--ramp-4\) 100\.0%/);
  assert.match(colorOf({ kind: "steps" }, 0), /--ramp-1\) 0\.0%/);
});

test("the better run comes first and one that diverged last", () => {
  const [good, bad, lost] = [1, 2, Number.NaN].map((last) => ({
    last,
    diverged: Number.isNaN(last),
  }));
  assert.ok(compare(good, bad, true) < 0 && compare(good, bad, false) > 0);
  assert.ok(compare(lost, bad, true) > 0 && compare(lost, bad, false) > 0);
});

test("a view orders the runs that filters keep", () => {
  /** @param {Partial<typeof STATE>} changes */
  const ranks = (changes) =>
    readView(makeModel({ ...STATE, ...changes })).shown.map(({ index }) => index);
  assert.deepEqual(ranks({}), [1, 0, 2]);
  assert.deepEqual(ranks({ filters: { rate: "1" } }), [1, 2]);
  assert.deepEqual(ranks({ metrics: [{ name: "loss", lowIsGood: false }] }), [0, 1, 2]);
});

test("the distance to a piece of line ends at its ends", () => {
  assert.equal(distance([0, 3], [-5, 0], [5, 0]), 9);
  assert.equal(distance([8, 4], [-5, 0], [5, 0]), 25);
  assert.equal(distance([3, 4], [0, 0], [0, 0]), 25);
});
