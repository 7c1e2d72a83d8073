const WRITE_MS = 300; // an address is written once the reader rests
const PLAY = "M4 2.5v11l9-5.5z";
const PAUSE = "M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z";
const HINT = "Make your guess, then press play.";
const FREE =
  "Every change starts over from the same weights, with the run before as a dotted line.";
const THEMES = { attributeFilter: ["data-theme", "theme", "data-jp-theme-light"] };

function makeButton(text, act) {
  const button = element("button", { type: "button", class: "course-button" }, text);
  button.addEventListener("click", act);
  return button;
}

/** A labelled list of a setting's options; `put` makes it stand at a value. */
function makeChoice({ name, label, options }, choose) {
  const id = uniqueId();
  const offered = options.map(({ text }, index) => element("option", { value: index }, text));
  const input = element("select", { id, "data-setting": name }, ...offered);
  input.addEventListener("input", () => choose({ [name]: options[input.value].value }));
  const put = (settings) => {
    input.value = options.findIndex(({ value }) => value === settings[name]);
  };
  const row = element("div", { class: "course-row" }, input);
  return { node: element("div", {}, element("label", { for: id }, label), row), put };
}

/** A button per story; `put` shows which one is told. */
function makeStories(stories, tell) {
  const buttons = stories.map((story) => makeButton(story.name, () => tell(story)));
  const group = { class: "course-stories", role: "group", "aria-label": "Stories" };
  const put = (told) =>
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", stories[i] === told));
  return { nodes: stories.length ? [element("div", group, ...buttons)] : [], put };
}

function countUpdates({ updates }) {
  return `${updates} ${updates === 1 ? "update" : "updates"}`;
}

/** The buttons, the count of updates, and a line that tells in words what happened. */
function makeBar(acts) {
  const play = makeButton("", acts.play);
  play.classList.add("course-primary", "course-play");
  const step = makeButton("Step", acts.step);
  const others = [makeButton("Reset", acts.reset), makeButton("New weights", acts.redraw)];
  if (canShare()) others.push(makeButton("Copy link", acts.share));
  const count = element("span", { class: "course-count" });
  const status = element("p", { class: "course-status", role: "status" });
  const told = element("div", { class: "course-stand" }, count, status);
  const node = element("div", { class: "course-bar" }, play, step, ...others, told);
  const put = ({ run, isPlaying }) => {
    const name = isPlaying ? "Pause" : "Play";
    if (play.textContent !== name) play.replaceChildren(icon(isPlaying ? PAUSE : PLAY), name);
    step.disabled = play.disabled = isOver(run);
    count.textContent = countUpdates(run);
  };
  const say = (text) => {
    if (status.textContent !== text) status.textContent = text;
  };
  return { node, put, say };
}

/** Whether the page has an address that another reader could open. */
function canShare() {
  return location.host !== "";
}

/** What can be shared: `remember` keeps a state in the page's address, `copy` copies the link. */
function makeAddress(name) {
  const field = element("input", { class: "course-link", readonly: "", hidden: "" });
  field.setAttribute("aria-label", "Link to this state of the playground");
  let timer = null;
  const cancel = () => clearTimeout(timer);
  const remember = (settings) => {
    cancel();
    const write = () => history.replaceState(history.state, "", writeHash(settings, name));
    if (canShare()) timer = setTimeout(write, WRITE_MS);
  };
  const copy = async (settings) => {
    field.value = new URL(writeHash(settings, name), location.href).href;
    const copied = navigator.clipboard?.writeText(field.value).then(
      () => true,
      () => false,
    );
    if (await copied) return true;
    field.hidden = false; // where the browser does not copy, the reader can
    field.select();
    return document.execCommand("copy");
  };
  return { field, cancel, remember, copy, read: (start) => readHash(location.hash, name, start) };
}

/** What stands below a story's question: its answer, once there was something to see. */
function writeNote(story, updates) {
  if (!story) return FREE;
  return updates < story.after ? HINT : story.answer;
}

/** How a training ended or where it rests. */
function writeStatus(run) {
  if (run.diverged) {
    return `Diverged after ${countUpdates(run)}: its numbers are too large for a computer.`;
  }
  return `${isOver(run) ? "Stopped" : "Paused"}: ${describe(observe(run))}.`;
}

/** The settings as they are, with the updates made so far. */
function stateOf({ player: { run } }) {
  return { ...run.settings, updates: run.updates };
}

/** Puts the buttons and the note where the run stands. */
function follow({ bar, note, player, story, stories }) {
  bar.put(player);
  const text = stories.length ? writeNote(story, player.run.updates) : "";
  if (note.textContent !== text) note.textContent = text;
}

