const STEP_MS = 500;
const PLAY = "M4 2.5v11l9-5.5z";
const PAUSE = "M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z";

/** Where the frame of a position stands: the last control varies fastest. */
function frameIndex(controls, position) {
  return controls.reduce((index, { texts }, axis) => index * texts.length + position[axis], 0);
}

function makeSlider(id, { texts }) {
  return element("input", { type: "range", id, min: 0, max: texts.length - 1, step: 1 });
}

function makeChoice(id, { texts }) {
  const options = texts.map((text, index) => element("option", { value: index }, text));
  return element("select", { id }, ...options);
}

/** A labelled slider or list of choices; `show` makes it stand at a value's index. */
function makeControl(control) {
  const id = uniqueId();
  const isSlider = control.kind === "slider";
  const input = isSlider ? makeSlider(id, control) : makeChoice(id, control);
  const value = element("span", { class: "course-value", "aria-hidden": "true" });
  const heading = element("div", { class: "course-heading" });
  heading.append(element("label", { for: id }, control.label), ...(isSlider ? [value] : []));
  const row = element("div", { class: "course-row" }, input);
  const show = (index) => {
    input.value = index;
    if (!isSlider) return;
    value.textContent = control.texts[index];
    input.setAttribute("aria-valuetext", control.texts[index]);
    input.style.setProperty("--fill", index / Math.max(1, control.texts.length - 1));
  };
  return { node: element("div", { class: "course-control" }, heading, row), row, input, show };
}

/** Draws a play button as an icon; in words it says what it plays through. */
function showAsIcon(label) {
  return (button, isPlaying) => {
    const text = isPlaying ? `Pause ${label}` : `Play through ${label}`;
    button.setAttribute("aria-label", text);
    button.title = text;
    button.replaceChildren(icon(isPlaying ? PAUSE : PLAY));
  };
}

/** Steps the control at `axis` to its end; starts over when it stands there already. */
function makeSteps(model, axis, moveTo) {
  const last = model.get("controls")[axis].texts.length - 1;
  const at = () => model.get("position")[axis];
  return {
    begin: () => moveTo(axis, at() === last ? 0 : at() + 1),
    step: () => {
      if (at() < last) moveTo(axis, at() + 1);
      return at() < last;
    },
  };
}

/** The picture; `show` makes it the frame at an index. All frames are loaded ahead: no flicker. */
function makePicture(model) {
  const [width, height] = model.get("size");
  const node = element("img", { class: "course-frame", width, height, decoding: "sync" });
  const loaded = model.get("frames").map((src) => Object.assign(new Image(), { src }));
  const show = (index) => {
    node.src = loaded[index].src;
    node.alt = model.get("alts")[index];
  };
  return { node, show };
}

/** The position in words: "Depth: 4, Activation: ReLU". */
function describe(specs, position) {
  return specs.map(({ label, texts }, axis) => `${label}: ${texts[position[axis]]}`).join(", ");
}

function makeCard(title, controls, picture, announcer) {
  const id = uniqueId();
  return card(
    { class: "course-explorer", role: "group", "aria-labelledby": id },
    "Explore",
    element("p", { class: "course-title", id }, title),
    element("div", { class: "course-controls" }, ...controls.map(({ node }) => node)),
    picture.node,
    announcer.node,
  );
}

function render({ model, el }) {
  const specs = model.get("controls");
  const controls = specs.map(makeControl);
  const picture = makePicture(model);
  const announcer = makeAnnouncer();
  let player = null;

  const moveTo = (axis, index) => {
    model.set("position", model.get("position").with(axis, index));
    model.save_changes();
  };
  const announce = () => announcer.announce(describe(specs, model.get("position")));
  const update = () => {
    const position = model.get("position");
    controls.forEach((control, axis) => control.show(position[axis]));
    picture.show(frameIndex(specs, position));
  };
  const moved = () => {
    update();
    if (!player?.isPlaying()) announce();
  };

  controls.forEach(({ input }, axis) => {
    input.addEventListener("input", () => {
      player?.stop();
      moveTo(axis, Number(input.value));
    });
  });
  const played = specs.findIndex(({ name }) => name === model.get("play"));
  if (played >= 0) {
    const steps = makeSteps(model, played, moveTo);
    const show = showAsIcon(specs[played].label);
    player = makePlayer({ ...steps, pause: () => STEP_MS, show, end: announce });
    controls[played].row.prepend(player.button);
  }
  update();
  const endStill = showOnPaper(model, { position: model.get("still") ?? model.get("position") });
  model.on("change:position", moved);
  el.append(makeCard(model.get("title"), controls, picture, announcer));
  return () => {
    model.off("change:position", moved);
    endStill();
    player?.stop();
    announcer.cancel();
  };
}

export default { render };
