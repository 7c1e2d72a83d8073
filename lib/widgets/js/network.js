// A multilayer perceptron on flat arrays of doubles: forward, backward, updates. It knows no page.
// All examples lie in one array, an example's features side by side; h W + b, as in lib.models.
// The keys of activations and initializations are those of lib, where lib has them.

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;
const LEAK = 0.1;

/** @typedef {keyof typeof ACTIVATIONS} Activation */
/** @typedef {keyof typeof INITIALIZATIONS} Initialization */
/** @typedef {import("./random.js").Random} Random */
/** @typedef {ReturnType<typeof makeNetwork>} Network */
/** @typedef {ReturnType<typeof makeTrace>} Trace */
/** @typedef {Network["layers"][number]} Layer */
/** @typedef {ArrayLike<number>} Numbers */

/** @param {number} z */
const sigmoid = (z) => 1 / (1 + Math.exp(-z));

/** @typedef {(z: number) => number} Curve */

/**
 * f and its derivative; pictures of an activation show the values in `range`.
 *
 * @satisfies {Record<string, { f: Curve, slope: Curve, range: [number, number] }>}
 */
export const ACTIVATIONS = {
  sigmoid: { f: sigmoid, slope: (z) => sigmoid(z) * sigmoid(-z), range: [0, 1] },
  tanh: { f: Math.tanh, slope: (z) => 1 - Math.tanh(z) ** 2, range: [-1, 1] },
  relu: { f: (z) => Math.max(z, 0), slope: (z) => (z > 0 ? 1 : 0), range: [0, 2] },
  leaky_relu: {
    f: (z) => (z > 0 ? z : LEAK * z),
    slope: (z) => (z > 0 ? 1 : LEAK),
    range: [-0.5, 2],
  },
  elu: {
    f: (z) => (z > 0 ? z : Math.expm1(z)),
    slope: (z) => (z > 0 ? 1 : Math.exp(z)),
    range: [-1, 2],
  },
  selu: {
    f: (z) => SELU_SCALE * (z > 0 ? z : SELU_ALPHA * Math.expm1(z)),
    slope: (z) => SELU_SCALE * (z > 0 ? 1 : SELU_ALPHA * Math.exp(z)),
    range: [-1.76, 2],
  },
};

/**
 * Standard deviation of a weight, from its layer's numbers of inputs and of outputs.
 *
 * @satisfies {Record<string, (inputs: number, outputs: number) => number>}
 */
const INITIALIZATIONS = {
  small: () => 0.01,
  glorot: (inputs, outputs) => Math.sqrt(2 / (inputs + outputs)),
  he: (inputs) => Math.sqrt(2 / inputs),
  large: (inputs) => 4 * Math.sqrt(2 / inputs),
};

/**
 * A network with all parameters 0. `sizes` are the features, the units of each hidden layer and
 * the outputs: one logit for two classes (logistic loss), or a logit for each class (softmax).
 * `layers` are views into the flat `parameters` and `gradients`: weights (inputs × outputs), bias.
 *
 * @param {number[]} sizes
 * @param {Activation} activation
 */
export function makeNetwork(sizes, activation) {
  const shapes = sizes.slice(1).map((outputs, index) => [sizes[index], outputs]);
  const count = shapes.reduce((sum, [inputs, outputs]) => sum + (inputs + 1) * outputs, 0);
  const [parameters, gradients] = [new Float64Array(count), new Float64Array(count)];
  let start = 0;
  const layers = shapes.map(([inputs, outputs]) => {
    const bias = start + inputs * outputs;
    const views = [parameters, gradients].flatMap((flat) => [
      flat.subarray(start, bias),
      flat.subarray(bias, bias + outputs),
    ]);
    start = bias + outputs;
    const [weights, biases, weightGradients, biasGradients] = views;
    return { inputs, outputs, weights, biases, weightGradients, biasGradients };
  });
  return { activation, parameters, gradients, velocity: new Float64Array(count), layers };
}

/**
 * Normal weights of the initialization's standard deviation; biases stay 0.
 *
 * @param {Network} network
 * @param {Initialization} initialization
 * @param {Random} random
 */
export function initialize({ layers }, initialization, random) {
  for (const { inputs, outputs, weights } of layers) {
    const std = INITIALIZATIONS[initialization](inputs, outputs);
    for (let i = 0; i < weights.length; i++) weights[i] = std * random.normal();
  }
}

/**
 * Room for a forward and a backward pass over `count` examples: per layer z, a and dL/dz.
 *
 * @param {Network} network
 * @param {number} count
 */
export function makeTrace({ layers }, count) {
  const room = () => layers.map(({ outputs }) => new Float64Array(count * outputs));
  const [pre, post, deltas] = [room(), room(), room()];
  return { count, pre, post, deltas, logits: pre[pre.length - 1] };
}

/**
 * out ← h W + b for `count` examples.
 *
 * @param {Numbers} h
 * @param {Layer} layer
 * @param {number} count
 * @param {Float64Array} out
 */
function affine(h, { inputs, outputs, weights, biases }, count, out) {
  for (let n = 0; n < count; n++) {
    const to = n * outputs;
    for (let j = 0; j < outputs; j++) out[to + j] = biases[j];
    for (let i = 0; i < inputs; i++) {
      const value = h[n * inputs + i];
      for (let j = 0; j < outputs; j++) out[to + j] += value * weights[i * outputs + j];
    }
  }
}

/**
 * Fills a trace with the forward pass of `points` (count × features). `masks` hold a factor for
 * each example's units, per hidden layer (inverted dropout); null keeps all units.
 *
 * @param {Network} network
 * @param {Numbers} points
 * @param {Trace} trace
 * @param {Numbers[] | null} masks
 */
