// Makes an open page of the book ready for paper: gives it its running title and page numbers, lets
// widgets show their stills, takes the answers out. press.py calls it once the page is complete.

import { element } from "../../lib/widgets/js/dom.js";
import { find, findAll } from "./elements.js";

const RECORD = "[data-widget=record]"; // of the reader, which paper does not know
const WIDE = "mjx-container[display], .pst-scrollable-table-container, .output";

/**
 * @typedef {object} Settings
 * @property {string} running the running title
 * @property {number} before the number of the sheet before the page's first one
 * @property {boolean} roman whether the page's sheets have roman numbers
 * @property {string} part the part of the book that begins with this page; "" if none does
 * @property {string | null} answers the address of the answers; null on their own page
 * @property {Record<string, number>} numbers the sheets of what is already printed, by address
 * @property {string} name what the anchors of this page's answers begin with
 */

/** @typedef {{ anchor: string, heading: string, html: string }} Answer */

/**
 * The page's title, its sections (anchor and heading of each) and the answers that it gave up.
 *
 * @param {Settings} settings
 */
export default async function prepare(settings) {
  const { part, answers: target, numbers, name } = settings;
  const article = find(".bd-article");
  for (const place of findAll(RECORD, article)) place.closest("section")?.remove();
  const title = textOf(find("h1", article));
  const sections = readSections(article);
  if (part) article.prepend(element("p", { class: "course-part" }, part));
  setMargins(settings, title);
  unfold(article, "details:not(.hide)"); // but not code
  window.dispatchEvent(new Event("beforeprint"));
  const answers = target === null ? [] : takeAnswers(article, name, target);
  numberLinks(article, numbers);
  linkAll(article);
  for (const image of findAll("img.only-dark", article)) image.remove();
  for (const image of document.images) image.loading = "eager";
  await Promise.all([...document.images].map((image) => image.decode()));
  await new Promise(requestAnimationFrame);
  fit(article);
  return { title, sections, answers };
}

/**
 * The text of an element without the theme's link to it.
 *
 * @param {HTMLElement} node
 */
function textOf(node) {
  const copy = element("div", {}, node.cloneNode(true));
  for (const link of findAll(".headerlink", copy)) link.remove();
  return copy.textContent.trim();
}

/**
 * Anchor and heading of each section.
 *
 * @param {HTMLElement} article
 */
function readSections(article) {
  const sections = findAll("section[id]:has(> h2)", article);
  return sections.map((node) => [node.id, textOf(find("h2", node))]);
}

/**
 * @param {Settings} settings
 * @param {string} title
 */
function setMargins({ running, before, roman }, title) {
  const style = `
    html { counter-reset: page ${before} }
    @page {
      @top-left { content: ${JSON.stringify(running)} }
      @top-right { content: ${JSON.stringify(title)} }
      @bottom-center { content: counter(page${roman ? ", lower-roman" : ""}) }
    }
    @page :first { @top-left { content: none } @top-right { content: none } }`;
  document.head.append(element("style", {}, style));
}

/**
 * @param {HTMLElement} root
 * @param {string} selector of what can be folded
 */
function unfold(root, selector) {
  for (const node of findAll(selector, root)) node.setAttribute("open", "");
}

/**
 * Takes out widgets' answers, which stay out of sight, and folded cells, which leave a reference.
 *
 * @param {HTMLElement} article
 * @param {string} name
 * @param {string} target the address of the answers
 */
function takeAnswers(article, name, target) {
  return findAll(".course-answer, .cell.tag_hide-cell", article).map((node, index) => {
    const anchor = `${name}-answer-${index + 1}`;
    const answer = readAnswer(node, anchor);
    if (node.matches(".course-answer")) node.parentElement?.setAttribute("id", anchor);
    else node.replaceWith(makeReference(node, anchor, target));
    return answer;
  });
}

/**
 * @param {HTMLElement} node
 * @param {string} anchor
 * @returns {Answer}
 */
function readAnswer(node, anchor) {
  const heading = node.closest("section")?.querySelector("h1, h2, h3, h4");
  return {
    anchor,
    heading: heading instanceof HTMLElement ? textOf(heading) : "",
    html: htmlOf(node),
  };
}

/**
 * An answer as it can stand on another page: unfolded, without ids, its addresses complete.
 *
 * @param {HTMLElement} node
 */
function htmlOf(node) {
  const box = element("div", {}, node.cloneNode(true));
  unfold(box, "details");
  for (const inner of box.querySelectorAll("[id]")) inner.removeAttribute("id");
  for (const name of ["src", "href"]) {
    for (const inner of box.querySelectorAll(`[${name}]`)) {
      inner.setAttribute(name, new URL(inner.getAttribute(name) ?? "", document.baseURI).href);
    }
  }
  return box.innerHTML;
}

/**
 * What stands in the place of a folded cell.
 *
 * @param {HTMLElement} cell
 * @param {string} anchor
 * @param {string} target
 */
function makeReference(cell, anchor, target) {
  const prompt = cell.querySelector("summary .collapsed")?.textContent ?? "Show the answer";
  const kind = prompt.replace(/^Show the /, "");
  const link = element("a", { href: `${target}#${anchor}` }, "answers at the end");
  const text = `${kind[0].toUpperCase()}${kind.slice(1)}: among the `;
  return element("p", { class: "course-see", id: anchor }, text, link, ".");
}

/**
 * Says on which sheet a link leads to what is already printed.
 *
 * @param {HTMLElement} article
 * @param {Record<string, number>} numbers
 */
function numberLinks(article, numbers) {
  for (const link of article.querySelectorAll("a")) {
    const number = numbers[link.href];
    if (number) link.after(element("span", { class: "course-number" }, `${number}`));
  }
}

/**
 * Links to every id of the page: Chromium gives a place in the PDF only to ids that are linked to.
 *
 * @param {HTMLElement} article
 */
function linkAll(article) {
  const ids = [...article.querySelectorAll("[id]")].map(({ id }) => id);
  const links = ids.map((id) => element("a", { href: `#${id}` }));
  article.append(element("nav", { hidden: "" }, ...links));
}

/**
 * Shrinks what is wider than the paper: there is no scrolling there.
 *
 * @param {HTMLElement} article
 */
function fit(article) {
  for (const box of findAll(WIDE, article)) {
    const ratio = box.clientWidth / box.scrollWidth;
    if (ratio >= 1) continue;
    for (const child of box.children) {
      if (child instanceof HTMLElement) child.style.zoom = `${ratio}`;
    }
  }
}
