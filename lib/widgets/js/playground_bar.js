// What the reader presses and chooses on a playground's card.

import { makeButton, makeList } from "./controls.js";
import { element, icon, uniqueId } from "./dom.js";
import { PAUSE, PLAY } from "./player.js";
import { canShare } from "./playground_address.js";
import { isOver } from "./playground_run.js";

/** @typedef {import("./playground_state.js").Choice} Choice */
/** @typedef {import("./playground_state.js").Loose} Loose */
/** @typedef {import("./playground_state.js").Story} Story */
/** @typedef {import("./playground_training.js").Training} Training */

/**
 * A labelled list of a setting's options; `put` makes it stand at a value.
 *
 * @param {Choice} setting
 * @param {(changes: Loose) => void} choose
 */
export function makeChoice({ name, label, options }, choose) {
  const texts = options.map(({ text }) => text);
  const attributes = { id: uniqueId(), "data-setting": name };
  const input = makeList(texts, (index) => choose({ [name]: options[index].value }), attributes);
  /** @param {Loose} values */
  const put = (values) => {
    input.value = String(options.findIndex(({ value }) => value === values[name]));
  };
  const row = element("div", { class: "course-row" }, input);
  return { node: element("div", {}, element("label", { for: input.id }, label), row), put };
}

/**
 * A button per story; `put` shows which one is told.
 *
 * @param {Story[]} stories
 * @param {(story: Story) => void} tell
 */
export function makeStories(stories, tell) {
  const buttons = stories.map((story) => makeButton(story.name, () => tell(story)));
  const group = { class: "course-stories", role: "group", "aria-label": "Stories" };
  /** @param {Story | null} told */
  const put = (told) => {
    buttons.forEach((button, i) => {
      button.setAttribute("aria-pressed", String(stories[i] === told));
    });
  };
  return { nodes: stories.length ? [element("div", group, ...buttons)] : [], put };
}

/** @param {{ updates: number }} run */
export function countUpdates({ updates }) {
  return `${updates} ${updates === 1 ? "update" : "updates"}`;
}

/**
 * The buttons, the count of updates, and a line that tells in words what happened.
 *
 * @param {Record<"play" | "step" | "reset" | "redraw" | "share", () => void>} acts
 */
export function makeBar(acts) {
  const play = makeButton("", acts.play, { class: "course-button course-primary course-play" });
  const step = makeButton("Step", acts.step);
  const others = [makeButton("Reset", acts.reset), makeButton("New weights", acts.redraw)];
  if (canShare()) others.push(makeButton("Copy link", acts.share));
  const count = element("span", { class: "course-count" });
  const status = element("p", { class: "course-status", role: "status" });
  const told = element("div", { class: "course-stand" }, count, status);
  const node = element("div", { class: "course-bar" }, play, step, ...others, told);
  /** @param {Pick<Training, "run" | "isPlaying">} training */
  const put = ({ run, isPlaying }) => {
    const name = isPlaying ? "Pause" : "Play";
    if (play.textContent !== name) play.replaceChildren(icon(isPlaying ? PAUSE : PLAY), name);
    // Disabled, the button that was pressed last would lose the focus.
    for (const button of [play, step]) button.setAttribute("aria-disabled", String(isOver(run)));
    count.textContent = countUpdates(run);
  };
  /** @param {string} text */
  const say = (text) => {
    if (status.textContent !== text) status.textContent = text;
  };
  return { node, put, say };
}
