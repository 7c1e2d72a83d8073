// Random numbers that repeat with their seed.

/** @typedef {ReturnType<typeof makeRandom>} Random */

/**
 * Random numbers from a seed (mulberry32): `uniform` in [0, 1), `normal` of variance 1.
 *
 * @param {number} seed
 */
export function makeRandom(seed) {
  let state = seed | 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}
