// What the playground draws and reads.

import assert from "node:assert/strict";
import { test } from "node:test";
import { contour, countBins, GRID } from "../../../../lib/widgets/js/playground_pictures.js";
import { rangeOf, readHash, writeHash } from "../../../../lib/widgets/js/playground_state.js";
import { drawLine, haveSameData } from "../../../../lib/widgets/js/playground_view.js";

/** @type {import("../../../../lib/widgets/js/playground_state.js").Setting[]} */
const SETTINGS = [
  {
    name: "data",
    label: "Data",
    options: ["moons", "xor"].map((value) => ({ value, text: value })),
  },
  { name: "lr", label: "Rate", options: [0.1, 1].map((value) => ({ value, text: `${value}` })) },
  { name: "seed", range: [0, 9] },
];
const READ = /** @type {const} */ ({ data: "moons", lr: 0.1, seed: 1 }); // of an address
/** @type {import("../../../../lib/widgets/js/playground_state.js").Values} */
const START = {
  ...READ,
  points: 100,
  noise: 0,
  layers: 1,
  units: 4,
  activation: "tanh",
  init: "glorot",
  momentum: 0,
  weight_decay: 0,
  dropout: 0,
  updates: 0,
};

test("an address leads back to the values it was written from", () => {
  const values = /** @type {const} */ ({ data: "xor", lr: 1, seed: 7 });
  const written = writeHash({ ...START, ...values }, "play", SETTINGS);
  assert.deepEqual(readHash(written, "play", START, SETTINGS), values);
  assert.equal(readHash("#other?seed=2", "play", START, SETTINGS), null);
});

test("what an address cannot ask for is as at the start, or as near as can be", () => {
  /** @param {string} query */
  const read = (query) => readHash(`#play?${query}`, "play", START, SETTINGS);
  assert.deepEqual(read("data=constructor&lr=0.7&seed=99.6"), { data: "moons", lr: 1, seed: 9 });
  assert.deepEqual(read("lr=&seed=x"), READ);
});

test("a setting without a range is no range", () => {
  assert.deepEqual(rangeOf(SETTINGS, "seed"), [0, 9]);
  assert.throws(() => rangeOf(SETTINGS, "data"), /no range of data/);
});

test("values beyond a histogram count at its ends", () => {
  const counts = countBins([-9, 0, 0.5, 9], [0, 1]);
  assert.deepEqual([counts[0], counts[12], counts.at(-1)], [2, 1, 1]);
});

test("a contour runs where the field changes its sign", () => {
  const path = contour((k) => (k % GRID) - 10.5);
  const places = [...path.matchAll(/([\d.]+) [\d.]+/g)].map(([, x]) => Number(x));
  assert.deepEqual(new Set(places), new Set([11]));
  assert.equal(
    contour(() => 1),
    "",
  );
});

test("a curve keeps its picture, and what is higher leaves it by one height", () => {
  const history = [
    { updates: 0, train: 0, validation: 9 },
    { updates: 50, train: 1, validation: 9 },
  ];
  assert.equal(drawLine(history, "train", 100, 1), "M0 1L0.5 0");
  assert.equal(drawLine(history, "validation", 100, 1), "M0 -1L0.5 -1");
  assert.equal(drawLine([], "train", 100, 1), "");
});

test("runs can be compared on the same points only", () => {
  const one = /** @type {const} */ ({ data: "xor", points: 20, noise: 0 });
  assert.ok(haveSameData(one, { ...one }));
  assert.ok(!haveSameData(one, { ...one, noise: 0.1 }));
});
