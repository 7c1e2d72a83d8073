// A question before the answer: the reader commits, then learns why each choice is right or wrong.

import { makeButton } from "./controls.js";
import { card, element, icon, uniqueId } from "./dom.js";
import { joinEnds, listen, makeSaver } from "./model.js";

const RIGHT = "M6.2 13.2 1.4 8.4l1.7-1.7 3.1 3.1 6.7-6.9 1.7 1.7z";
const WRONG = "M3.6 2 8 6.4 12.4 2 14 3.6 9.6 8l4.4 4.4-1.6 1.6L8 9.6 3.6 14 2 12.4 6.4 8 2 3.6z";

/** @typedef {{ text: string, why: string, correct: boolean }} Choice */

/**
 * @typedef {object} State
 * @property {string} question
 * @property {Choice[]} choices
 * @property {number | null} chosen
 * @property {number | null} sure how sure the reader is, an index of `SURE`
 * @property {boolean} committed
 * @property {string} [eyebrow] the line above the question
 */

export const SURE = ["guessing", "fairly sure", "very sure"];
const EYEBROW = "Predict before you read on";

/**
 * The text as nodes: `code` and *emphasis* are drawn as such, all else stays text.
 *
 * @param {string} text
 */
function richText(text) {
  return text.split(/(`[^`]+`|\*\S(?:[^*]*\S)?\*)/).map((part, index) => {
    if (index % 2 === 0) return part;
    return element(part[0] === "`" ? "code" : "em", {}, part.slice(1, -1));
  });
}

/**
 * One answer: a radio button and, after the commitment, why it is right or wrong.
 *
 * @param {Choice} choice
 * @param {string} group
 */
function makeChoice(choice, group) {
  const radio = element("input", { type: "radio", name: group, id: uniqueId() });
  const text = element("span", { class: "course-text" }, ...richText(choice.text));
  const label = element("label", { for: radio.id }, radio, text);
  const node = element("div", { class: "course-choice" }, label);
  const hide = () => {
    for (const part of node.querySelectorAll(".course-reveal, .course-yours")) part.remove();
    radio.removeAttribute("aria-describedby");
    delete node.dataset.verdict;
  };
  /** @param {boolean} isChosen */
  const reveal = (isChosen) => {
    hide();
    if (isChosen) label.append(element("span", { class: "course-yours" }, "Your prediction"));
    const verdict = element("strong", { class: "course-verdict" });
    verdict.append(icon(choice.correct ? RIGHT : WRONG), choice.correct ? "Right." : "Wrong.");
    const id = uniqueId();
    const why = richText(choice.why);
    node.append(element("p", { class: "course-reveal", id }, verdict, " ", ...why));
    node.dataset.verdict = choice.correct ? "right" : "wrong";
    radio.setAttribute("aria-describedby", id);
  };
  return { node, radio, hide, reveal };
}

/**
 * The answer as a printed book gives it, apart from the question.
 *
 * @param {string} question
 * @param {Choice[]} specs
 */
function makeAnswer(question, specs) {
  const items = specs.map(({ correct, why }) => {
    const verdict = element("strong", {}, correct ? "Right." : "Wrong.");
    return element("li", {}, verdict, " ", ...richText(why));
  });
  const heading = element("p", {}, ...richText(question));
  const list = element("ol", { type: "A" }, ...items);
  return element("div", { class: "course-answer" }, heading, list);
}

/**
 * Shows an answer while the page is printed. Returns a function that ends this.
 *
 * @param {HTMLElement} root
 * @param {HTMLElement} answer
 */
function answerOnPaper(root, answer) {
  const add = () => root.append(answer);
  const remove = () => answer.remove();
  window.addEventListener("beforeprint", add);
  window.addEventListener("afterprint", remove);
  return () => {
    window.removeEventListener("beforeprint", add);
    window.removeEventListener("afterprint", remove);
  };
}

/**
 * The buttons below the choices, and the line that says how the prediction came out.
 *
 * @param {(changes: Partial<State>) => void} save
 * @param {() => void} focusFirst
 */
