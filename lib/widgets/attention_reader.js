const PARTS = 1000; // weights are whole numbers of thousandths
const SEEN = 20; // thousandths from which a weight is written out
const PAUSE = 900; // milliseconds a word stays while it plays
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const SETTINGS = ["sentence", "word", "framed"];

const percent = (weight) => `${Math.round((100 * weight) / PARTS)}%`;

function readingOf(model) {
  return model.get("readings")[model.get("sentence")];
}

/** The list of sentences. */
function makeList(model, save) {
  const id = uniqueId();
  const options = model.get("readings").map(({ name }, value) => element("option", { value }, name));
  const input = element("select", { id }, ...options);
  // The word first: the next sentence may be too short for the one that is chosen now.
  input.addEventListener("input", () => save({ word: 0, sentence: Number(input.value) }));
  const heading = element("div", { class: "course-heading" });
  heading.append(element("label", { for: id }, "Sentence"));
  const row = element("div", { class: "course-row" }, input);
  const node = element("div", { class: "course-control" }, heading, row);
  return { node, put: () => (input.value = model.get("sentence")) };
}

/** The words that were read, each over its weight. */
function makeSource(model) {
  const node = element("div", { class: "course-words course-read", lang: model.get("languages")[0] });
  const put = () => {
    const { source, weights, links } = readingOf(model);
    const [word, framed] = [model.get("word"), model.get("framed")];
    const right = new Set(links.filter(([j]) => j === word).map(([, i]) => i));
    const words = source.map((text, i) => {
      const weight = weights[word][i];
      const share = element("span", { class: "course-share" }, weight < SEEN ? "\u00a0" : percent(weight));
      const box = element("span", { class: "course-word" }, element("b", {}, text), share);
      box.style.setProperty("--weight", weight / PARTS);
      box.dataset.weight = weight;
      box.classList.toggle("course-right", framed && right.has(i));
      return box;
    });
    node.replaceChildren(...words);
  };
  return { node, put };
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
    });
  };
  return { node, put };
}

/** A button that steps through the translation, and stops at its end. */
function makePlay(model, pick) {
  const button = element("button", { type: "button", class: "course-play" }, "▶ Play");
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "▶ Play";
  };
  const step = () => {
    const last = readingOf(model).target.length - 1;
    if (model.get("word") < last) pick(model.get("word") + 1);
    if (model.get("word") >= last) stop();
  };
  button.addEventListener("click", () => {
    if (timer !== null) return stop();
    button.textContent = "❚❚ Pause";
    timer = setInterval(step, PAUSE);
    if (model.get("word") >= readingOf(model).target.length - 1) pick(0);
    else step();
  });
  return { button, stop };
}

function makeBox(model, save) {
  const input = element("input", { type: "checkbox", id: uniqueId() });
  input.addEventListener("change", () => save({ framed: input.checked }));
  const label = element("label", { for: input.id }, input, "Frame the words it translates");
  return { node: label, put: () => (input.checked = model.get("framed")) };
}

/** Where it looked, in words. */
function tell(model) {
  const { source, target, weights, links } = readingOf(model);
  const word = model.get("word");
  const order = source.map((_, i) => i).sort((a, b) => weights[word][b] - weights[word][a]);
  const seen = order.filter((i) => weights[word][i] >= SEEN).slice(0, 3);
  const looked = seen.map((i) => `“${source[i]}” (${percent(weights[word][i])})`).join(", ");
  const right = links.filter(([j]) => j === word).map(([, i]) => `“${source[i]}”`);
  const truth = right.length ? ` It translates ${right.join(", ")}.` : "";
  const spread = "nowhere in particular";
  return `Before it wrote “${target[word]}”, it looked at ${looked || spread}.${model.get("framed") ? truth : ""}`;
}

function makeCard(model, parts) {
  const id = uniqueId();
  const heading = (text) => element("p", { class: "course-subtitle" }, text);
  return card(
    { class: "course-attention", role: "group", "aria-labelledby": id },
    "Explore the weights",
    element("p", { class: "course-title", id }, model.get("title")),
    parts.list.node,
    heading("It wrote: choose a word"),
    parts.target.node,
    heading("It read, and looked here"),
    parts.source.node,
    element("div", { class: "course-actions" }, parts.play.button, parts.box.node),
    parts.told,
  );
}

function render({ model, el }) {
  const save = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const pick = (word) => save({ word });
  const play = makePlay(model, pick);
  const choose = (changes) => {
    play.stop();
    save(changes);
  };
  const list = makeList(model, choose);
  const target = makeTarget(model, (word) => choose({ word }));
  const [source, box] = [makeSource(model), makeBox(model, save)];
  const told = element("p", { class: "course-told", role: "status" });
  const update = () => {
    [list, source, target, box].forEach((part) => part.put());
    told.textContent = tell(model);
  };
  update();
  const changes = SETTINGS.map((name) => `change:${name}`).join(" ");
  model.on(changes, update);
  el.append(makeCard(model, { list, source, target, box, play, told }));
  return () => {
    play.stop();
    model.off(changes, update);
  };
}

export default { render };
