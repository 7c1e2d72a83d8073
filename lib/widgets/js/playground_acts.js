// What the reader can do with a playground.

import { rangeOf } from "./playground_state.js";

/** @typedef {import("./playground.js").Desk} Desk */
/** @typedef {import("./playground_state.js").Setting} Setting */
/** @typedef {import("./playground_state.js").Story} Story */
/** @typedef {import("./playground_state.js").Values} Values */
/** @typedef {import("./playground_state.js").Loose} Loose */
/** @typedef {import("./playground_training.js").Training} Training */

/**
 * What starts another training.
 *
 * @typedef {object} Starts
 * @property {() => void} reset
 * @property {() => void} redraw
 * @property {(story: Story) => void} tell
 * @property {(changes: Loose) => void} change
 * @property {(changes: Loose) => void} attempt
 */

/** @typedef {Starts & Record<"play" | "step" | "share", () => void>} Acts */

/**
 * The settings as they are, with the updates made so far.
 *
 * @param {Training} training
 * @returns {Values}
 */
export function stateOf({ run }) {
  return { ...run.settings, updates: run.updates };
}

/**
 * What changes when other weights are drawn.
 *
 * @param {Values} settings
 * @param {[number, number]} range of seeds
 */
function nextSeed({ seed }, [first, last]) {
  return { seed: seed < last ? seed + 1 : first };
}

/**
 * What the reader can do, by the names that the bar and the lists know. They are called once the
 * desk stands, which they are a part of.
 *
 * @param {() => Desk} getDesk
 * @param {Setting[]} offered
 * @returns {Acts}
 */
export function makeActs(getDesk, offered) {
  const play = () => {
    const { training, bar, rest } = getDesk();
    training.play(!training.isPlaying);
    if (training.isPlaying) bar.say("");
    else rest();
  };
  const step = () => {
    const { training, bar, address } = getDesk();
    bar.say("");
    training.step();
    address.remember(stateOf(training));
  };
  const share = async () => {
    const { training, bar, address } = getDesk();
    const isCopied = await address.copy(stateOf(training));
    bar.say(isCopied ? "The link is copied." : "The link is selected: copy it by hand.");
  };
  return { play, step, share, ...makeStarts(getDesk, offered) };
}

/**
 * What starts another training: from the same settings, those of a story, or changed ones.
 *
 * @param {() => Desk} getDesk
 * @param {Setting[]} offered
 * @returns {Starts}
 */
function makeStarts(getDesk, offered) {
  /** @returns {Values} */
  const settings = () => ({ ...getDesk().training.run.settings, updates: 0 });
  const reset = () => {
    const { training, begin, told } = getDesk();
    training.play(false);
    begin(settings(), told.story);
  };
  /** @param {Story} story */
  const tell = (story) => {
    const { training, begin } = getDesk();
    training.play(false);
    begin(story.start, story);
  };
  /** @param {Loose} changes */
  const change = (changes) => getDesk().begin({ ...settings(), ...changes }, null);
  /** @param {Loose} changes */
  const attempt = (changes) => {
    change(changes);
    getDesk().training.play(true);
  };
  const redraw = () => change(nextSeed(settings(), rangeOf(offered, "seed")));
  return { reset, tell, change, attempt, redraw };
}
