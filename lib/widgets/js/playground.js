// A small network that trains in the page: the reader chooses, presses play and watches.

import { makeButton } from "./controls.js";
import { card, element, uniqueId } from "./dom.js";
import { makeActs, stateOf } from "./playground_acts.js";
import { makeAddress } from "./playground_address.js";
import { countUpdates, makeBar, makeChoice, makeStories } from "./playground_bar.js";
import { isOver, observe } from "./playground_run.js";
import { rangeOf } from "./playground_state.js";
import { Training } from "./playground_training.js";
import { describe, makePictures } from "./playground_view.js";

const HINT = "Make your guess, then press play.";
const FIRST = ["data", "layers", "activation", "lr"]; // shown while the other lists are folded
const MANY = 6; // lists, from which some are folded
const FREE =
  "Every change starts over from the same weights, with the run before as a dotted line.";
const THEMES = { attributeFilter: ["data-theme", "theme", "data-jp-theme-light"] };

/** @typedef {import("./playground_run.js").Run} Run */
/** @typedef {import("./playground_state.js").State} State */
/** @typedef {import("./playground_state.js").Story} Story */
/** @typedef {import("./playground_state.js").Values} Values */
/** @typedef {import("./playground_state.js").Loose} Loose */
/** @typedef {ReturnType<typeof makeDesk>} Desk */

/**
 * What stands below a story's question: its answer, once there was something to see.
 *
 * @param {Story | null} story
 * @param {number} updates
 */
function writeNote(story, updates) {
  if (!story) return FREE;
  return isTold(story, updates) ? story.answer : HINT;
}

/**
 * Whether a story's answer stands below its question.
 *
 * @param {Story | null} story
 * @param {number} updates
 */
const isTold = (story, updates) => story !== null && updates >= story.after;

/**
 * How a training ended or where it rests.
 *
 * @param {Run} run
 */
function writeStatus(run) {
  if (run.diverged) {
    return `Diverged after ${countUpdates(run)}: its numbers are too large for a computer.`;
  }
  return `${isOver(run) ? "Stopped" : "Paused"}: ${describe(observe(run))}.`;
}

/**
 * The question and the note below the pictures, with a button for what the answer offers; `story` is
 * the one that is told. `follow` says whether its answer has just appeared.
 *
 * @param {string} question of the playground itself
 * @param {Story[]} stories
 * @param {(changes: Loose) => void} attempt
 */
function makeTold(question, stories, attempt) {
  const title = element("p", { class: "course-title", id: uniqueId(), "aria-live": "polite" });
  const note = element("p", { class: "course-note", "aria-live": "polite" });
  const offer = makeButton("", () => attempt(told.story?.changes ?? {}));
  const told = { story: /** @type {Story | null} */ (null) };
  /** @param {Story | null} story */
  const put = (story) => {
    told.story = story;
    title.textContent = story?.question ?? question;
    offer.textContent = story?.offer ?? "";
    offer.hidden = true;
  };
  /** @param {number} updates */
  const follow = (updates) => {
    const text = stories.length ? writeNote(told.story, updates) : "";
    const isNew = note.textContent !== text && text === told.story?.answer;
    if (note.textContent !== text) note.textContent = text;
    offer.hidden = !told.story?.offer || !isTold(told.story, updates);
    return isNew;
  };
  const node = element("div", { class: "course-told" }, note, offer);
  node.hidden = stories.length === 0;
  return Object.assign(told, { title, node, put, follow });
}

/**
 * A list for each setting that the reader may change; if they are many, some are to be folded away.
 *
 * @param {import("./model.js").Model<State>} model
 * @param {(changes: Loose) => void} change
 */
function makeChoices(model, change) {
  const offered = model.get("settings").filter((setting) => "options" in setting);
  const shown = offered.filter(({ name }) => model.get("controls").includes(name));
  const choices = shown.map((setting) => makeChoice(setting, change));
  /** @param {Values} values */
  const put = (values) => {
    for (const choice of choices) choice.put({ ...values });
  };
  const isFolded = shown.map(({ name }) => shown.length > MANY && !FIRST.includes(name));
  const nodes = choices.filter((_, i) => !isFolded[i]).map(({ node }) => node);
  const folded = choices.filter((_, i) => isFolded[i]).map(({ node }) => node);
  return { nodes, folded, put };
}

