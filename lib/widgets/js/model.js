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
    const names = /** @type {(keyof S & string)[]} */ (Object.keys(changes));
    for (const name of names) model.set(name, /** @type {S[typeof name]} */ (changes[name]));
    model.save_changes();
  };
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
 * While the page is printed, shows the values in `still`, which tell more on paper than those it
 * starts with. What a reader has chosen stays. Returns a function that ends this.
 *
 * @template {object} S
 * @param {Model<S>} model
 * @param {Partial<S>} still
 * @returns {() => void}
 */
export function showOnPaper(model, still) {
  const names = /** @type {(keyof S & string)[]} */ (Object.keys(still));
  const read = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  /** @param {object} values */
  const standsAt = (values) => JSON.stringify(read()) === JSON.stringify(values);
  /** @param {Record<string, any>} values */
  const put = (values) => {
    for (const name of names) model.set(name, values[name]);
  };
  const start = read();
  const show = () => {
    if (standsAt(start)) put(still);
  };
  const restore = () => {
    if (standsAt(still)) put(start);
  };
  window.addEventListener("beforeprint", show);
  window.addEventListener("afterprint", restore);
  return () => {
    window.removeEventListener("beforeprint", show);
    window.removeEventListener("afterprint", restore);
  };
}
