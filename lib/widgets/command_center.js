const SMOOTHINGS = [1, 3, 5, 9, 15];
const ROWS = 5; // of the table
const SETTINGS = ["metric", "color", "filters", "log", "smoothing"];
const ALL = "All";
const HINT = "Point at a line, or choose a run in the table, to see its settings.";

/** A labelled control; `heading` is shown beside the label. */
function makeControl(label, input, ...heading) {
  input.id = uniqueId();
  const caption = element("label", { for: input.id }, label);
  const row = element("div", { class: "course-row" }, input);
  const top = element("div", { class: "course-heading" }, caption, ...heading);
  return element("div", { class: "course-control" }, top, row);
}

/** A list of texts; `choose` hears of the chosen one, `put` makes it stand at one. */
function makeSelect(label, texts, choose) {
  const options = texts.map((text, value) => element("option", { value }, text));
  const input = element("select", {}, ...options);
  input.addEventListener("input", () => choose(texts[input.value]));
  const put = (text) => (input.value = Math.max(0, texts.indexOf(text)));
  return { node: makeControl(label, input), put };
}

function makeFilter({ name, options }, model, save) {
  const choose = (text) => {
    const { [name]: _, ...others } = model.get("filters");
    save({ filters: text === ALL ? others : { ...others, [name]: text } });
  };
  const { node, put } = makeSelect(name, [ALL, ...options], choose);
  return { node, put: () => put(model.get("filters")[name]) };
}

function makeSmoother(model, save) {
  const last = SMOOTHINGS.length - 1;
  const input = element("input", { type: "range", min: 0, max: last, step: 1 });
  const value = element("span", { class: "course-value", "aria-hidden": "true" });
  input.addEventListener("input", () => save({ smoothing: SMOOTHINGS[input.value] }));
  const put = () => {
    const count = model.get("smoothing");
    input.value = SMOOTHINGS.indexOf(count);
    value.textContent = count === 1 ? "off" : `over ${count}`;
    input.setAttribute("aria-valuetext", value.textContent);
    input.style.setProperty("--fill", input.value / last);
  };
  return { node: makeControl("Smooth", input, value), put };
}

function makeLogBox(model, save) {
  const input = element("input", { type: "checkbox" });
  input.addEventListener("input", () => save({ log: input.checked }));
  const node = element("label", { class: "course-check" }, input, "Log scale");
  const put = ({ canLog }) => {
    input.checked = model.get("log");
    node.style.visibility = canLog ? "" : "hidden";
  };
  return { node, put };
}

/** All controls, as nodes above the picture, and `put`, which makes them stand at a view. */
function makeControls(model, save) {
  const { parameters, metrics } = readView(model);
  const names = (things) => things.map(({ name }) => name);
  const varied = parameters.filter(({ options }) => options.length > 1);
  const metric = makeSelect("Show", names(metrics), (name) => save({ metric: name }));
  const color = makeSelect("Color by", names(parameters), (name) => save({ color: name }));
  const filters = varied.map((parameter) => makeFilter(parameter, model, save));
  const others = [makeSmoother(model, save), makeLogBox(model, save)];
  const row = (name, parts) => element("div", { class: name }, ...parts.map(({ node }) => node));
  const id = uniqueId();
  const heading = element("p", { class: "course-subtitle", id }, "Keep only the runs with");
  const group = { class: "course-filters", role: "group", "aria-labelledby": id };
  const kept = element("div", group, heading, row("course-controls", filters));
  const put = (view) => {
    metric.put(view.metric);
    color.put(view.color);
    [...filters, ...others].forEach((control) => control.put(view));
  };
  const top = row("course-view", [metric, color, ...others]);
  return { nodes: varied.length ? [top, kept] : [top], put };
}

/** What the colors mean: a swatch per value, or a ramp from the smallest to the largest. */
function makeLegend({ parameters, axis, runs }) {
  const { name, kind, options, marks } = parameters[axis];
  const keys = options.map((text, option) => {
    const { settings } = runs.find((run) => run.settings[axis].option === option);
    const isMissing = settings[axis].place === null;
    const swatch = makeSwatch(colorOf(parameters[axis], settings[axis].place));
    return { isMissing, node: element("span", { class: "course-key" }, swatch, text) };
  });
  const texts = marks.map((mark) => element("span", {}, mark));
  const ramp = element("span", { class: "course-ramp" }, makeSwatch(null), ...texts);
  const swatches = keys.filter(({ isMissing }) => kind !== "ramp" || isMissing);
  const nodes = [...(kind === "ramp" ? [ramp] : []), ...swatches.map(({ node }) => node)];
  return [element("span", { class: "course-name" }, name), ...nodes];
}

/** A piece of line of that color; the whole ramp if there is none. */
function makeSwatch(color) {
  const node = element("span", { class: "course-swatch", "aria-hidden": "true" });
  if (color) node.style.background = color;
  return node;
}

/** The runs the table has room for: the best and, if it isn't one of them, the selected run. */
function chooseRows(shown, selected) {
  const rank = shown.findIndex(({ index }) => index === selected);
  return rank < ROWS ? shown.slice(0, ROWS) : [...shown.slice(0, ROWS - 1), shown[rank]];
}

