// Lets a run of the playground train, frame by frame, while it is in view.

import { isOver, startRun, trainOnce } from "./playground_run.js";
import { makePlayer, untilNextFrame } from "./player.js";

const PER_FRAME = 2; // updates
const AHEAD_MS = 25; // of each frame, while it trains up to where a link stands

/** @typedef {import("./playground_run.js").Run} Run */
/** @typedef {import("./playground_state.js").Values} Values */
/** @typedef {ReturnType<typeof makeTraining>} Training */

/**
 * One training after another. `load` starts one and brings it, unseen, to the updates its settings
 * ask for. `changed` hears of every frame and command, `ended` when a run is over.
 *
 * @param {Values} start of the first training
 * @param {number} last the update at which a training is over
 * @param {{ put: (run: Run) => void, draw: () => void }} pictures
 * @param {{ changed: () => void, ended: () => void }} events
 */
export function makeTraining(start, last, pictures, { changed, ended }) {
  const training = { run: startRun(start, last), isPlaying: false };
  let isInView = true;
  const isBehind = () => training.run.updates < training.run.settings.updates;
  const isBusy = () => (training.isPlaying || isBehind()) && !isOver(training.run);
  const show = () => {
    pictures.draw();
    if (isOver(training.run)) training.isPlaying = false;
    changed();
    if (isOver(training.run)) ended();
  };
  /** @param {number} now */
  const advance = (now) => {
    const { run } = training;
    /** @type {(count: number) => boolean} */
    const isAhead = isBehind()
      ? () => !isBehind() || performance.now() > now + AHEAD_MS
      : (count) => count === PER_FRAME;
    for (let count = 0; !isAhead(count) && !isOver(run); count++) trainOnce(run);
    show();
    return isBusy() && isInView;
  };
  const frames = makePlayer({ step: advance, wait: untilNextFrame });
  const wake = () => {
    if (isInView && isBusy()) frames.play();
  };
  /** @param {Values} settings */
  const load = (settings) => {
    frames.stop();
    training.run = startRun(settings, last);
    pictures.put(training.run);
    show();
    wake();
  };
  /** @param {boolean} isPlaying */
  const play = (isPlaying) => {
    frames.stop(); // else the frame to come would still train
    training.isPlaying = isPlaying;
    changed();
    wake();
  };
  const step = () => {
    frames.stop();
    training.isPlaying = false;
    trainOnce(training.run);
    show();
  };
  /** @param {boolean} isSeen */
  const see = (isSeen) => {
    isInView = isSeen;
    if (isSeen) wake();
    else frames.stop();
  };
  return Object.assign(training, { load, play, step, see, stop: frames.stop });
}