/**
 * Everything on the card, and the training behind it. `load` starts another training, of a story or
 * of the reader's own; with `begin` the page's address follows; `rest` says where it stands, now that
 * it does.
 *
 * @param {import("./model.js").Model<State>} model
 */
function makeDesk(model) {
  const [settings, stories] = [model.get("settings"), model.get("stories")];
  const acts = makeActs(() => desk, settings);
  const told = makeTold(model.get("title"), stories, acts.attempt);
  const pictures = makePictures();
  const address = makeAddress(model.get("name"), settings);
  const [bar, tellers] = [makeBar(acts), makeStories(stories, acts.tell)];
  const choices = makeChoices(model, acts.change);
  const rest = () => {
    bar.say(writeStatus(training.run));
    address.remember(stateOf(training));
  };
  const changed = () => {
    bar.put(training);
    if (!told.follow(training.run.updates) || !training.isPlaying) return;
    training.play(false); // so that the answer can be read next to what it is about
    rest();
  };
  const [, last] = rangeOf(settings, "updates");
  const training = new Training(model.get("start"), last, pictures, { changed, ended: rest });
  const parts = { told, pictures, address, bar, tellers, choices, training };
  const desk = { ...parts, ...makeLoaders(parts), rest };
  return desk;
}

/**
 * @param {object} parts
 * @param {ReturnType<typeof makeTold>} parts.told
 * @param {ReturnType<typeof makeAddress>} parts.address
 * @param {ReturnType<typeof makeBar>} parts.bar
 * @param {ReturnType<typeof makeStories>} parts.tellers
 * @param {ReturnType<typeof makeChoices>} parts.choices
 * @param {Training} parts.training
 */
function makeLoaders({ told, address, bar, tellers, choices, training }) {
  /** @type {(values: Values, story: Story | null) => void} */
  const load = (values, story) => {
    told.put(story);
    address.field.hidden = true;
    bar.say("");
    choices.put(values);
    tellers.put(story);
    training.load(values);
  };
  /** @type {(values: Values, story: Story | null) => void} */
  const begin = (values, story) => {
    load(values, story);
    address.remember(values);
  };
  return { load, begin };
}

/** @param {Desk} desk */
function makeCard({ told, pictures, address, bar, tellers, choices }) {
  const controls = element("div", { class: "course-controls" }, ...choices.nodes);
  const folded = element("div", { class: "course-controls" }, ...choices.folded);
  const more = element("details", {}, element("summary", {}, "More settings"), folded);
  const parts = [pictures.boundary, bar.node, told.node, pictures.inside];
  return card(
    { class: "course-playground", role: "group", "aria-labelledby": told.title.id },
    "Playground",
    ...tellers.nodes,
    told.title,
    element("div", { class: "course-body" }, ...parts),
    address.field,
    controls,
    ...(choices.folded.length ? [more] : []),
  );
}

/**
 * Draws again once the card is on the page (before, it knows no colors) and when the page's theme
 * changes, and trains only while the card is in view. Returns a function that ends this.
 *
 * @param {HTMLElement} root
 * @param {Desk} desk
 */
function watch(root, { training, pictures }) {
  const themes = new MutationObserver(() => pictures.draw());
  for (const node of [document.documentElement, document.body]) themes.observe(node, THEMES);
  const sizes = new ResizeObserver(() => pictures.draw());
  sizes.observe(root);
  const views = new IntersectionObserver((seen) => {
    training.see(seen[seen.length - 1].isIntersecting);
  });
  views.observe(root);
  return () => {
    for (const observer of [themes, sizes, views]) observer.disconnect();
    training.stop();
  };
}

/** @param {import("./model.js").View<State>} view */
function render({ model, el }) {
  const desk = makeDesk(model);
  const { address, training, load } = desk;
  const root = makeCard(desk);
  el.append(root);
  const open = () => {
    const linked = address.read(model.get("start"));
    const story = linked ? null : (model.get("stories")[0] ?? null);
    load(linked ?? story?.start ?? model.get("start"), story);
  };
  const reopen = () => {
    if (!address.read(model.get("start"))) return;
    training.play(false);
    open();
  };
  open();
  window.addEventListener("hashchange", reopen);
  const unwatch = watch(root, desk);
  return () => {
    window.removeEventListener("hashchange", reopen);
    address.cancel();
    unwatch();
  };
}

export default { render };
