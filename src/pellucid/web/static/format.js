// Numbers as people read them: the same everywhere on the page.

/** Two digits after the point; more where the number is small, fewer where it is large. @param {number} value */
export function number(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6) return value.toExponential(2);
  if (size >= 1000) return value.toFixed(0);
  if (size && size < 0.005) return size < 1e-6 ? value.toExponential(1) : value.toPrecision(2);
  return value.toFixed(2);
}

/** With its sign. @param {number} value */
export function signed(value) {
  return value < 0 ? number(value) : `+${number(value)}`;
}

/** Two digits after the point, as there is room for in a neuron, thousands as "k": never "-0.00". @param {number} value */
export function short(value) {
  const size = Math.abs(value);
  if (size >= 1000 && size < 999_500) return `${(value / 1000).toFixed(size < 9950 ? 1 : 0)}k`;
  const text =
    size >= 1000 ? value.toExponential(0) : size >= 10 ? value.toFixed(0) : value.toFixed(size >= 9.95 ? 1 : 2);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/** @param {number} share */
export function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

/** Whole numbers with their thousands. @param {number} value */
export function count(value) {
  return value.toLocaleString("en");
}
