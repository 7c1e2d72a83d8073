// Where keys lead, where frames stand, and what covers what.

import assert from "node:assert/strict";
import { test } from "node:test";
import { stepFrom as stepWord } from "../../../../lib/widgets/js/attention_words.js";
import { chooseRows } from "../../../../lib/widgets/js/runs_table.js";
import {
  findMissed,
  shapeOf,
  stepFrom as stepOutput,
  sumOf,
} from "../../../../lib/widgets/js/convolution_shape.js";
import { tellFit, tellPlace } from "../../../../lib/widgets/js/convolution_words.js";
import { frameIndex } from "../../../../lib/widgets/js/frame_explorer.js";
import { findNext } from "../../../../lib/widgets/js/picture_map_plane.js";

const SETTINGS = { size: 7, filter: 3, stride: 1, padding: 0, channels: 3, filters: 6 };

/** @param {Partial<ReturnType<typeof shapeOf>>} changes */
const make = (changes = {}) => shapeOf({ ...SETTINGS, row: 0, column: 0, ...changes });

test("the last control of an explorer varies fastest", () => {
  const controls = [{ texts: ["a", "b"] }, { texts: ["x", "y", "z"] }];
  const order = [0, 1].flatMap((i) => [0, 1, 2].map((j) => frameIndex(controls, [i, j])));
  assert.deepEqual(order, [0, 1, 2, 3, 4, 5]);
});

test("keys move around the ends of a sentence, and others do not move", () => {
  const keys = ["ArrowRight", "ArrowLeft", "Home", "End", "a"];
  assert.deepEqual(
    keys.map((key) => stepWord(2, 3, key)),
    [0, 1, 0, 2, null],
  );
});

test("the closest picture ahead is found, not one aside or hidden", () => {
  /** @type {[number, number][]} */
  const places = [
    [0, 0],
    [10, 0],
    [4, 3],
    [1, 5],
  ];
  const isShown = () => true;
  assert.equal(findNext(places, 0, [1, 0], isShown), 1);
  const isOther = (/** @type {number} */ index) => index !== 1;
  assert.equal(findNext(places, 0, [1, 0], isOther), 2);
  assert.equal(findNext(places, 0, [0, 1], isShown), 3);
  assert.equal(findNext(places, 0, [-1, 0], isShown), null);
});

test("a table has room for five runs, and for the selected one", () => {
  const runs = [...Array(8).keys()].map((index) => ({ index }));
  const shown = (/** @type {number | null} */ selected) =>
    chooseRows(runs, selected).map(({ index }) => index);
  assert.deepEqual(shown(null), [0, 1, 2, 3, 4]);
  assert.deepEqual(shown(2), [0, 1, 2, 3, 4]);
  assert.deepEqual(shown(6), [0, 1, 2, 3, 6]);
});

test("a convolution has the outputs that its formula gives", () => {
  assert.equal(make().output, 5);
  assert.equal(make({ size: 227, filter: 11, stride: 4 }).output, 55);
  assert.equal(make({ size: 3, filter: 5 }).output, 0);
  assert.deepEqual(findMissed(make({ stride: 3 })), [6]);
  assert.deepEqual(findMissed(make({ size: 3, filter: 5 })), []);
});

test("the chosen output stays within the outputs", () => {
  const { row, column, last } = make({ row: 9, column: 9 });
  assert.deepEqual([row, column, last], [4, 4, 4]);
  assert.deepEqual(stepOutput(make({ row: 4, column: 4 }), "ArrowDown"), { row: 4, column: 4 });
  assert.deepEqual(stepOutput(make(), "End"), { row: 4, column: 4 });
  assert.equal(stepOutput(make(), "Tab"), undefined);
});

test("the filter finds the edge of the toy picture and nothing where it is flat", () => {
  const [flat, edge] = [0, 4].map((column) => sumOf(make(), 4, column));
  assert.equal(flat, 0);
  assert.notEqual(edge, 0);
});

test("what is said fits the shape", () => {
  assert.match(tellFit(make()), /^It fits/);
  assert.match(tellFit(make({ size: 3, filter: 5 })), /does not fit: it is 5 wide/);
  assert.match(tellFit(make({ stride: 3 })), /never reaches 1 of the picture’s 7 columns/);
  assert.equal(tellPlace(make({ size: 3, filter: 5 })), "");
  assert.match(tellPlace(make({ row: 1 })), /rows 2 to 4, columns 1 to 3 of the picture/);
});
