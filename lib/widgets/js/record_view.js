// Shows the reader's record: at the end of a chapter, or all of it on a page of its own.

import { makeButton } from "./controls.js";
import { element } from "./dom.js";
import { makeModel } from "./page_model.js";
import prediction, { SURE } from "./prediction.js";
import { calibration, dueQuestions, makeRecord } from "./record.js";

/** @typedef {import("./record.js").Question} Question */
/** @typedef {import("./record.js").Entry} Entry */
/** @typedef {import("./model.js").Model<import("./prediction.js").State>} PredictionModel */
/** @typedef {{ questions: Question[], view: string }} State */

const KEPT = "Your record stays in this browser, and nobody else sees it.";
const LOST = "This browser keeps no records for this page, so yours lasts until you close it.";

/** The browser's storage, or null where it gives none to this page. */
function findStorage() {
  try {
    return window.localStorage;
  } catch {
    return null; // the views say so
  }
}

const record = makeRecord(findStorage());

/** The name of this page, such as "03_regularization". */
const pageName = () => (location.pathname.split("/").pop() ?? "").replace(".html", "");

/** @type {Set<() => void>} what to call when the record has changed */
const listeners = new Set();

const tell = () => {
  for (const listener of listeners) listener();
};

/**
 * Brings a prediction to where the reader left it, and keeps what the reader commits to.
 *
 * @param {PredictionModel} model
 */
export function keepPrediction(model) {
  const [question, choices] = [model.get("question"), model.get("choices")];
  const before = record.read().predictions[question];
  const chosen = choices.findIndex(({ text }) => text === before?.choice);
  if (chosen >= 0) {
    model.set("chosen", chosen);
    model.set("sure", before?.sure ?? null);
    model.set("committed", true);
  }
  model.on("change:committed", () => {
    const index = model.get("chosen");
    if (!model.get("committed") || index === null) return;
    const { text, correct } = choices[index];
    const sure = model.get("sure");
    record.predict(question, { page: pageName(), choice: text, right: correct, sure });
    tell();
  });
}

/**
 * Such as "4 of 6 predictions made, 3 of them right".
 *
 * @param {Question[]} questions
 */
function countOf(questions) {
  const { predictions } = record.read();
  const made = questions.map(({ question }) => predictions[question]).filter(Boolean);
  const right = made.filter((entry) => entry.right).length;
  const all = questions.length;
  if (!made.length) return `You have made none of the ${all} predictions yet.`;
  return `You have made ${made.length} of ${all} predictions. At the first try, ${right} came out as you said.`;
}

/** @param {string} text */
const paragraph = (text) => element("p", {}, text);

/** What the browser keeps, and where all of it is shown. */
function makeNote() {
  const link = element("a", { href: "../record.html" }, "Your whole record");
  return element("p", { class: "course-note" }, record.isKept() ? KEPT : LOST, " ", link, ".");
}

/**
 * A question to answer from memory; what comes out is kept.
 *
 * @param {Question} asked
 */
function askAgain({ question, choices, title }) {
  const state = { question, choices, chosen: null, sure: null, committed: false };
  /** @type {PredictionModel} */
  const model = makeModel({ ...state, eyebrow: title });
  model.on("change:committed", () => {
    const index = model.get("chosen");
    if (model.get("committed") && index !== null) record.recall(question, choices[index].correct);
  });
  const el = element("div");
  prediction.render({ model, el });
  return el;
}

/**
 * The end of a chapter: how the predictions came out, and questions from earlier chapters.
 *
 * @param {HTMLElement} el
 * @param {Question[]} questions
 */
function showChapter(el, questions) {
  const own = questions.filter(({ page }) => page === pageName());
  const outcome = element("p", { role: "status" });
  const update = () => {
    outcome.textContent = countOf(own);
  };
  update();
  listeners.add(update);
  el.append(outcome, makeNote());
  const due = dueQuestions(questions, pageName(), record.read(), new Date());
  if (!due.length) return;
  el.append(paragraph("From earlier chapters, to answer from memory:"), ...due.map(askAgain));
}