export function forward({ layers, activation }, points, trace, masks = null) {
  const { f } = ACTIVATIONS[activation];
  const { count, pre, post } = trace;
  layers.forEach((layer, l) => {
    affine(l ? post[l - 1] : points, layer, count, pre[l]);
    if (l === layers.length - 1) return;
    const [z, a] = [pre[l], post[l]];
    for (let k = 0; k < z.length; k++) a[k] = f(z[k]);
    if (masks) for (let k = 0; k < z.length; k++) a[k] *= masks[l][k];
  });
}

/**
 * Fills `chances` with example n's probability of each class, and returns the logarithm of the
 * softmax's denominator. One logit z stands for the two logits 0 and z.
 *
 * @param {Numbers} logits
 * @param {number} outputs
 * @param {number} n
 * @param {Float64Array} chances
 */
export function softmax(logits, outputs, n, chances) {
  /** @param {number} c */
  const logit = (c) => (outputs === 1 ? c && logits[n] : logits[n * outputs + c]);
  let top = -Infinity;
  for (let c = 0; c < chances.length; c++) top = Math.max(top, logit(c));
  let sum = 0;
  for (let c = 0; c < chances.length; c++) sum += chances[c] = Math.exp(logit(c) - top);
  for (let c = 0; c < chances.length; c++) chances[c] /= sum;
  return top + Math.log(sum);
}

/**
 * The mean loss in nats and the share of examples that are classified right. Fills the trace's
 * last deltas with dL/dlogits.
 *
 * @param {Network} network
 * @param {Numbers} labels
 * @param {Trace} trace
 */
export function measure({ layers }, labels, { count, logits, deltas }) {
  const { outputs } = layers[layers.length - 1];
  const [chances, delta] = [new Float64Array(Math.max(2, outputs)), deltas[deltas.length - 1]];
  let [loss, right] = [0, 0];
  for (let n = 0; n < count; n++) {
    const label = labels[n];
    const picked = outputs === 1 ? label && logits[n] : logits[n * outputs + label];
    loss += softmax(logits, outputs, n, chances) - picked;
    right += Number(chances.indexOf(Math.max(...chances)) === label);
    for (let j = 0; j < outputs; j++) {
      const c = outputs === 1 ? 1 : j;
      delta[n * outputs + j] = (chances[c] - Number(c === label)) / count;
    }
  }
  return { loss: loss / count, accuracy: right / count };
}

/**
 * Adds Σₙ hₙᵀ δₙ to a layer's weight gradients and Σₙ δₙ to its bias gradients.
 *
 * @param {Layer} layer
 * @param {Numbers} h
 * @param {Float64Array} delta
 * @param {number} count
 */
function accumulate({ inputs, outputs, weightGradients, biasGradients }, h, delta, count) {
  for (let n = 0; n < count; n++) {
    for (let j = 0; j < outputs; j++) biasGradients[j] += delta[n * outputs + j];
    for (let i = 0; i < inputs; i++) {
      const value = h[n * inputs + i];
      for (let j = 0; j < outputs; j++) {
        weightGradients[i * outputs + j] += value * delta[n * outputs + j];
      }
    }
  }
}

/**
 * below ← δ Wᵀ, the loss's derivative for what the layer took in.
 *
 * @param {Layer} layer
 * @param {Float64Array} delta
 * @param {number} count
 * @param {Float64Array} below
 */
function propagate({ inputs, outputs, weights }, delta, count, below) {
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < inputs; i++) {
      let sum = 0;
      for (let j = 0; j < outputs; j++) sum += delta[n * outputs + j] * weights[i * outputs + j];
      below[n * inputs + i] = sum;
    }
  }
}

/**
 * Fills `network.gradients` with the mean loss's, and returns what `measure` found.
 *
 * @param {Network} network
 * @param {Numbers} points
 * @param {Numbers} labels
 * @param {Trace} trace
 * @param {Numbers[] | null} masks
 */
export function backward(network, points, labels, trace, masks = null) {
  const { layers, activation, gradients } = network;
  const { slope } = ACTIVATIONS[activation];
  const { count, pre, post, deltas } = trace;
  const measured = measure(network, labels, trace);
  gradients.fill(0);
  for (let l = layers.length - 1; l >= 0; l--) {
    accumulate(layers[l], l ? post[l - 1] : points, deltas[l], count);
    if (l === 0) break;
    const [z, below] = [pre[l - 1], deltas[l - 1]];
    propagate(layers[l], deltas[l], count, below);
    for (let k = 0; k < z.length; k++) below[k] *= slope(z[k]);
    if (masks) for (let k = 0; k < z.length; k++) below[k] *= masks[l - 1][k];
  }
  return measured;
}

/**
 * One step of gradient descent with momentum; weight decay adds λ θ to each gradient.
 *
 * @param {Network} network
 * @param {{ lr: number, momentum: number, weight_decay: number }} options
 */
export function update({ parameters, gradients, velocity }, { lr, momentum, weight_decay: decay }) {
  for (let k = 0; k < parameters.length; k++) {
    velocity[k] = momentum * velocity[k] + gradients[k] + decay * parameters[k];
    parameters[k] -= lr * velocity[k];
  }
}

/**
 * Factors for `forward`: 0 with probability `rate`, else 1 / (1 − rate).
 *
 * @param {Network} network
 * @param {number} count
 * @param {number} rate
 * @param {Random} random
 */
export function drawMasks({ layers }, count, rate, random) {
  const draw = () => (random.uniform() < rate ? 0 : 1 / (1 - rate));
  return layers
    .slice(0, -1)
    .map(({ outputs }) => Float64Array.from({ length: count * outputs }, draw));
}