function makeRow({ index, name, result, settings, color }, columns, group, selected) {
  const radio = element("input", { type: "radio", name: group, value: index, "aria-label": name });
  radio.checked = index === selected;
  radio.dataset.lmSuppressShortcuts = "true";
  const label = element("label", {}, radio, makeSwatch(color), `${index + 1}`);
  const texts = [result, ...columns.map((column) => settings[column].text)];
  const cells = [label, ...texts].map((content) => element("td", {}, content));
  return element("tr", {}, ...cells);
}

/** The best runs shown. Arrow keys move through all of them; `pick` hears of the chosen one. */
function makeTable(pick) {
  const [id, group] = [uniqueId(), uniqueId()];
  const count = element("p", { class: "course-subtitle course-count", id, role: "status" });
  const [head, body] = [element("thead"), element("tbody")];
  const table = element("table", { class: "course-table", "aria-labelledby": id }, head, body);
  let shown = [];
  const fill = (view, selected) => {
    const hasFocus = body.contains(document.activeElement);
    shown = view.shown;
    count.textContent = `${shown.length} of ${view.runs.length} runs shown, the best first`;
    const { parameters } = view;
    const columns = [...parameters.keys()].filter((i) => parameters[i].options.length > 1);
    const value = view.smoothing > 1 ? `Mean of ${view.smoothing}` : "Last value";
    const names = ["Run", value, ...columns.map((column) => parameters[column].name)];
    const titles = names.map((name) => element("th", { scope: "col" }, name));
    head.replaceChildren(element("tr", {}, ...titles));
    const rows = chooseRows(shown, selected);
    body.replaceChildren(...rows.map((run) => makeRow(run, columns, group, selected)));
    table.parentNode.style.setProperty("--rows", Math.min(ROWS, view.runs.length));
    const current = body.querySelector(":checked") ?? body.querySelector("input");
    if (hasFocus) current?.focus({ preventScroll: true });
  };
  const step = (event) => {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault(); // else the browser moves through the five rows only
    const rank = shown.findIndex(({ index }) => index === Number(event.target.value));
    pick(shown[(rank + by + shown.length) % shown.length].index);
  };
  body.addEventListener("keydown", step);
  body.addEventListener("click", ({ target }) => {
    const radio = target.closest("tr")?.querySelector("input");
    if (radio && target !== radio && !target.closest("label")) pick(Number(radio.value));
  });
  body.addEventListener("change", ({ target }) => pick(Number(target.value)));
  return { nodes: [count, element("div", { class: "course-scroll" }, table)], fill };
}

/** A run in words: its settings, its last value, where it stands among those shown. */
function tell({ shown, metric, smoothing }, active) {
  const rank = shown.findIndex(({ index }) => index === active);
  if (rank < 0) return HINT;
  const what = smoothing > 1 ? `${metric}, mean of last ${smoothing}` : metric;
  const { name, result } = shown[rank];
  return `${name}. Rank ${rank + 1} of ${shown.length} by ${what}: ${result}.`;
}

function makeCard(title, controls, picture, legend, told, table) {
  const id = uniqueId();
  return card(
    { class: "course-command-center", role: "group", "aria-labelledby": id },
    "Compare runs",
    element("p", { class: "course-title", id }, title),
    ...controls.nodes,
    picture.node,
    legend,
    told,
    ...table.nodes,
  );
}

function render({ model, el }) {
  const save = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const picture = makePicture();
  const controls = makeControls(model, save);
  const table = makeTable((selected) => save({ selected }));
  const legend = element("p", { class: "course-legend" });
  const told = element("p", { class: "course-told", role: "status" });
  let [view, hovered] = [readView(model), null];

  const point = () => {
    const selected = view.runs[model.get("selected")]?.isShown ? model.get("selected") : null;
    picture.highlight(hovered ?? selected);
    told.textContent = tell(view, hovered ?? selected);
    told.classList.toggle("course-screen", told.textContent === HINT);
  };
  const draw = () => {
    picture.draw(view);
    point();
  };
  const select = () => {
    table.fill(view, model.get("selected"));
    point();
  };
  const update = () => {
    [view, hovered] = [readView(model), null];
    controls.put(view);
    legend.replaceChildren(...makeLegend(view));
    draw();
    select();
  };
  const hover = (index) => {
    if (index === hovered) return;
    hovered = index;
    point();
  };

  picture.svg.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse") hover(picture.find(event));
  });
  picture.svg.addEventListener("pointerleave", () => hover(null));
  picture.svg.addEventListener("click", (event) => save({ selected: picture.find(event) }));
  const observer = new ResizeObserver(draw);
  const root = makeCard(model.get("title"), controls, picture, legend, told, table);
  root.addEventListener("keydown", ({ key }) => key === "Escape" && save({ selected: null }));
  update();
  const changes = SETTINGS.map((name) => `change:${name}`).join(" ");
  model.on(changes, update);
  model.on("change:selected", select);
  el.append(root);
  observer.observe(picture.node);
  return () => {
    model.off(changes, update);
    model.off("change:selected", select);
    observer.disconnect();
  };
}

export default { render };