/**
 * A row for each answer to how sure the reader was: how often it was right.
 */
function makeCalibration() {
  const rows = calibration(record.read()).map(({ right, of }, level) => {
    const share = of ? Math.round((100 * right) / of) : 0;
    const bar = element("span", { class: "course-share", "aria-hidden": true });
    bar.style.setProperty("--share", `${share}%`);
    const text = of ? `${right} of ${of} right (${share}%)` : "none yet";
    const cells = [element("th", { scope: "row" }, SURE[level]), element("td", {}, bar, text)];
    return element("tr", {}, ...cells);
  });
  const caption = element("caption", {}, "When you said that you were …");
  return element("table", { class: "course-calibration" }, caption, element("tbody", {}, ...rows));
}

/** @param {Question[]} questions */
function makeChapters(questions) {
  const { predictions } = record.read();
  const pages = [...new Set(questions.map(({ page }) => page))];
  const rows = pages.map((page) => {
    const own = questions.filter((question) => question.page === page);
    const made = own.map(({ question }) => predictions[question]).filter(Boolean);
    const right = made.filter((entry) => entry.right).length;
    const link = element("a", { href: `chapters/${page}.html` }, own[0].title);
    const texts = [`${made.length} of ${own.length}`, made.length ? `${right}` : "–"];
    const cells = texts.map((text) => element("td", {}, text));
    return element("tr", {}, element("th", { scope: "row" }, link), ...cells);
  });
  const names = ["chapter", "predicted", "right"];
  const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)));
  const [top, body] = [element("thead", {}, head), element("tbody", {}, ...rows)];
  return element("table", {}, top, body);
}

/** Saves the record as a file. */
function exportRecord() {
  const file = new Blob([JSON.stringify(record.read(), null, 1)], { type: "application/json" });
  const link = element("a", { href: URL.createObjectURL(file), download: "course-record.json" });
  link.click();
  URL.revokeObjectURL(link.href);
}

/**
 * Buttons that take the record away, bring one, or forget it, with a line that tells what happened.
 *
 * @param {() => void} update
 */
function makeActions(update) {
  const status = element("p", { role: "status" });
  /** @param {string} text */
  const done = (text) => {
    status.textContent = text;
    update();
  };
  const file = element("input", { type: "file", accept: ".json,application/json", hidden: true });
  file.addEventListener("change", async () => {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    try {
      record.bring(await chosen.text());
      done("The record is added to yours.");
    } catch (error) {
      done(error instanceof Error ? error.message : String(error));
    }
    file.value = "";
  });
  const forget = makeButton("Forget everything", () => {
    if (!window.confirm("Forget all predictions in this browser?")) return;
    record.forget();
    done("Nothing is kept any more.");
  });
  const take = makeButton("Export", exportRecord);
  const bring = makeButton("Import", () => file.click());
  return element("div", { class: "course-actions" }, take, bring, forget, file, status);
}

/**
 * @param {HTMLElement} el
 * @param {Question[]} questions
 */
function showAll(el, questions) {
  const shown = element("div");
  const update = () => {
    const isSaid = calibration(record.read()).some(({ of }) => of > 0);
    const parts = [...(isSaid ? [makeCalibration()] : []), makeChapters(questions)];
    shown.replaceChildren(paragraph(countOf(questions)), ...parts);
  };
  update();
  el.append(shown, makeActions(update), paragraph(record.isKept() ? KEPT : LOST));
}

/** @param {import("./model.js").View<State>} view */
function render({ model, el }) {
  const root = element("div", { class: "course-record" });
  el.append(root);
  const show = el.dataset.view === "all" ? showAll : showChapter;
  show(root, model.get("questions"));
}

export default { render };
