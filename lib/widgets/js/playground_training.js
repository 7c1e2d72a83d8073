// Lets a run of the playground train, frame by frame, while it is in view.

import { isOver, startRun, trainOnce } from "./playground_run.js";
import { makePlayer, untilNextFrame } from "./player.js";

const PER_FRAME = 2; // updates
const AHEAD_MS = 25; // of each frame, while it trains up to where a link stands

/** @typedef {import("./playground_run.js").Run} Run */
/** @typedef {import("./playground_state.js").Values} Values */

/**
 * Whether a run has yet to reach, unseen, the updates that its settings ask for.
 *
 * @param {Run} run
 */
function isBehind({ updates, settings }) {
  return updates < settings.updates;
}

/**
 * Trains for one frame: a few updates or, up to where a link stands, as many as there is time for.
 *
 * @param {Run} run
 * @param {number} now when the frame began
 */
function trainFrame(run, now) {
  /** @type {(count: number) => boolean} */
  const isEnough = isBehind(run)
    ? () => !isBehind(run) || performance.now() > now + AHEAD_MS
    : (count) => count === PER_FRAME;
  for (let count = 0; !isEnough(count) && !isOver(run); count++) trainOnce(run);
}

/** One training after another. */
export class Training {
  isPlaying = false;
  #isInView = true;
  #frames = makePlayer({ step: (now) => this.#advance(now), wait: untilNextFrame });

  /**
   * @param {Values} start of the first training
   * @param {number} last the update at which a training is over
   * @param {{ put: (run: Run) => void, draw: () => void }} pictures
   * @param {{ changed: () => void, ended: () => void }} events `changed` hears of every frame and
   *     command, `ended` when a run is over
   */
  constructor(start, last, pictures, events) {
    this.run = startRun(start, last);
    this.last = last;
    this.pictures = pictures;
    this.events = events;
  }

  /**
   * Starts a training and brings it, unseen, to the updates that its settings ask for.
   *
   * @param {Values} settings
   */
  load(settings) {
    this.#frames.stop();
    this.run = startRun(settings, this.last);
    this.pictures.put(this.run);
    this.#show();
    this.#wake();
  }

  /**
   * Trains on or pauses; a run that is over stays as it is.
   *
   * @param {boolean} isPlaying
   */
  play(isPlaying) {
    this.#frames.stop(); // else the frame to come would still train
    this.isPlaying = isPlaying && !isOver(this.run);
    this.events.changed();
    this.#wake();
  }

  /** Makes one update, unless the run is over. */
  step() {
    this.#frames.stop();
    this.isPlaying = false;
    if (!isOver(this.run)) trainOnce(this.run);
    this.#show();
  }

  /**
   * Trains on or rests, as the reader sees it or not.
   *
   * @param {boolean} isSeen
   */
  see(isSeen) {
    this.#isInView = isSeen;
    if (isSeen) this.#wake();
    else this.stop();
  }

  stop() {
    this.#frames.stop();
  }

  #isBusy() {
    return (this.isPlaying || isBehind(this.run)) && !isOver(this.run);
  }

  #wake() {
    if (this.#isInView && this.#isBusy()) this.#frames.play();
  }

  /** @param {number} now */
  #advance(now) {
    trainFrame(this.run, now);
    this.#show();
    return this.#isBusy() && this.#isInView;
  }

  #show() {
    this.pictures.draw();
    if (isOver(this.run)) this.isPlaying = false;
    this.events.changed();
    if (isOver(this.run)) this.events.ended();
  }
}
