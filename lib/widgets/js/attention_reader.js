// What a network wrote, gone through word by word, and where it looked before each.

import {
  aboutOf,
  chooseStill,
  PARTS,
  percent,
  readingOf,
  SEEN,
  stepFrom,
  tell,
  tellRight,
} from "./attention_words.js";
import { makeSelect } from "./controls.js";
import { card, element, leaveKeysAlone, listenToKeys, uniqueId } from "./dom.js";
import { joinEnds, listen, makeSaver, showOnPaper } from "./model.js";
import { makePlayButton } from "./player.js";

const STEP_MS = 900; // that a word stays while it plays
const SHOWN = 50; // thousandths from which a place has its weight written on it

/** @typedef {import("./attention_words.js").Reading} Reading */
/** @typedef {import("./attention_words.js").State} State */
/** @typedef {import("./attention_words.js").ReaderModel} ReaderModel */
/** @typedef {(changes: Partial<State>) => void} Save */
/** @typedef {(word: number) => void} Pick */

/**
 * The list of sentences or pictures.
 *
 * @param {ReaderModel} model
 * @param {Save} save
 */
function makeSentences(model, save) {
  const label = readingOf(model).picture ? "Picture" : "Sentence";
  const names = model.get("readings").map(({ name }) => name);
  // The word first: the next sentence may be too short for the one that is chosen now.
  const { node, put } = makeSelect(label, names, (sentence) => save({ word: 0, sentence }));
  return { node, put: () => put(model.get("sentence")) };
}

/**
 * The words that were read, each over its weight; of a picture its places, darker where unseen.
 *
 * @param {ReaderModel} model
 */
function makeSource(model) {
  const node = element("div", { class: "course-read", lang: model.get("languages")[0] });
  const put = () => {
    const reading = readingOf(model);
    const weights = reading.weights[model.get("word")];
    const right = aboutOf(model);
    const most = Math.max(...weights);
    const boxes = reading.source.map((text, i) => {
      const box = reading.picture ? makePlace(weights[i], most) : makeWord(text, weights[i]);
      box.dataset.weight = String(weights[i]);
      box.classList.toggle("course-right", model.get("framed") && right.has(i));
      return box;
    });
    node.classList.toggle("course-words", !reading.picture);
    node.classList.toggle("course-seen", Boolean(reading.picture));
    node.style.backgroundImage = reading.picture && `url(${reading.picture})`;
    node.style.setProperty("--columns", String(reading.source.length / (reading.rows || 1)));
    node.replaceChildren(...boxes);
  };
  return { node, put };
}

/**
 * @param {string} text
 * @param {number} weight
 */
function makeWord(text, weight) {
  const told = weight < SEEN ? "\u00a0" : percent(weight);
  const share = element("span", { class: "course-share" }, told);
  const box = element("span", { class: "course-word" }, element("b", {}, text), share);
  box.style.setProperty("--weight", String(weight / PARTS));
  return box;
}

/**
 * @param {number} weight
 * @param {number} most
 */
function makePlace(weight, most) {
  const box = element("span", { class: "course-place" }, weight < SHOWN ? "" : percent(weight));
  box.style.setProperty("--bright", String(weight / most));
  return box;
}

/**
 * The words that were written: one radio button each, so that arrow keys move between them.
 *
 * @param {ReaderModel} model
 * @param {Pick} pick
 */
function makeTarget(model, pick) {
  const labels = { role: "radiogroup", "aria-label": "Words that were written" };
  const classes = { class: "course-words course-written", lang: model.get("languages")[1] };
  const node = element("div", { ...labels, ...classes });
  /** @type {HTMLButtonElement[]} */
  let buttons = [];
  /** @type {number | null} */
  let drawn = null; // the sentence that the buttons belong to
  listenToKeys(node, ({ key }) => {
    const next = stepFrom(model.get("word"), buttons.length, key);
    if (next === null) return false;
    pick(next);
    buttons[next].focus({ preventScroll: true });
    return true;
  });
  const put = () => {
    if (drawn !== model.get("sentence")) {
      drawn = model.get("sentence");
      buttons = readingOf(model).target.map((text, j) => makeRadio(text, () => pick(j)));
      node.replaceChildren(...buttons);
    }
    showWord(model, buttons);
  };
  return { node, put };
}

/**
 * @param {string} text
 * @param {() => void} press
 */
function makeRadio(text, press) {
  const button = element("button", { type: "button", role: "radio" }, text);
  leaveKeysAlone(button);
  button.addEventListener("click", press);
  return button;
}

