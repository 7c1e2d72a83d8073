const PARTS = 1000; // weights are whole numbers of thousandths
const SEEN = 20; // thousandths from which a weight is written out
const STEP_MS = 900; // that a word stays while it plays
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const SHOWN = 50; // thousandths from which a place has its weight written on it
const SETTINGS = ["sentence", "word", "framed", "marked"];

const percent = (weight) => `${Math.round((100 * weight) / PARTS)}%`;

function readingOf(model) {
  return model.get("readings")[model.get("sentence")];
}

/** The list of sentences or pictures. */
function makeList(model, save) {
  const id = uniqueId();
  const options = model.get("readings").map(({ name }, value) => element("option", { value }, name));
  const input = element("select", { id }, ...options);
  // The word first: the next sentence may be too short for the one that is chosen now.
  input.addEventListener("input", () => save({ word: 0, sentence: Number(input.value) }));
  const heading = element("div", { class: "course-heading" });
  heading.append(element("label", { for: id }, readingOf(model).picture ? "Picture" : "Sentence"));
  const row = element("div", { class: "course-row" }, input);
  const node = element("div", { class: "course-control" }, heading, row);
  return { node, put: () => (input.value = model.get("sentence")) };
}

/** The words that were read, each over its weight; of a picture its places, darker where unseen. */
function makeSource(model) {
  const node = element("div", { class: "course-read", lang: model.get("languages")[0] });
  const put = () => {
    const reading = readingOf(model);
    const weights = reading.weights[model.get("word")];
    const right = aboutOf(model);
    const most = Math.max(...weights);
    const boxes = reading.source.map((text, i) => {
      const box = reading.picture ? makePlace(weights[i], most) : makeWord(text, weights[i]);
      box.dataset.weight = weights[i];
      box.classList.toggle("course-right", model.get("framed") && right.has(i));
      return box;
    });
    node.classList.toggle("course-words", !reading.picture);
    node.classList.toggle("course-seen", Boolean(reading.picture));
    node.style.backgroundImage = reading.picture && `url(${reading.picture})`;
    node.style.setProperty("--columns", reading.source.length / (reading.rows || 1));
    node.replaceChildren(...boxes);
  };
  return { node, put };
}

/** The positions that the chosen word is known to be about. */
function aboutOf(model) {
  const word = model.get("word");
  return new Set(readingOf(model).links.filter(([j]) => j === word).map(([, i]) => i));
}

function makeWord(text, weight) {
  const share = element("span", { class: "course-share" }, weight < SEEN ? "\u00a0" : percent(weight));
  const box = element("span", { class: "course-word" }, element("b", {}, text), share);
  box.style.setProperty("--weight", weight / PARTS);
  return box;
}

function makePlace(weight, most) {
  const box = element("span", { class: "course-place" }, weight < SHOWN ? "" : percent(weight));
  box.style.setProperty("--bright", weight / most);
  return box;
}

/** The words that were written: one radio button each, so that arrow keys move between them. */
function makeTarget(model, pick) {
  const labels = { role: "radiogroup", "aria-label": "Words that were written" };
  const classes = { class: "course-words course-written", lang: model.get("languages")[1] };
  const node = element("div", { ...labels, ...classes });
  let drawn = null;
  const draw = () => {
    const buttons = readingOf(model).target.map((text, j) => {
      const button = element("button", { type: "button", role: "radio" }, text);
      button.dataset.lmSuppressShortcuts = "true";
      button.addEventListener("click", () => pick(j));
      return button;
    });
    node.replaceChildren(...buttons);
    drawn = model.get("sentence");
  };
  node.addEventListener("keydown", (event) => {
    const last = node.children.length - 1;
    const ends = { Home: 0, End: last };
    if (!(event.key in STEPS) && !(event.key in ends)) return;
    event.preventDefault(); // else the page scrolls
    const next = ends[event.key] ?? (model.get("word") + STEPS[event.key] + last + 1) % (last + 1);
    pick(next);
    node.children[next].focus({ preventScroll: true });
  });
  const put = () => {
    if (drawn !== model.get("sentence")) draw();
    [...node.children].forEach((button, j) => {
      button.setAttribute("aria-checked", j === model.get("word"));
      button.tabIndex = j === model.get("word") ? 0 : -1;
      button.classList.toggle("course-later", j > model.get("word"));
      button.classList.toggle("course-wrong", model.get("marked") && readingOf(model).wrong.includes(j));
    });
  };
  return { node, put };
}