/** Starts another training, of a story or of the reader's own. */
function load(desk, settings, story) {
  const { title, bar, address, choices, tellers, player } = desk;
  desk.story = story;
  title.textContent = story?.question ?? desk.question;
  address.field.hidden = true;
  bar.say("");
  for (const choice of choices) choice.put(settings);
  tellers.put(story);
  player.load(settings);
}

/** The same, and the page's address follows. */
function begin(desk, settings, story) {
  load(desk, settings, story);
  desk.address.remember(settings);
}

/** Says where the training stands, now that it does. */
function rest(desk) {
  desk.bar.say(writeStatus(desk.player.run));
  desk.address.remember(stateOf(desk));
}

/** What the reader can do, by the names that the bar and the lists know. */
function makeActs(desk) {
  const settings = () => ({ ...desk.player.run.settings, updates: 0 });
  const play = () => {
    desk.player.play(!desk.player.isPlaying);
    if (desk.player.isPlaying) desk.bar.say("");
    else rest(desk);
  };
  const step = () => {
    desk.bar.say("");
    desk.player.step();
    desk.address.remember(stateOf(desk));
  };
  const reset = () => {
    desk.player.play(false);
    begin(desk, settings(), desk.story);
  };
  const tell = (story) => {
    desk.player.play(false);
    begin(desk, story.start, story);
  };
  const share = async () => {
    const isCopied = await desk.address.copy(stateOf(desk));
    desk.bar.say(isCopied ? "The link is copied." : "The link is selected: copy it by hand.");
  };
  const change = (changes) => begin(desk, { ...settings(), ...changes }, null);
  return { play, step, reset, tell, share, change, redraw: () => change(nextSeed(settings())) };
}

/** What changes when other weights are drawn. */
function nextSeed({ seed }) {
  const [first, last] = SETTINGS.find(({ name }) => name === "seed").range;
  return { seed: seed < last ? seed + 1 : first };
}

/** Everything on the card, and the player behind it. */
function makeDesk(model) {
  const [question, stories] = [model.get("title"), model.get("stories")];
  const desk = { question, stories, story: null };
  const acts = makeActs(desk);
  desk.title = element("p", { class: "course-title", id: uniqueId(), "aria-live": "polite" });
  desk.note = element("p", { class: "course-note", "aria-live": "polite" });
  desk.note.hidden = stories.length === 0;
  desk.pictures = makePictures();
  desk.address = makeAddress(model.get("name"));
  desk.bar = makeBar(acts);
  desk.tellers = makeStories(stories, acts.tell);
  const offered = SETTINGS.filter(({ name }) => model.get("controls").includes(name));
  desk.choices = offered.map((setting) => makeChoice(setting, acts.change));
  const events = { changed: () => follow(desk), ended: () => rest(desk) };
  desk.player = makePlayer(desk.pictures, events);
  return desk;
}

function makeCard({ title, note, pictures, address, bar, tellers, choices }) {
  const controls = element("div", { class: "course-controls" }, ...choices.map(({ node }) => node));
  return card(
    { class: "course-playground", role: "group", "aria-labelledby": title.id },
    "Playground",
    ...tellers.nodes,
    title,
    element("div", { class: "course-body" }, pictures.boundary, bar.node, note, pictures.inside),
    address.field,
    controls,
  );
}

/**
 * Draws again once the card is on the page (before, it knows no colors) and when the page's theme
 * changes, and trains only while the card is in view.
 */
function watch(root, { player, pictures }) {
  const themes = new MutationObserver(() => pictures.draw());
  for (const node of [document.documentElement, document.body]) themes.observe(node, THEMES);
  const sizes = new ResizeObserver(() => pictures.draw());
  sizes.observe(root);
  const views = new IntersectionObserver((seen) => player.see(seen.at(-1).isIntersecting));
  views.observe(root);
  return () => {
    for (const observer of [themes, sizes, views]) observer.disconnect();
    player.stop();
  };
}

function render({ model, el }) {
  const desk = makeDesk(model);
  const root = makeCard(desk);
  el.append(root);
  const open = () => {
    const linked = desk.address.read(model.get("start"));
    const story = linked ? null : desk.stories[0];
    load(desk, linked ?? story?.start ?? model.get("start"), story ?? null);
  };
  const reopen = () => {
    if (!desk.address.read(model.get("start"))) return;
    desk.player.play(false);
    open();
  };
  open();
  window.addEventListener("hashchange", reopen);
  const unwatch = watch(root, desk);
  return () => {
    window.removeEventListener("hashchange", reopen);
    desk.address.cancel();
    unwatch();
  };
}

export default { render };
