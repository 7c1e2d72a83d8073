// Labeled points on a plane: small problems, each made for one question about a network.

import { makeRandom } from "./random.js";

/** @typedef {import("./random.js").Random} Random */
/** @typedef {[number, number]} Point */
/** @typedef {keyof typeof PROBLEMS} Problem */
/** @typedef {ReturnType<typeof drawPoints>} Points */

export const VIEW = 3; // points lie between -VIEW and VIEW, but for a few that noise throws out

/**
 * The point of a ring at `turn`, from 0 to 1.
 *
 * @param {number} radius
 * @param {number} turn
 * @returns {Point}
 */
function onRing(radius, turn) {
  return [radius * Math.cos(2 * Math.PI * turn), radius * Math.sin(2 * Math.PI * turn)];
}

/**
 * Two half rings that reach into each other.
 *
 * @param {number} c
 * @param {number} t
 * @returns {Point}
 */
function onMoon(c, t) {
  const [x, y] = onRing(1.6, t / 2);
  return c ? [0.8 - x, 0.4 - y] : [x - 0.8, y - 0.4];
}

/**
 * Diagonally opposite squares belong together.
 *
 * @param {number} c
 * @param {Random} random
 * @returns {Point}
 */
function inSquare(c, random) {
  const [x, y] = [0.25 + 1.95 * random.uniform(), 0.25 + 1.95 * random.uniform()];
  const side = random.uniform() < 0.5 ? 1 : -1;
  return [side * x, (c ? -side : side) * y];
}

/**
 * The arm of a spiral that starts at `turn`; t runs outward.
 *
 * @param {number} turn
 * @param {number} t
 */
function onArm(turn, t) {
  return onRing(0.3 + 2.1 * t, turn + 0.95 * t);
}

/**
 * Per problem its number of classes, and a point of class c before noise.
 *
 * @satisfies {Record<string, { classes: number, draw: (c: number, random: Random) => Point }>}
 */
export const PROBLEMS = {
  circles: { classes: 2, draw: (c, random) => onRing(c ? 0.8 : 2.1, random.uniform()) },
  moons: { classes: 2, draw: (c, random) => onMoon(c, random.uniform()) },
  xor: { classes: 2, draw: inSquare },
  spirals: { classes: 2, draw: (c, random) => onArm(c / 2, random.uniform()) },
  arms: { classes: 3, draw: (c, random) => onArm(c / 3, random.uniform()) },
  blobs: { classes: 3, draw: (c) => onRing(1.5, c / 3 + 1 / 12) },
};

/**
 * `count` points of a problem, as many of each class, with normal noise of that standard
 * deviation: { points (count × 2), labels (count) }. The same seed gives the same points.
 *
 * @param {Problem} problem
 * @param {number} count
 * @param {number} noise
 * @param {number} seed
 */
export function drawPoints(problem, count, noise, seed) {
  const random = makeRandom(seed);
  const { classes, draw } = PROBLEMS[problem];
  const [points, labels] = [new Float64Array(2 * count), new Uint8Array(count)];
  for (let n = 0; n < count; n++) {
    labels[n] = n % classes;
    const [x, y] = draw(labels[n], random);
    points[2 * n] = x + noise * random.normal();
    points[2 * n + 1] = y + noise * random.normal();
  }
  return { points, labels };
}