/**
 * Makes the buttons of a sentence show which word is chosen and which are wrong.
 *
 * @param {ReaderModel} model
 * @param {HTMLButtonElement[]} buttons
 */
function showWord(model, buttons) {
  const word = model.get("word");
  const wrong = model.get("marked") ? readingOf(model).wrong : [];
  buttons.forEach((button, j) => {
    button.setAttribute("aria-checked", String(j === word));
    button.tabIndex = j === word ? 0 : -1;
    button.classList.toggle("course-later", j > word);
    button.classList.toggle("course-wrong", wrong.includes(j));
  });
}

/**
 * Steps through the words that were written.
 *
 * @param {ReaderModel} model
 * @param {Pick} pick
 */
function makeSteps(model, pick) {
  const last = () => readingOf(model).target.length - 1;
  const next = () => pick(Math.min(model.get("word") + 1, last()));
  return {
    begin: () => (model.get("word") >= last() ? pick(0) : next()),
    step: () => {
      next();
      return model.get("word") < last();
    },
    pause: () => STEP_MS,
  };
}

/**
 * A box that is ticked or not; hidden where there is nothing to show.
 *
 * @param {ReaderModel} model
 * @param {Save} save
 * @param {"framed" | "marked"} name
 * @param {string} text
 * @param {(reading: Reading) => boolean} isUseful
 */
function makeBox(model, save, name, text, isUseful) {
  const input = element("input", { type: "checkbox", id: uniqueId() });
  input.addEventListener("change", () => save({ [name]: input.checked }));
  const node = element("label", { for: input.id }, input, text);
  const put = () => {
    input.checked = model.get(name);
    node.hidden = !model.get("readings").some(isUseful);
  };
  return { node, put };
}

/**
 * @param {ReaderModel} model
 * @param {Save} save
 */
function makeBoxes(model, save) {
  const isPicture = readingOf(model).picture;
  const about = isPicture ? "Frame what the word is about" : "Frame the words it translates";
  return [
    makeBox(model, save, "framed", about, ({ links }) => links.length > 0),
    makeBox(model, save, "marked", "Mark what is wrong", ({ truth }) => truth !== ""),
  ];
}

/**
 * @param {ReaderModel} model
 * @param {Record<"list" | "target" | "source", { node: HTMLElement }>} parts
 * @param {HTMLElement[]} actions
 * @param {HTMLElement[]} told
 */
function makeCard(model, { list, target, source }, actions, told) {
  const id = uniqueId();
  const isPicture = Boolean(readingOf(model).picture);
  /** @param {...(Node | string)} nodes */
  const heading = (...nodes) => element("p", { class: "course-subtitle" }, ...nodes);
  return card(
    { class: "course-attention", role: "group", "aria-labelledby": id },
    "Explore the weights",
    element("p", { class: "course-title", id }, model.get("title")),
    list.node,
    heading("It wrote", element("span", { class: "course-screen" }, ": choose a word")),
    target.node,
    heading(isPicture ? "It saw this, and looked where it is bright" : "It read, and looked here"),
    source.node,
    element("div", { class: "course-actions" }, ...actions),
    ...told,
  );
}

/**
 * What the chosen word looked at, in words, and what would be right.
 *
 * @param {ReaderModel} model
 */
function makeTold(model) {
  const told = element("p", { class: "course-told", role: "status" });
  const right = element("p", { class: "course-truth", "aria-live": "polite" });
  const put = () => {
    told.textContent = tell(model);
    right.textContent = tellRight(model);
  };
  return { nodes: [told, right], put };
}

/** @param {import("./model.js").View<State>} view */
function render({ model, el }) {
  const save = makeSaver(model);
  const player = makePlayButton(makeSteps(model, (word) => save({ word })));
  /** @type {Save} */
  const choose = (changes) => {
    player.stop();
    save(changes);
  };
  const list = makeSentences(model, choose);
  const target = makeTarget(model, (word) => choose({ word }));
  const [source, boxes, told] = [makeSource(model), makeBoxes(model, save), makeTold(model)];
  const update = () => {
    for (const part of [list, source, target, ...boxes, told]) part.put();
  };
  update();
  const endUpdates = listen(model, ["sentence", "word", "framed", "marked"], update);
  const endStill = showOnPaper(model, chooseStill(model));
  const actions = [player.button, ...boxes.map(({ node }) => node)];
  el.append(makeCard(model, { list, source, target }, actions, told.nodes));
  return joinEnds(player.stop, endStill, endUpdates);
}

export default { render };