/** Steps through the words that were written. */
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

/** A box that is ticked or not; hidden where there is nothing to show. */
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

function makeBoxes(model, save) {
  const about = readingOf(model).picture ? "Frame what the word is about" : "Frame the words it translates";
  return [
    makeBox(model, save, "framed", about, ({ links }) => links.length),
    makeBox(model, save, "marked", "Mark what is wrong", ({ truth }) => truth),
  ];
}

/** Where it looked, in words. */
function tell(model) {
  const { source, target, weights, picture, wrong } = readingOf(model);
  const word = model.get("word");
  const order = source.map((_, i) => i).sort((a, b) => weights[word][b] - weights[word][a]);
  const seen = order.filter((i) => weights[word][i] >= SEEN).slice(0, 3);
  const named = (i) => (picture ? source[i] : `“${source[i]}”`);
  const looked = seen.map((i) => `${named(i)} (${percent(weights[word][i])})`).join(picture ? "; " : ", ");
  const told = [`Before it wrote “${target[word]}”, it looked at ${looked || "nowhere in particular"}.`];
  const right = [...aboutOf(model)].map(named);
  if (model.get("framed") && right.length) {
    told.push(picture ? "The word is about what is framed." : `It translates ${right.join(", ")}.`);
  }
  if (model.get("marked") && wrong.includes(word)) told.push("This word is wrong.");
  return told.join(" ");
}

/** What should have been written, where something is wrong. */
function tellRight(model) {
  const { truth, wrong, target } = readingOf(model);
  if (!model.get("marked") || !truth) return "";
  const whole = truth === target.join(" ");
  return whole ? "All of it is right." : `${wrong.length ? "" : "Words are missing. "}Right would be: ${truth}`;
}

/** What to print: of the first text's words whose meaning is known, the one with the sharpest look. */
function chooseStill(model) {
  const { target, weights, links } = model.get("readings")[0];
  const known = target.map((_, j) => j).filter((j) => links.some(([word]) => word === j));
  const words = known.length ? known : [...target.keys()];
  const sharpness = (j) => Math.max(...weights[j]);
  const word = words.reduce((best, j) => (sharpness(j) > sharpness(best) ? j : best));
  return { sentence: 0, word, framed: known.length > 0 };
}

function makeCard(model, parts) {
  const id = uniqueId();
  const heading = (...nodes) => element("p", { class: "course-subtitle" }, ...nodes);
  return card(
    { class: "course-attention", role: "group", "aria-labelledby": id },
    "Explore the weights",
    element("p", { class: "course-title", id }, model.get("title")),
    parts.list.node,
    heading("It wrote", element("span", { class: "course-screen" }, ": choose a word")),
    parts.target.node,
    heading(parts.isPicture ? "It saw this, and looked where it is bright" : "It read, and looked here"),
    parts.source.node,
    element("div", { class: "course-actions" }, parts.player.button, ...parts.boxes.map(({ node }) => node)),
    parts.told,
    parts.right,
  );
}

function render({ model, el }) {
  const save = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const pick = (word) => save({ word });
  const player = makePlayer(makeSteps(model, pick));
  const choose = (changes) => {
    player.stop();
    save(changes);
  };
  const list = makeList(model, choose);
  const target = makeTarget(model, (word) => choose({ word }));
  const [source, boxes] = [makeSource(model), makeBoxes(model, save)];
  const told = element("p", { class: "course-told", role: "status" });
  const right = element("p", { class: "course-truth", "aria-live": "polite" });
  const update = () => {
    [list, source, target, ...boxes].forEach((part) => part.put());
    told.textContent = tell(model);
    right.textContent = tellRight(model);
  };
  update();
  const changes = SETTINGS.map((name) => `change:${name}`).join(" ");
  model.on(changes, update);
  const endStill = showOnPaper(model, chooseStill(model));
  const isPicture = Boolean(readingOf(model).picture);
  el.append(makeCard(model, { list, source, target, boxes, player, told, right, isPicture }));
  return () => {
    player.stop();
    endStill();
    model.off(changes, update);
  };
}

export default { render };
