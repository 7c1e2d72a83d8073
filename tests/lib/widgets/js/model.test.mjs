// State and time: models without a kernel, and what goes on by itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import { listen, makeSaver } from "../../../../lib/widgets/js/model.js";
import { makePlayer } from "../../../../lib/widgets/js/player.js";
import { makeModel } from "../../../../lib/widgets/js/page_model.js";

test("views hear of what has changed, and of nothing else", () => {
  const model = makeModel({ word: 0, place: [1, 2], other: "" });
  let heard = 0;
  const end = listen(model, ["word", "place"], () => {
    heard += 1;
  });
  const save = makeSaver(model);
  save({ word: 1 });
  save({ word: 1, place: [1, 2], other: "x" });
  assert.equal(heard, 1);
  save({ place: [2, 2] });
  assert.equal(heard, 2);
  end();
  save({ word: 5 });
  assert.deepEqual([heard, model.get("word"), model.get("other")], [2, 5, "x"]);
});

test("a view that ends while it is told disturbs no other", () => {
  const model = makeModel({ word: 0 });
  /** @type {string[]} */
  const heard = [];
  const end = listen(model, ["word"], () => {
    heard.push("first");
    end();
  });
  listen(model, ["word"], () => heard.push("second"));
  model.set("word", 1);
  model.set("word", 2);
  assert.deepEqual(heard, ["first", "second", "second"]);
});

/**
 * A player whose steps come when the test says so.
 *
 * @param {() => boolean} step
 */
function makeClockwork(step) {
  /** @type {boolean[]} */
  const said = [];
  /** @type {(() => void) | null} */
  let planned = null;
  /** @type {import("../../../../lib/widgets/js/player.js").Wait} */
  const wait = (call) => {
    planned = () => call(0);
    return () => {
      planned = null;
    };
  };
  const player = makePlayer({ step, wait, changed: () => said.push(player.isPlaying()) });
  const tick = () => {
    const call = planned;
    planned = null;
    call?.();
  };
  return { player, said, tick };
}

test("a player takes steps until there are no more", () => {
  let left = 3;
  const { player, said, tick } = makeClockwork(() => {
    left -= 1;
    return left > 0;
  });
  player.play();
  player.play();
  for (let i = 0; i < 9; i++) tick();
  assert.deepEqual([left, said, player.isPlaying()], [0, [true, false], false]);
});

test("a player that is stopped takes no step, also if a step stops it", () => {
  let steps = 0;
  const { player, said, tick } = makeClockwork(() => {
    steps += 1;
    if (steps === 2) player.stop();
    return true;
  });
  player.play();
  player.stop();
  tick();
  assert.equal(steps, 0);
  player.play();
  for (let i = 0; i < 9; i++) tick();
  assert.deepEqual([steps, said], [2, [true, false, true, false]]);
});