function makeActions(save, focusFirst) {
  // The pressed button disappears: the focus moves on by hand, and the page stays where it is.
  const press = () => {
    save({ committed: true });
    again.focus({ preventScroll: true });
  };
  const rethink = () => {
    save({ committed: false, chosen: null, sure: null });
    focusFirst();
  };
  const named = { class: "course-button course-primary course-commit" };
  const commit = makeButton("Commit to this prediction", press, named);
  const again = makeButton("Think again", rethink, { class: "course-button course-again" });
  const outcome = element("p", { class: "course-outcome", role: "status" });
  const node = element("div", { class: "course-actions" }, commit, again, outcome);
  /** @type {(chosen: number | null, committed: boolean, isRight: boolean) => void} */
  const put = (chosen, committed, isRight) => {
    commit.disabled = chosen === null;
    commit.hidden = committed;
    again.hidden = !committed;
    outcome.textContent = committed ? `Your prediction is ${isRight ? "right" : "wrong"}.` : "";
  };
  return { node, put };
}

/**
 * How sure the reader is: buttons that appear with the first choice. Saying so is optional.
 *
 * @param {(changes: Partial<State>) => void} save
 */
function makeSure(save) {
  const buttons = SURE.map((name, level) => makeButton(name, () => save({ sure: level })));
  const label = element("span", {}, "I am");
  const node = element("div", { class: "course-sure", role: "group" }, label, ...buttons);
  node.setAttribute("aria-label", "How sure are you?");
  /** @type {(sure: number | null, chosen: number | null, committed: boolean) => void} */
  const put = (sure, chosen, committed) => {
    node.hidden = chosen === null || (committed && sure === null);
    buttons.forEach((button, level) => {
      button.setAttribute("aria-pressed", String(level === sure));
      button.disabled = committed;
    });
  };
  return { node, put };
}

/**
 * The choices, each a radio button; `put` shows which one is chosen and, once committed, the answers.
 *
 * @param {Choice[]} specs
 * @param {(chosen: number) => void} choose
 */
function makeChoices(specs, choose) {
  const group = uniqueId();
  const choices = specs.map((spec) => makeChoice(spec, group));
  choices.forEach(({ radio }, index) => {
    radio.addEventListener("change", () => choose(index));
  });
  /** @type {(chosen: number | null, committed: boolean) => void} */
  const put = (chosen, committed) => {
    choices.forEach(({ radio, reveal, hide }, index) => {
      radio.checked = index === chosen;
      radio.disabled = committed;
      if (committed) reveal(index === chosen);
      else hide();
    });
  };
  const focusFirst = () => choices[0].radio.focus({ preventScroll: true });
  return { nodes: choices.map(({ node }) => node), put, focusFirst };
}

/**
 * @param {string} eyebrow
 * @param {string} question
 * @param {HTMLElement[]} choices
 * @param {...HTMLElement} below
 */
function makeCard(eyebrow, question, choices, ...below) {
  const legend = element("legend", { class: "course-title" }, ...richText(question));
  const fields = element("fieldset", {}, legend, ...choices);
  return card({ class: "course-prediction" }, eyebrow, fields, ...below);
}

/** @param {import("./model.js").View<State>} view */
function render({ model, el }) {
  const [question, specs] = [model.get("question"), model.get("choices")];
  const save = makeSaver(model);
  const choices = makeChoices(specs, (chosen) => save({ chosen }));
  const actions = makeActions(save, choices.focusFirst);
  const sure = makeSure(save);
  const update = () => {
    const [chosen, committed] = [model.get("chosen"), model.get("committed")];
    choices.put(chosen, committed);
    sure.put(model.get("sure"), chosen, committed);
    actions.put(chosen, committed, chosen !== null && specs[chosen].correct);
  };
  update();
  const eyebrow = model.get("eyebrow") ?? EYEBROW;
  const root = makeCard(eyebrow, question, choices.nodes, sure.node, actions.node);
  el.append(root);
  const isAskedAgain = model.get("eyebrow") !== undefined; // its answer is printed in its chapter
  const endAnswer = isAskedAgain ? () => {} : answerOnPaper(root, makeAnswer(question, specs));
  const endUpdates = listen(model, ["chosen", "sure", "committed"], update);
  return joinEnds(endAnswer, endUpdates);
}

export default { render };
