// One training of the playground: its data, its network, what was measured. It knows no page.

import {
  backward,
  drawMasks,
  forward,
  initialize,
  makeNetwork,
  makeTrace,
  measure,
  update,
} from "./network.js";
import { makeRandom } from "./random.js";
import { drawPoints, PROBLEMS } from "./toy_data.js";

const BATCH = 20;
const HELD_OUT = 120; // validation points
const DATA_SEED = 7;
const RECORD_EVERY = 5; // updates between two points of the curves

/** @typedef {import("./random.js").Random} Random */
/** @typedef {import("./network.js").Trace} Trace */
/** @typedef {import("./playground_state.js").Values} Values */
/** @typedef {import("./toy_data.js").Points} Points */
/** @typedef {{ updates: number, train: number, validation: number }} Losses */
/** @typedef {ReturnType<typeof startRun>} Run */

/**
 * The numbers below `count` in an order drawn at random: an epoch.
 *
 * @param {number} count
 * @param {Random} random
 */
function shuffle(count, random) {
  const order = Array.from({ length: count }, (_, n) => n);
  for (let n = count - 1; n > 0; n--) {
    const other = Math.floor(random.uniform() * (n + 1));
    [order[n], order[other]] = [order[other], order[n]];
  }
  return order;
}

/**
 * A function that gives batch after batch, epoch after epoch; each overwrites the one before.
 *
 * @param {Points} points
 * @param {Random} random
 */
function makeBatches({ points, labels }, random) {
  const batch = { points: new Float64Array(2 * BATCH), labels: new Uint8Array(BATCH) };
  /** @type {number[]} */
  let order = [];
  return () => {
    for (let n = 0; n < BATCH; n++) {
      if (order.length === 0) order = shuffle(labels.length, random);
      const from = /** @type {number} */ (order.pop());
      batch.labels[n] = labels[from];
      batch.points.set(points.subarray(2 * from, 2 * from + 2), 2 * n);
    }
    return batch;
  };
}

/**
 * The network that the settings ask for, for that many classes.
 *
 * @param {Values} settings
 * @param {number} classes
 * @param {Random} random
 */
function buildNetwork({ layers, units, activation, init }, classes, random) {
  const sizes = [2, ...Array.from({ length: layers }, () => units), classes === 2 ? 1 : classes];
  const network = makeNetwork(sizes, activation);
  initialize(network, init, random);
  return network;
}

/**
 * A training that stands at update 0; the same settings give the same one. `history` has the
 * losses every few updates, `trace` what the network made of the training points when last
 * observed, and `diverged` tells that a loss or a parameter is no longer a finite number.
 *
 * @param {Values} settings
 * @param {number} last the update at which it is over
 */
export function startRun(settings, last) {
  const { data, noise, points, seed } = settings;
  const { classes } = PROBLEMS[data];
  const random = makeRandom(seed);
  const network = buildNetwork(settings, classes, random);
  const train = drawPoints(data, points, noise, DATA_SEED);
  const validation = drawPoints(data, HELD_OUT, noise, DATA_SEED + 1);
  const [trace, heldTrace, room] = [points, HELD_OUT, BATCH].map((n) => makeTrace(network, n));
  const parts = { train, validation, trace, heldTrace, room };
  const nextBatch = makeBatches(train, random);
  /** @type {Losses[]} */
  const history = [];
  const stand = { updates: 0, history, diverged: false };
  const run = { settings, last, classes, network, random, nextBatch, ...parts, ...stand };
  record(run);
  return run;
}

/**
 * Loss and accuracy on both parts as they are now, without dropout.
 *
 * @param {Run} run
 */
export function observe(run) {
  /** @type {(points: Points, trace: Trace) => { loss: number, accuracy: number }} */
  const look = ({ points, labels }, trace) => {
    forward(run.network, points, trace);
    return measure(run.network, labels, trace);
  };
  const [train, validation] = [look(run.train, run.trace), look(run.validation, run.heldTrace)];
  run.diverged ||= !Number.isFinite(train.loss + validation.loss);
  return { train, validation };
}

/**
 * Adds to the history where the losses stand, unless they have diverged.
 *
 * @param {Run} run
 */
function record(run) {
  const { train, validation } = observe(run);
  const losses = { train: train.loss, validation: validation.loss };
  if (!run.diverged) run.history.push({ updates: run.updates, ...losses });
}

/** @param {Run} run */
export function isOver(run) {
  return run.diverged || run.updates >= run.last;
}

/**
 * One update of a run that is not over.
 *
 * @param {Run} run
 */
export function trainOnce(run) {
  const { network, settings, random, room } = run;
  const { points, labels } = run.nextBatch();
  const masks = settings.dropout ? drawMasks(network, BATCH, settings.dropout, random) : null;
  forward(network, points, room, masks);
  backward(network, points, labels, room, masks);
  update(network, settings);
  run.updates += 1;
  run.diverged = !network.parameters.every(Number.isFinite);
  if (run.updates % RECORD_EVERY === 0 && !run.diverged) record(run);
}
