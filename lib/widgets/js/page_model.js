// Stands in for anywidget's model where there is no kernel.

/**
 * A model of that state, which tells its views what has changed.
 *
 * @template {object} S
 * @param {S} state
 * @returns {import("./model.js").Model<S>}
 */
export function makeModel(state) {
  /** @type {{ event: string, heard: () => void }[]} */
  let listeners = [];
  /** @param {string} event */
  const tell = (event) => {
    for (const listener of listeners) if (listener.event === event) listener.heard();
  };
  return {
    get: (name) => state[name],
    set: (name, value) => {
      if (JSON.stringify(value) === JSON.stringify(state[name])) return;
      state[name] = value;
      tell(`change:${name}`);
    },
    on: (events, heard) => {
      listeners = [...listeners, ...events.split(" ").map((event) => ({ event, heard }))];
    },
    off: (events, heard) => {
      const names = events.split(" ");
      listeners = listeners.filter((own) => own.heard !== heard || !names.includes(own.event));
    },
    save_changes: () => {},
  };
}
