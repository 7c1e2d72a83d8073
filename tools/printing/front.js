// Makes the book's first page the front of the printed one: a note on how to read it, and the answers
// in its contents, where `answers` is their address. press.py evaluates it.
({ note, answers }) => {
  const element = (tag, attributes, ...children) => {
    const node = Object.assign(document.createElement(tag), attributes);
    node.append(...children);
    return node;
  };
  const article = document.querySelector(".bd-article");
  article.querySelector("h1").after(element("p", { className: "course-see" }, note));
  const contents = [...article.querySelectorAll(".toctree-wrapper")].at(-1);
  if (!answers || !contents) return;
  const link = element("a", { href: answers }, "Answers");
  contents.append(element("ul", {}, element("li", {}, link)));
}
