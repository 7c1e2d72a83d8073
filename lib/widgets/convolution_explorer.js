const SWEEP_MS = 12_000; // that a window should take over all outputs
const [FASTEST_MS, SLOWEST_MS] = [50, 500]; // of a step
const CONTROLS = [
  { name: "size", label: "Picture size N" },
  { name: "filter", label: "Filter size F" },
  { name: "stride", label: "Stride S" },
  { name: "padding", label: "Padding P" },
  { name: "channels", label: "Channels C", stops: [1, 3, 16, 64, 256, 512] },
  { name: "filters", label: "Filters K", stops: [1, 3, 6, 16, 32, 64, 96, 128, 256, 512] },
];
const EXAMPLES = [
  ["Six 5 × 5 filters", { size: 32, filter: 5, stride: 1, padding: 0, channels: 3, filters: 6 }],
  ["Same size", { filter: 3, stride: 1, padding: 1 }],
  ["Half the size", { filter: 3, stride: 2, padding: 1 }],
  ["Uneven stride", { size: 7, filter: 3, stride: 3, padding: 0 }],
  ["AlexNet’s first", { size: 227, filter: 11, stride: 4, padding: 0, channels: 3, filters: 96 }],
];

function makeButton(text, attributes = {}) {
  return element("button", { type: "button", class: "course-button", ...attributes }, text);
}

/** A number that the reader types or steps; the buttons go from stop to stop where there are any. */
function makeStepper({ name, label, stops }, model, save) {
  const [min, max] = model.get("limits")[name];
  const id = uniqueId();
  const input = element("input", { type: "number", id, min, max, step: 1, inputmode: "numeric" });
  const choose = (value) => {
    save({ [name]: Math.max(min, Math.min(max, value)) });
    put(); // what was typed may not be what was taken
  };
  input.addEventListener("change", () => {
    choose(input.value === "" ? model.get(name) : Math.round(input.valueAsNumber));
  });
  const makeStep = (text, verb, next) => {
    const button = makeButton(text, { "aria-label": `${verb} ${label}` });
    button.addEventListener("click", () => choose(next(model.get(name))));
    return button;
  };
  const less = (now) => stops?.findLast((stop) => stop < now) ?? now - 1;
  const more = (now) => stops?.find((stop) => stop > now) ?? now + 1;
  const [lower, raise] = [makeStep("−", "Lower", less), makeStep("+", "Raise", more)];
  const put = () => {
    const now = (input.value = model.get(name));
    lower.setAttribute("aria-disabled", now === min); // a disabled button would lose the focus
    raise.setAttribute("aria-disabled", now === max);
  };
  const heading = element("div", { class: "course-heading" }, element("label", { for: id }, label));
  const row = element("div", { class: "course-row" }, lower, input, raise);
  return { node: element("div", { class: "course-control" }, heading, row), put };
}

/** Buttons that set several settings at once; the one that they stand at is marked. */
function makeExamples(model, save) {
  const buttons = EXAMPLES.map(([text, settings]) => {
    const button = makeButton(text);
    button.addEventListener("click", () => save({ ...settings, row: 0, column: 0 }));
    return button;
  });
  const group = { class: "course-examples course-screen", role: "group", "aria-label": "Examples" };
  const node = element("div", group, ...buttons);
  const put = () => {
    EXAMPLES.forEach(([, settings], index) => {
      const isOn = Object.entries(settings).every(([name, value]) => model.get(name) === value);
      buttons[index].setAttribute("aria-pressed", isOn);
    });
  };
  return { node, put };
}

/** Buttons that move the window on, back, and over all outputs by itself. */
function makeTour(model, pick) {
  const place = () => {
    const { row, column, output } = readShape(model);
    return { now: row * output + column, all: output ** 2, output };
  };
  const go = (index) => {
    const { all, output } = place();
    const at = Math.max(0, Math.min(all - 1, index));
    pick({ row: Math.floor(at / output), column: at % output });
  };
  const player = makePlayer({
    begin: () => place().now === place().all - 1 && go(0),
    step: () => {
      if (document.hidden) return false;
      go(place().now + 1);
      return place().now < place().all - 1;
    },
    pause: () => Math.max(FASTEST_MS, Math.min(SLOWEST_MS, SWEEP_MS / place().all)),
  });
  const makeStep = (label, text, by) => {
    const button = makeButton(text, { "aria-label": label });
    button.addEventListener("click", () => {
      player.stop();
      go(place().now + by);
    });
    return button;
  };
  const steps = [makeStep("Previous output", "‹", -1), makeStep("Next output", "›", 1)];
  const node = element("div", { class: "course-actions" }, steps[0], player.button, steps[1]);
  return { node, stop: player.stop };
}

function makeCard(model, parts) {
  const id = uniqueId();
  const question = element("p", { class: "course-question" }, model.get("question"));
  question.hidden = !model.get("question");
  const steppers = parts.steppers.map(({ node }) => node);
  return card(
    { class: "course-convolution", role: "group", "aria-labelledby": id },
    "Explore the arithmetic",
    element("p", { class: "course-title", id }, model.get("title")),
    question,
    parts.examples.node,
    element("div", { class: "course-controls course-screen" }, ...steppers),
    parts.formula.node,
    parts.fit,
    parts.grids.node,
    parts.legend.node,
    parts.tour.node,
    parts.told,
    parts.sum.node,
    parts.costs.node,
    parts.announcer.node,
  );
}

function render({ model, el }) {
  const save = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const tour = makeTour(model, save);
  const choose = (changes) => {
    tour.stop();
    save(changes);
  };
  let hovered = null;
  const hover = (place) => {
    hovered = place;
    move();
  };
  const steppers = CONTROLS.map((control) => makeStepper(control, model, choose));
  const examples = makeExamples(model, choose);
  const [grids, announcer] = [makeGrids(choose, hover), makeAnnouncer()];
  const [formula, legend, sum, costs] = [makeFormula(), makeLegend(), makeSum(), makeCosts()];
  const [fit, told] = ["course-fit", "course-told"].map((name) => element("p", { class: name }));

  const move = () => {
    const shape = { ...readShape(model), ...hovered };
    grids.move(shape);
    told.textContent = tellPlace(shape);
    sum.put(shape);
  };
  const moved = () => hover(null); // else a resting mouse would hide where the keys have led
  const draw = () => {
    const shape = readShape(model);
    [...steppers, examples].forEach((part) => part.put());
    [formula, legend, costs].forEach((part) => part.put(shape));
    fit.textContent = tellFit(shape);
    tour.node.hidden = shape.output < 2;
    grids.draw(shape);
    moved();
  };
  const update = () => {
    draw();
    announcer.announce(tellOutcome(readShape(model)));
  };
  draw();
  const [settings, places] = [SETTINGS, ["row", "column"]].map((names) => {
    return names.map((name) => `change:${name}`).join(" ");
  });
  model.on(settings, update);
  model.on(places, moved);
  const words = { formula, fit, legend, told, sum, costs, announcer };
  el.append(makeCard(model, { examples, steppers, grids, tour, ...words }));
  return () => {
    model.off(settings, update);
    model.off(places, moved);
    tour.stop();
    announcer.cancel();
  };
}

export default { render };
