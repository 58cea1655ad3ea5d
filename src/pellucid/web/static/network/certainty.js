// How sure a network is of a row, from rows held out of its training: lens/certainty.py and
// lens/unlike.py.

/**
 * @typedef {import("../resources.js").Facts} Facts
 * @typedef {import("../resources.js").Interval} Interval
 * @typedef {import("../resources.js").Novelty} Novelty
 *
 * @typedef {{kind: "above" | "below" | "category" | "unusual" | "together", fields: number[],
 *   values: number[], end?: number}} Reason why a row is unlike those of training: its columns and
 *   their values, and the greatest or least of training
 */

const CLIP = 3; // standard deviations towards which columns are clipped smoothly
const ALONE = 0.9; // share of a distance from which on one column is named alone
const ROUNDING = 1e-6; // of float32, in which limits of columns are compared in Python

/**
 * Return the ends of the interval of a prediction.
 * @param {Interval} known
 * @param {number} y
 * @returns {[number, number]}
 */
export function interval({ at, spreads, low, high, nonnegative }, y) {
  const spread = interpolated(at, spreads, y);
  const least = nonnegative ? 0 : -Infinity;
  return [Math.max(y + low * spread, least), Math.max(y + high * spread, least)];
}

/**
 * Return the classes of a prediction's set, the most likely first.
 * @param {number} least probability of a class in the set
 * @param {ArrayLike<number>} y probabilities; a single one is that of the second of two classes
 * @returns {number[]}
 */
export function classSet(least, y) {
  const p = y.length === 1 ? [1 - y[0], y[0]] : Array.from(y);
  const order = p.map((_, k) => k).sort((a, b) => p[b] - p[a] || a - b);
  return order.filter((k, rank) => rank === 0 || p[k] >= least - 1e-6);
}

/**
 * Return in what a row of inputs is unlike those of training; nothing for most.
 * @param {Facts} facts
 * @param {ArrayLike<number>} x
 * @returns {Reason[]}
 */
export function unlike({ fields, certainty }, x) {
  /** @type {Reason[]} */
  const found = [];
  fields.forEach((field, i) => {
    const { inputs, categories, indexed, offset = 0, limits, ends } = field;
    if (categories) {
      const known = indexed ? x[inputs[0]] !== 0 : inputs.some((input) => x[input] !== 0);
      if (!known) found.push({ kind: "category", fields: [i], values: [] });
    } else if (limits && ends) {
      const value = x[inputs[0]] + offset;
      const room = ROUNDING * Math.max(...limits.map((end) => Math.abs(end - offset)));
      const values = { fields: [i], values: [value] };
      if (value > limits[1] + room) found.push({ kind: "above", ...values, end: ends[1] });
      if (value < limits[0] - room) found.push({ kind: "below", ...values, end: ends[0] });
    }
  });
  if (found.length || !certainty.novelty) return found;
  const reason = far(certainty.novelty, fields, x);
  return reason ? [reason] : [];
}

/**
 * Return the columns that make a row far from those of training, or null.
 * @param {Novelty} known
 * @param {import("../resources.js").Field[]} fields
 * @param {ArrayLike<number>} x
 * @returns {Reason | null}
 */
function far(known, fields, x) {
  const parts = distanceParts(known, x);
  const square = parts.reduce((sum, part) => sum + part, 0);
  if (Math.sqrt(Math.max(square, 0)) <= known.limit) return null;
  const order = parts.map((_, k) => k).sort((a, b) => parts[b] - parts[a] || a - b);
  const one = order.length === 1 || parts[order[0]] > ALONE * square;
  const named = order
    .slice(0, one ? 1 : 2)
    .sort((a, b) => a - b)
    .map((k) => fields.findIndex(({ inputs }) => inputs[0] === known.inputs[k]));
  const values = named.map((i) => x[fields[i].inputs[0]] + (fields[i].offset ?? 0));
  return { kind: one ? "unusual" : "together", fields: named, values };
}

/**
 * Return what each column adds to the square of a row's distance.
 * @param {Novelty} known
 * @param {ArrayLike<number>} x
 * @returns {number[]}
 */
export function distanceParts({ inputs, mean, std, center, axes, variances, rest }, x) {
  const z = inputs.map((input, k) => {
    const u = Math.min(Math.max((x[input] - mean[k]) / std[k] / CLIP, -1e8), 1e8);
    return (u / Math.sqrt(1 + u * u)) * CLIP - center[k];
  });
  const along = axes.map((axis) => axis.reduce((sum, weight, k) => sum + weight * z[k], 0));
  const left = axes.length < z.length ? 1 / rest : 0;
  return z.map((value, k) => {
    const sum = axes.reduce(
      (total, axis, j) => total + along[j] * axis[k] * (1 / variances[j] - left),
      left * value,
    );
    return value * sum;
  });
}

/** @param {number[]} at increasing @param {number[]} values @param {number} y */
function interpolated(at, values, y) {
  const right = at.findIndex((place) => place > y);
  if (right === 0) return values[0];
  if (right < 0) return values[values.length - 1];
  const share = (y - at[right - 1]) / (at[right] - at[right - 1]);
  return values[right - 1] + share * (values[right] - values[right - 1]);
}
