// Makes an open page of the book ready for paper: gives it its running title and page numbers, lets
// widgets show their stills, takes the answers out. press.py evaluates it once the page is complete.
// `before` is the number of the sheet before it, `numbers` has those of what is already printed by
// address, `answers` is the address of the answers (null on their own page), where anchors of this
// page's begin with `name`.
async ({ running, before, roman, part, answers: target, numbers, name }) => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const element = (tag, attributes, ...children) => {
    const node = Object.assign(document.createElement(tag), attributes);
    node.append(...children);
    return node;
  };
  const article = document.querySelector(".bd-article");
  const textOf = (node) => {
    const copy = node.cloneNode(true);
    all(".headerlink", copy).forEach((link) => link.remove());
    return copy.textContent.trim();
  };

  const setMargins = (title) => {
    const style = `
      html { counter-reset: page ${before} }
      @page {
        @top-left { content: ${JSON.stringify(running)} }
        @top-right { content: ${JSON.stringify(title)} }
        @bottom-center { content: counter(page${roman ? ", lower-roman" : ""}) }
      }
      @page :first { @top-left { content: none } @top-right { content: none } }`;
    document.head.append(element("style", {}, style));
  };

  /** The answer as it can stand on another page. */
  const htmlOf = (node) => {
    const copy = node.cloneNode(true);
    all("details", copy).forEach((details) => (details.open = true));
    all("[id]", copy).forEach((inner) => inner.removeAttribute("id"));
    const originals = all("[src], [href]", node);
    all("[src], [href]", copy).forEach((inner, index) => {
      const { src, href } = originals[index];
      inner.setAttribute(src ? "src" : "href", src || href);
    });
    return copy.outerHTML;
  };

  /** Widgets' answers, which stay out of sight, and folded cells, in whose place stands a reference. */
  const takeAnswers = () =>
    all(".course-answer, .cell.tag_hide-cell", article).map((node, index) => {
      const anchor = `${name}-answer-${index + 1}`;
      const heading = node.closest("section")?.querySelector("h1, h2, h3, h4");
      const answer = { anchor, heading: heading ? textOf(heading) : "", html: htmlOf(node) };
      if (node.matches(".course-answer")) {
        node.parentElement.id = anchor;
        return answer;
      }
      const prompt = node.querySelector("summary .collapsed")?.textContent ?? "Show the answer";
      const kind = prompt.replace(/^Show the /, "");
      const link = element("a", { href: `${target}#${anchor}` }, "answers at the end");
      const text = `${kind[0].toUpperCase()}${kind.slice(1)}: among the `;
      node.replaceWith(element("p", { className: "course-see", id: anchor }, text, link, "."));
      return answer;
    });

  /** Says on which sheet a link leads to what is already printed. */
  const numberLinks = () => {
    for (const link of all("a[href]", article)) {
      const number = numbers[link.href];
      if (number) link.after(element("span", { className: "course-number" }, number));
    }
  };

  /** Shrinks what is wider than the paper: there is no scrolling there. */
  const fit = () => {
    for (const box of all("mjx-container[display], .pst-scrollable-table-container, .output", article)) {
      const ratio = box.clientWidth / box.scrollWidth;
      if (ratio < 1) [...box.children].forEach((child) => (child.style.zoom = ratio));
    }
  };

  /** Chromium gives a place to those ids only that the page itself links to. */
  const linkAll = () => {
    const links = all("[id]", article).map(({ id }) => element("a", { href: `#${id}` }));
    article.append(element("nav", { hidden: true }, ...links));
  };

  const title = textOf(article.querySelector("h1"));
  const sections = all("section[id]:has(> h2)", article).map((node) => [
    node.id,
    textOf(node.querySelector("h2")),
  ]);
  if (part) article.prepend(element("p", { className: "course-part" }, part));
  setMargins(title);
  all("details:not(.hide)", article).forEach((node) => (node.open = true)); // but not code
  window.dispatchEvent(new Event("beforeprint"));
  const answers = target ? takeAnswers() : [];
  numberLinks();
  linkAll();
  await Promise.all([...document.images].map((image) => image.decode()));
  await new Promise(requestAnimationFrame);
  fit();
  return { title, sections, answers };
}
