// What is wrong with a page of the book: lines of text by kind of fault, none if all is well.

import { findAll } from "../../tools/printing/elements.js";

/** Reviews the page. It needs axe-core there. */
export default async function review() {
  return {
    width: findWidth(),
    maths: findMaths(),
    copying: findAll(".cell_input")
      .filter((cell) => !cell.querySelector("button.copybtn"))
      .map((cell) => `no copy button: ${cell.textContent}`),
    pictures: findPictures(),
    icons: findIcons(),
    accessibility: await findBarriers(),
  };
}

function findWidth() {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth > clientWidth ? [`${scrollWidth} wide on a page of ${clientWidth}`] : [];
}

/** Formulas that are not typeset or begin out of sight, and TeX that nobody took for a formula. */
function findMaths() {
  const untypeset = findAll(".math").filter(
    (box) => !box.querySelector("mjx-container") || box.querySelector("mjx-merror"),
  );
  const clipped = findAll("div.math:has(mjx-math)").filter((box) => {
    const [start] = findAll("mjx-math", box).map((formula) => formula.getBoundingClientRect().left);
    return start < box.getBoundingClientRect().left - 1;
  });
  return [
    ...untypeset.map((box) => `not typeset: ${box.textContent}`),
    ...clipped.map((box) => `begins out of sight: ${box.textContent}`),
    ...(readProse().match(/.{0,40}(\$\$|\\\(|\\\[)/g) ?? []),
  ];
}

/** The page's text without code and formulas. */
function readProse() {
  const prose = document.createElement("div");
  for (const main of findAll("main")) prose.append(main.cloneNode(true));
  for (const other of findAll("pre, code, script, .math", prose)) other.remove();
  return prose.textContent;
}

/** Pictures without a text that says what they show, and figures that are printed as text. */
function findPictures() {
  const nameless = [...document.querySelectorAll("img")].filter(
    ({ alt }) => !alt.trim() || /^\S+\.\w{3,4}$|_images\//.test(alt),
  );
  const outputs = findAll(".cell_output").map(({ textContent }) => textContent.trim());
  return [
    ...nameless.map(({ src, alt }) => `alt text '${alt}' of ${src.slice(0, 80)}`),
    ...outputs.filter((text) => text.startsWith("<Figure")),
  ];
}

/** Icons of the theme that have no drawing. */
function findIcons() {
  return [...document.querySelectorAll("[class*='fa-']")]
    .filter((icon) => !getComputedStyle(icon).maskImage.includes("image/svg+xml"))
    .map((icon) => `not drawn: ${icon.outerHTML}`);
}

/** Serious violations of accessibility rules. */
async function findBarriers() {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} at ${target.join(" ")}: ${failureSummary}`),
    );
}
