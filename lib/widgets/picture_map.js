const PLACES = 1000; // steps along each side of the map
const NEAR = 32; // pixels from a click to the picture it picks
const COLORS = 10; // of classes: --class-0 and on
const ALL = -1;
const DIRECTIONS = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};
const SETTINGS = ["layout_name", "shown", "selected"];

const colorOf = (label) => `var(--class-${label % COLORS})`;

/** The picture sheet as a short address: 300 elements would each carry the long one. */
function makeSheet(model) {
  const [, content] = model.get("sheet").split(",");
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], { type: "image/webp" }));
  const count = model.get("labels").length;
  const columns = model.get("columns");
  const rows = Math.ceil(count / columns);
  const percent = (at, of) => `${of > 1 ? (100 * at) / (of - 1) : 0}%`;
  const size = `${100 * columns}% ${100 * rows}%`;
  /** Makes a node show a picture, in the color of its class. */
  const put = (node, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    node.style.backgroundImage = `url(${url})`;
    node.style.backgroundSize = size;
    node.style.backgroundPosition = `${percent(column, columns)} ${percent(row, rows)}`;
    node.style.setProperty("--frame", colorOf(model.get("labels")[index]));
  };
  return { put, release: () => URL.revokeObjectURL(url) };
}

/** A labelled list of texts; `choose` hears of the index chosen. */
function makeSelect(label, texts, choose) {
  const id = uniqueId();
  const options = texts.map((text, value) => element("option", { value }, text));
  const input = element("select", { id }, ...options);
  input.addEventListener("input", () => choose(Number(input.value)));
  const heading = element("div", { class: "course-heading" });
  heading.append(element("label", { for: id }, label));
  const row = element("div", { class: "course-row" }, input);
  const node = element("div", { class: "course-control" }, heading, row);
  return { node, put: (index) => (input.value = index) };
}

function makeControls(model, save) {
  const layouts = model.get("layouts").map(({ name }) => name);
  const classes = ["All", ...model.get("classes")];
  const layout = makeSelect("Lay out by", layouts, (i) => save({ layout_name: layouts[i] }));
  const shown = makeSelect("Show class", classes, (i) => save({ shown: i + ALL }));
  const node = element("div", { class: "course-controls" }, layout.node, shown.node);
  const put = () => {
    layout.put(layouts.indexOf(model.get("layout_name")));
    shown.put(model.get("shown") - ALL);
  };
  return { node, put };
}

/** What the frames mean. */
function makeLegend(model) {
  const keys = model.get("classes").map((name, label) => {
    const swatch = element("span", { class: "course-swatch", "aria-hidden": "true" });
    swatch.style.background = colorOf(label);
    return element("span", { class: "course-key" }, swatch, name);
  });
  return element("p", { class: "course-legend" }, ...keys);
}

/** Class and number of a picture in words. */
function nameOf(model, index) {
  return `${model.get("classes")[model.get("labels")[index]]}, picture ${index + 1}`;
}

function placesOf(model) {
  const layouts = model.get("layouts");
  return (layouts.find(({ name }) => name === model.get("layout_name")) ?? layouts[0]).places;
}

/** The pictures on their places. Keys move from each to the next one in a direction. */
function makeMap(model, sheet, pick) {
  const pictures = model.get("labels").map((_, index) => {
    const attributes = { role: "option", id: uniqueId(), "aria-label": nameOf(model, index) };
    const node = element("div", { ...attributes, class: "course-dot" });
    sheet.put(node, index);
    return node;
  });
  const list = element("div", { class: "course-dots", role: "listbox", tabindex: 0 }, ...pictures);
  list.setAttribute("aria-label", "Pictures on the map; arrow keys move between them");
  list.dataset.lmSuppressShortcuts = "true";
  const lines = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  lines.setAttribute("viewBox", `0 0 ${PLACES} ${PLACES}`);
  lines.setAttribute("preserveAspectRatio", "none");
  lines.setAttribute("aria-hidden", "true");
  const inner = element("div", { class: "course-inner" }, lines, list);
  const node = element("div", { class: "course-map" }, inner);
  node.style.setProperty("--side", `${(86 / Math.sqrt(pictures.length)).toFixed(2)}%`);
  node.style.setProperty("--proportion", model.get("proportion"));
  const isShown = (index) => [ALL, model.get("labels")[index]].includes(model.get("shown"));
  listen(model, list, isShown, pick);
  const draw = () => drawMap(model, pictures, list, lines, isShown);
  return { node, draw };
}

function listen(model, list, isShown, pick) {
  list.addEventListener("click", ({ clientX, clientY }) => {
    const { left, top, width, height } = list.getBoundingClientRect();
    const gaps = placesOf(model).map(([x, y], index) => {
      const [dx, dy] = [(x / PLACES) * width + left - clientX, (y / PLACES) * height + top - clientY];
      return isShown(index) ? Math.hypot(dx, dy) : Infinity;
    });
    const least = Math.min(...gaps);
    if (least < NEAR) pick(gaps.indexOf(least));
  });
  list.addEventListener("keydown", (event) => {
    const shown = placesOf(model).map((_, index) => index).filter(isShown);
    const ends = { Home: shown[0], End: shown.at(-1) };
    if (!(event.key in DIRECTIONS) && !(event.key in ends)) return;
    event.preventDefault(); // else the page scrolls
    const found = ends[event.key] ?? findNext(model, DIRECTIONS[event.key], isShown);
    if (found !== undefined) pick(found);
  });
}

