// What is wrong with the page it runs on: lines of text by kind of fault, none if all is well.
// Needs axe-core on the page.
async () => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const { scrollWidth, clientWidth } = document.documentElement;

  const prose = document.querySelector("main").cloneNode(true);
  all("pre, code, script, .math", prose).forEach((element) => element.remove());
  const untypeset = all(".math").filter(
    (element) => !element.querySelector("mjx-container") || element.querySelector("mjx-merror"),
  );

  const clipped = all("div.math:has(mjx-math)").filter((box) => {
    const start = box.querySelector("mjx-math").getBoundingClientRect().left;
    return start < box.getBoundingClientRect().left - 1;
  });

  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));

  return {
    width: scrollWidth > clientWidth ? [`${scrollWidth} wide on a page of ${clientWidth}`] : [],
    maths: [
      ...untypeset.map((element) => `not typeset: ${element.textContent}`),
      ...clipped.map((element) => `begins out of sight: ${element.textContent}`),
      ...(prose.textContent.match(/.{0,40}(\$\$|\\\(|\\\[)/g) ?? []),
    ],
    copying: all(".cell_input")
      .filter((cell) => !cell.querySelector("button.copybtn"))
      .map((cell) => `no copy button: ${cell.textContent}`),
    pictures: [
      ...all("img")
        .filter(({ alt }) => !alt.trim() || /^\S+\.\w{3,4}$|_images\//.test(alt))
        .map(({ src, alt }) => `alt text '${alt}' of ${src.slice(0, 80)}`),
      ...all(".cell_output")
        .map(({ textContent }) => textContent.trim())
        .filter((text) => text.startsWith("<Figure")),
    ],
    icons: all("i[class*='fa-'], span[class*='fa-'], svg.svg-inline--fa")
      .filter((icon) => !icon.matches("svg") || !icon.querySelector("path")?.getAttribute("d"))
      .map((icon) => `not drawn: ${icon.outerHTML}`),
    accessibility: serious.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} at ${target.join(" ")}: ${failureSummary}`),
    ),
  };
}
