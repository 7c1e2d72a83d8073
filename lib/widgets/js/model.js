// What a widget knows of the world around it: its state, shared by all its views.

/**
 * The widget's state as anywidget's `render` is given it; `save_changes` tells a kernel, if any.
 *
 * @template {object} S
 * @typedef {object} Model
 * @property {<K extends keyof S & string>(name: K) => S[K]} get
 * @property {<K extends keyof S & string>(name: K, value: S[K]) => void} set
 * @property {(events: string, heard: () => void) => void} on
 * @property {(events: string, heard: () => void) => void} off
 * @property {() => void} save_changes
 */

/**
 * What `render` gets: the state, and the element to fill.
 *
 * @template {object} S
 * @typedef {{ model: Model<S>, el: HTMLElement }} View
 */

/**
 * A function that changes some of the state.
 *
 * @template {object} S
 * @param {Model<S>} model
 * @returns {(changes: Partial<S>) => void}
 */
export function makeSaver(model) {
  return (changes) => {
    put(model, changes);
    model.save_changes();
  };
}

/**
 * The names of some of the state.
 *
 * @template {object} S
 * @param {Partial<S>} part
 */
function namesOf(part) {
  return /** @type {(keyof S & string)[]} */ (Object.keys(part));
}

/**
 * @template {object} S
 * @param {Model<S>} model
 * @param {Partial<S>} changes
 */
function put(model, changes) {
  for (const name of namesOf(changes)) {
    model.set(name, /** @type {S[typeof name]} */ (changes[name]));
  }
}

/**
 * Calls `heard` whenever a part of the state changes. Returns a function that ends this.
 *
 * @template {object} S
 * @param {Model<S>} model
 * @param {(keyof S & string)[]} names
 * @param {() => void} heard
 * @returns {() => void}
 */
export function listen(model, names, heard) {
  const events = names.map((name) => `change:${name}`).join(" ");
  model.on(events, heard);
  return () => model.off(events, heard);
}

/**
 * One function that ends all that others end, for `render` to return.
 *
 * @param {...(() => void)} ends
 */
export function joinEnds(...ends) {
  return () => {
    for (const end of ends) end();
  };
}

/**
 * While the page is printed, shows the values in `still`, which tell more on paper than those it
 * starts with. What a reader has chosen stays. Returns a function that ends this.
 *
 * @template {object} S
 * @param {Model<S>} model
 * @param {Partial<S>} still
 * @returns {() => void}
 */
export function showOnPaper(model, still) {
  const names = namesOf(still);
  const read = () =>
    /** @type {Partial<S>} */ (Object.fromEntries(names.map((name) => [name, model.get(name)])));
  const start = read();
  /** @param {Partial<S>} values */
  const standsAt = (values) => JSON.stringify(read()) === JSON.stringify(values);
  const show = () => {
    if (standsAt(start)) put(model, still);
  };
  const restore = () => {
    if (standsAt(still)) put(model, start);
  };
  window.addEventListener("beforeprint", show);
  window.addEventListener("afterprint", restore);
  return () => {
    window.removeEventListener("beforeprint", show);
    window.removeEventListener("afterprint", restore);
  };
}
