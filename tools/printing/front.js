// Makes the book's first page the front of the printed one: a note on how to read it, and the answers
// in its contents. press.py calls it.

import { element } from "../../lib/widgets/js/dom.js";
import { find, findAll } from "./elements.js";

/**
 * @param {object} settings
 * @param {string} settings.note
 * @param {string | null} settings.answers their address; null if the book has none
 */
export default function makeFront({ note, answers }) {
  const article = find(".bd-article");
  find("h1", article).after(element("p", { class: "course-see" }, note));
  for (const link of findAll(".toctree-wrapper a[href='record.html']", article)) {
    link.closest("li")?.remove();
  }
  const contents = findAll(".toctree-wrapper", article).at(-1);
  if (answers === null || !contents) return;
  const link = element("a", { href: answers }, "Answers");
  contents.append(element("ul", {}, element("li", {}, link)));
}
