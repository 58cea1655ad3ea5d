// Optimizers, as core/optimizers.py: how gradients change parameters. L1, L2 and decoupled decay act
// on matrices alone.

/**
 * @typedef {object} Optimizer the settings; they may change between steps
 * @property {string} name a key of OPTIMIZERS
 * @property {number} learningRate
 * @property {number} [momentum] of sgd
 * @property {number} [l1]
 * @property {number} [l2]
 * @property {number} [decay] decoupled from the gradient, times the learning rate
 *
 * @typedef {(p: Float64Array, g: Float64Array, memory: Float64Array[], step: number, optimizer:
 *   Optimizer) => void} Step moves p against g in place; `step` counts from 1
 */

const [BETA_1, BETA_2, EPSILON] = [0.9, 0.999, 1e-8]; // of Adam

/**
 * Each with the number of arrays that it remembers for a parameter, and its usual learning rate.
 * @type {Record<string, {slots: number, rate: number, step: Step}>}
 */
export const OPTIMIZERS = {
  sgd: {
    slots: 1,
    rate: 0.1,
    step(p, g, [v], step, { learningRate, momentum = 0 }) {
      for (let i = 0; i < p.length; i++) {
        v[i] = momentum * v[i] + g[i];
        p[i] -= learningRate * v[i];
      }
    },
  },
  adam: {
    slots: 2,
    rate: 0.001,
    step(p, g, [m, v], step, { learningRate }) {
      const root = Math.sqrt(1 - BETA_2 ** step);
      const rate = learningRate / (1 - BETA_1 ** step);
      for (let i = 0; i < p.length; i++) {
        m[i] += (1 - BETA_1) * (g[i] - m[i]);
        v[i] = v[i] * BETA_2 + (1 - BETA_2) * g[i] * g[i];
        p[i] -= (rate * m[i]) / (Math.sqrt(v[i]) / root + EPSILON);
      }
    },
  },
  rmsprop: {
    slots: 1,
    rate: 0.01,
    step(p, g, [v], step, { learningRate }) {
      for (let i = 0; i < p.length; i++) {
        v[i] = v[i] * 0.99 + (1 - 0.99) * g[i] * g[i];
        p[i] -= (learningRate * g[i]) / (Math.sqrt(v[i]) + 1e-8);
      }
    },
  },
  adagrad: {
    slots: 1,
    rate: 0.01,
    step(p, g, [s], step, { learningRate }) {
      for (let i = 0; i < p.length; i++) {
        s[i] += g[i] * g[i];
        p[i] -= (learningRate * g[i]) / (Math.sqrt(s[i]) + 1e-10);
      }
    },
  },
};

/**
 * Return what an optimizer remembers at the start: arrays of 0 for each parameter.
 * @param {import("./layers.js").Tensor[]} parameters
 * @param {Optimizer} optimizer
 */
export function memoryOf(parameters, { name }) {
  const { slots } = OPTIMIZERS[name];
  return parameters.map(({ data }) =>
    Array.from({ length: slots }, () => new Float64Array(data.length)),
  );
}

/**
 * Move all parameters by one step, in place.
 * @param {import("./layers.js").Tensor[]} parameters
 * @param {Float64Array[]} grads changed by L1 and L2
 * @param {Float64Array[][]} memory
 * @param {number} step from 1
 * @param {Optimizer} optimizer
 */
export function update(parameters, grads, memory, step, optimizer) {
  const { l1 = 0, l2 = 0, decay = 0, learningRate } = optimizer;
  parameters.forEach(({ shape, data: p }, at) => {
    const g = grads[at];
    if (shape.length === 2 && (l1 || l2 || decay))
      for (let i = 0; i < p.length; i++) {
        g[i] += l1 * Math.sign(p[i]);
        g[i] += l2 * p[i];
        p[i] *= 1 - learningRate * decay;
      }
    OPTIMIZERS[optimizer.name].step(p, g, memory[at], step, optimizer);
  });
}