/** The closest picture within 45 degrees of a direction; what lies straight ahead counts most. */
function findNext(model, [right, down], isShown) {
  const places = placesOf(model);
  const [x, y] = places[model.get("selected")];
  let [best, least] = [undefined, Infinity];
  places.forEach(([toX, toY], index) => {
    const ahead = right * (toX - x) + down * (toY - y);
    const aside = Math.abs(down * (toX - x)) + Math.abs(right * (toY - y));
    const gap = ahead + 2 * aside;
    if (index === model.get("selected") || !isShown(index)) return;
    if (ahead > 0 && ahead >= aside && gap < least) [best, least] = [index, gap];
  });
  return best;
}

function drawMap(model, pictures, list, lines, isShown) {
  const [places, selected] = [placesOf(model), model.get("selected")];
  const spaces = model.get("spaces").map(({ rows }) => rows[selected]);
  pictures.forEach((node, index) => {
    node.style.left = `${places[index][0] / (PLACES / 100)}%`;
    node.style.top = `${places[index][1] / (PLACES / 100)}%`;
    node.setAttribute("aria-selected", index === selected);
    node.classList.toggle("course-faint", !isShown(index) && index !== selected);
    node.classList.toggle("course-near", spaces.some((row) => row.includes(index)));
  });
  list.setAttribute("aria-activedescendant", pictures[selected].id);
  const paths = spaces.flatMap((row, space) =>
    row.map((index) => {
      const path = document.createElementNS(lines.namespaceURI, "path");
      path.setAttribute("d", `M${places[selected].join(" ")}L${places[index].join(" ")}`);
      path.setAttribute("class", `course-link course-space-${space}`);
      return path;
    }),
  );
  lines.replaceChildren(...paths.reverse());
}

/** The chosen picture, and a row of its neighbors for each space. */
function makePanel(model, sheet, pick) {
  const large = element("div", { class: "course-large", role: "img" });
  const caption = element("p", { class: "course-caption" });
  const rows = model.get("spaces").map((_, space) => makeRow(model, sheet, space, pick));
  const chosen = element("div", { class: "course-chosen" }, large, caption);
  const node = element("div", { class: "course-panel" }, chosen, ...rows.map((row) => row.node));
  const put = () => {
    const index = model.get("selected");
    sheet.put(large, index);
    large.setAttribute("aria-label", nameOf(model, index));
    caption.textContent = model.get("classes")[model.get("labels")[index]];
    rows.forEach((row) => row.put(index));
  };
  return { node, put };
}

function makeRow(model, sheet, space, pick) {
  const { name, rows } = model.get("spaces")[space];
  const buttons = rows[0].map(() => element("button", { type: "button", class: "course-near-by" }));
  const names = buttons.map(() => element("span", { "aria-hidden": "true" }));
  const cells = buttons.map((button, i) => element("li", {}, button, names[i]));
  const mark = element("span", { class: `course-mark course-space-${space}`, "aria-hidden": "true" });
  const heading = element("p", { class: "course-subtitle" }, mark, `Closest in ${name}`);
  let current = rows[0];
  buttons.forEach((button, i) => button.addEventListener("click", () => pick(current[i])));
  const put = (index) => {
    current = rows[index];
    current.forEach((neighbor, i) => {
      sheet.put(buttons[i], neighbor);
      buttons[i].setAttribute("aria-label", nameOf(model, neighbor));
      names[i].textContent = model.get("classes")[model.get("labels")[neighbor]];
    });
  };
  const node = element("div", { class: "course-space" }, heading, element("ul", {}, ...cells));
  return { node, put };
}

/** What is chosen, in words: how many neighbors share its class in each space. */
function tell(model) {
  const [labels, index] = [model.get("labels"), model.get("selected")];
  const counts = model.get("spaces").map(({ name, rows }) => {
    const same = rows[index].filter((other) => labels[other] === labels[index]).length;
    return `${same} of ${rows[index].length} in ${name}`;
  });
  return `${nameOf(model, index)}. Neighbors of its class: ${counts.join(", ")}.`;
}

function makeCard(model, controls, map, panel, told) {
  const id = uniqueId();
  return card(
    { class: "course-picture-map", role: "group", "aria-labelledby": id },
    "Explore the map",
    element("p", { class: "course-title", id }, model.get("title")),
    controls.node,
    map.node,
    makeLegend(model),
    told,
    panel.node,
  );
}

function render({ model, el }) {
  const save = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const pick = (selected) => save({ selected });
  const sheet = makeSheet(model);
  const controls = makeControls(model, save);
  const map = makeMap(model, sheet, pick);
  const panel = makePanel(model, sheet, pick);
  const told = element("p", { class: "course-told", role: "status" });
  const update = () => {
    controls.put();
    map.draw();
    panel.put();
    told.textContent = tell(model);
  };
  update();
  const changes = SETTINGS.map((name) => `change:${name}`).join(" ");
  model.on(changes, update);
  el.append(makeCard(model, controls, map, panel, told));
  return () => {
    model.off(changes, update);
    sheet.release();
  };
}

export default { render };
