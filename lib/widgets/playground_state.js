// What the reader can choose, and how it is written in an address. `SETTINGS` stands above, put
// there by playground.py: per setting its name and either its options or a range of whole numbers.

/** The option or the whole number nearest to what a text says; `fallback` where it says none. */
function readSetting({ options, range }, text, fallback) {
  if (text === null || text.trim() === "") return fallback;
  if (typeof fallback === "string") {
    return options.some(({ value }) => value === text) ? text : fallback;
  }
  const number = Number(text);
  if (!Number.isFinite(number)) return fallback;
  const [low, high] = range ?? [options[0].value, options.at(-1).value];
  const inside = Math.min(Math.max(number, low), high);
  if (range) return Math.round(inside);
  const gap = ({ value }) => Math.abs(value - inside);
  return options.reduce((best, option) => (gap(option) < gap(best) ? option : best)).value;
}

/**
 * The settings that a hash such as "#playground?data=moons&layers=3" asks for; null if it is
 * another one's. What it leaves out, or what can't be, is as in `start`.
 */
function readHash(hash, name, start) {
  if (!hash.startsWith(`#${name}?`)) return null;
  const given = new URLSearchParams(hash.slice(name.length + 2));
  const entries = SETTINGS.map((setting) => {
    const fallback = start[setting.name];
    return [setting.name, readSetting(setting, given.get(setting.name), fallback)];
  });
  return Object.fromEntries(entries);
}

/** The hash that leads to these settings. */
function writeHash(settings, name) {
  const entries = SETTINGS.map(({ name: key }) => [key, settings[key]]);
  return `#${name}?${new URLSearchParams(entries)}`;
}
