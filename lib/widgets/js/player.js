// Lets a widget go on by itself, step by step, until it has come to its end.

import { element } from "./dom.js";

export const PLAY = "M4 2.5v11l9-5.5z";
export const PAUSE = "M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z";

/**
 * Calls `call` later, with the time in milliseconds; what it returns calls that off.
 *
 * @typedef {(call: (now: number) => void) => () => void} Wait
 */

/**
 * @typedef {object} Player
 * @property {() => void} play goes on, if it does not already
 * @property {() => void} stop
 * @property {() => boolean} isPlaying
 */

/** @type {Wait} */
export const untilNextFrame = (call) => {
  const frame = requestAnimationFrame(call);
  return () => cancelAnimationFrame(frame);
};

/**
 * Takes step after step, the first one when `wait` says so. `step` returns whether there are more;
 * `changed` hears when it has started and when it has stopped.
 *
 * @param {{ step: (now: number) => boolean, wait: Wait, changed?: () => void }} parts
 * @returns {Player}
 */
export function makePlayer({ step, wait, changed = () => {} }) {
  /** @type {(() => void) | null} */
  let cancel = null; // the step to come; null while it rests
  const stop = () => {
    if (cancel === null) return;
    cancel();
    cancel = null;
    changed();
  };
  /** @param {number} now */
  const advance = (now) => {
    const planned = cancel;
    const hasMore = step(now);
    if (cancel !== planned) return; // the step has stopped it
    if (hasMore) cancel = wait(advance);
    else stop();
  };
  const play = () => {
    if (cancel !== null) return;
    cancel = wait(advance);
    changed();
  };
  return { play, stop, isPlaying: () => cancel !== null };
}

/** @typedef {(button: HTMLButtonElement, isPlaying: boolean) => void} Draw */

/**
 * Draws a play button that says what a press will do.
 *
 * @type {Draw}
 */
function showInWords(button, isPlaying) {
  button.classList.add("course-button");
  button.textContent = isPlaying ? "❚❚ Pause" : "▶ Play";
}

/**
 * A button that plays and pauses. `begin` takes the first step; `step` takes another, and returns
 * whether there are more; `pause` gives the milliseconds between two. `show` draws the button,
 * `end` hears when it has stopped.
 *
 * @param {object} parts
 * @param {() => void} parts.begin
 * @param {() => boolean} parts.step
 * @param {() => number} parts.pause
 * @param {Draw} [parts.show]
 * @param {() => void} [parts.end]
 */
export function makePlayButton({ begin, step, pause, show = showInWords, end = () => {} }) {
  const button = element("button", { type: "button", class: "course-play" });
  /** @type {Wait} */
  const wait = (call) => {
    const timer = window.setTimeout(() => call(performance.now()), pause());
    return () => clearTimeout(timer);
  };
  const changed = () => {
    show(button, player.isPlaying());
    if (!player.isPlaying()) end();
  };
  const player = makePlayer({ step, wait, changed });
  button.addEventListener("click", () => {
    if (player.isPlaying()) return player.stop();
    begin();
    player.play();
  });
  show(button, false);
  return { button, stop: player.stop, isPlaying: player.isPlaying };
}
