// A picture that the reader steers: one to three controls over frames rendered ahead of time.

import { makeControl, makeList } from "./controls.js";
import { card, element, icon, makeAnnouncer, uniqueId } from "./dom.js";
import { joinEnds, listen, makeSaver, showOnPaper } from "./model.js";
import { makePlayButton, PAUSE, PLAY } from "./player.js";

const STEP_MS = 500;

/** @typedef {{ name: string, kind: "slider" | "choice", label: string, texts: string[] }} Spec */

/**
 * @typedef {object} State
 * @property {string} title
 * @property {Spec[]} controls
 * @property {number[]} position where each control stands
 * @property {number[] | null} still the position that is printed
 * @property {string | null} play the name of the control that a button plays through
 * @property {string[]} frames addresses of the pictures
 * @property {string[]} alts
 * @property {[number, number]} size width and height of a picture
 * @property {boolean} charts whether the pictures are drawings, which take the page's colors
 */

/** @typedef {import("./model.js").Model<State>} ExplorerModel */
/** @typedef {(axis: number, index: number) => void} Move */

/**
 * Where the frame of a position stands: the last control varies fastest.
 *
 * @param {Pick<Spec, "texts">[]} controls
 * @param {number[]} position
 */
export function frameIndex(controls, position) {
  return controls.reduce((index, { texts }, axis) => index * texts.length + position[axis], 0);
}

/**
 * A slider; `put` makes it stand at a value's index.
 *
 * @param {Spec} spec
 * @param {(index: number) => void} choose
 */
function makeSlider({ label, texts }, choose) {
  const last = texts.length - 1;
  const input = element("input", { type: "range", min: 0, max: last, step: 1 });
  input.addEventListener("input", () => choose(Number(input.value)));
  const value = element("span", { class: "course-value", "aria-hidden": true });
  /** @param {number} index */
  const put = (index) => {
    input.value = String(index);
    value.textContent = texts[index];
    input.setAttribute("aria-valuetext", texts[index]);
    input.style.setProperty("--fill", String(index / Math.max(1, last)));
  };
  return { ...makeControl(label, input, value), put };
}

/**
 * A list of choices; `put` makes it stand at a value's index.
 *
 * @param {Spec} spec
 * @param {(index: number) => void} choose
 */
function makeChoice({ label, texts }, choose) {
  const input = makeList(texts, choose);
  /** @param {number} index */
  const put = (index) => {
    input.value = String(index);
  };
  return { ...makeControl(label, input), put };
}

/**
 * Draws a play button as an icon; in words it says what it plays through.
 *
 * @param {string} label
 * @returns {import("./player.js").Draw}
 */
function showAsIcon(label) {
  return (button, isPlaying) => {
    const text = isPlaying ? `Pause ${label}` : `Play through ${label}`;
    button.setAttribute("aria-label", text);
    button.title = text;
    button.replaceChildren(icon(isPlaying ? PAUSE : PLAY));
  };
}

/**
 * Steps the control at `axis` to its end; starts over when it stands there already.
 *
 * @param {ExplorerModel} model
 * @param {number} axis
 * @param {Move} moveTo
 */
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

/**
 * The picture; `show` makes it the frame at an index. All frames are loaded ahead: no flicker.
 *
 * @param {ExplorerModel} model
 */
function makePicture(model) {
  const [width, height] = model.get("size");
  const kind = model.get("charts") ? "course-frame course-chart" : "course-frame";
  const node = element("img", { class: kind, width, height, decoding: "sync" });
  const loaded = model.get("frames").map((src) => Object.assign(new Image(), { src }));
  /** @param {number} index */
  const show = (index) => {
    node.src = loaded[index].src;
    node.alt = model.get("alts")[index];
  };
  return { node, show };
}

/**
 * The position in words: "Depth: 4, Activation: ReLU".
 *
 * @param {Spec[]} specs
 * @param {number[]} position
 */
function describe(specs, position) {
  return specs.map(({ label, texts }, axis) => `${label}: ${texts[position[axis]]}`).join(", ");
}

/**
 * @param {string} title
 * @param {{ node: HTMLElement }[]} controls
 * @param {...HTMLElement} rest
 */
function makeCard(title, controls, ...rest) {
  const id = uniqueId();
  return card(
    { class: "course-explorer", role: "group", "aria-labelledby": id },
    "Explore",
    element("p", { class: "course-title", id }, title),
    element("div", { class: "course-controls" }, ...controls.map(({ node }) => node)),
    ...rest,
  );
}

/**
 * All controls. A choice is told to `choose`; `put` makes them stand at a position.
 *
 * @param {Spec[]} specs
 * @param {Move} choose
 */
function makeControls(specs, choose) {
  const controls = specs.map((spec, axis) => {
    const make = spec.kind === "slider" ? makeSlider : makeChoice;
    return make(spec, (index) => choose(axis, index));
  });
  /** @param {number[]} position */
  const put = (position) => {
    controls.forEach((control, axis) => {
      control.put(position[axis]);
    });
  };
  return { controls, put };
}

/**
 * The button that plays through the values of a control; null if the explorer has none.
 *
 * @param {ExplorerModel} model
 * @param {Move} moveTo
 * @param {() => void} end
 */
function makePlayer(model, moveTo, end) {
  const specs = model.get("controls");
  const axis = specs.findIndex(({ name }) => name === model.get("play"));
  if (axis < 0) return null;
  const steps = makeSteps(model, axis, moveTo);
  const show = showAsIcon(specs[axis].label);
  return { axis, ...makePlayButton({ ...steps, pause: () => STEP_MS, show, end }) };
}

/** @param {import("./model.js").View<State>} view */
function render({ model, el }) {
  const specs = model.get("controls");
  const save = makeSaver(model);
  const [picture, announcer] = [makePicture(model), makeAnnouncer()];
  const announce = () => announcer.announce(describe(specs, model.get("position")));
  /** @type {Move} */
  const moveTo = (axis, index) => save({ position: model.get("position").with(axis, index) });
  const player = makePlayer(model, moveTo, announce);
  const { controls, put } = makeControls(specs, (axis, index) => {
    player?.stop();
    moveTo(axis, index);
  });
  if (player) controls[player.axis].row.prepend(player.button);
  const update = () => {
    put(model.get("position"));
    picture.show(frameIndex(specs, model.get("position")));
  };
  const moved = () => {
    update();
    if (!player?.isPlaying()) announce();
  };
  update();
  const endStill = showOnPaper(model, { position: model.get("still") ?? model.get("position") });
  const endUpdates = listen(model, ["position"], moved);
  el.append(makeCard(model.get("title"), controls, picture.node, announcer.node));
  return joinEnds(endUpdates, endStill, () => player?.stop(), announcer.cancel);
}

export default { render };
