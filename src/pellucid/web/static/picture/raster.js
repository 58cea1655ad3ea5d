// Operations on grids of numbers for digit.js: the steps of data/raster.py, with the same numbers.

/** @typedef {{height: number, width: number, data: Float64Array}} Grid row by row */

/**
 * @param {number} height
 * @param {number} width
 * @param {(y: number, x: number) => number} [value]
 * @returns {Grid}
 */
export function grid(height, width, value) {
  const data = new Float64Array(height * width);
  if (value)
    for (let y = 0, at = 0; y < height; y++)
      for (let x = 0; x < width; x++, at++) data[at] = value(y, x);
  return { height, width, data };
}

/** @param {Grid} a @param {(value: number, index: number) => number} f @returns {Grid} */
export function mapped(a, f) {
  return { ...a, data: a.data.map(f) };
}

/**
 * Add `steps` rows and columns of 0 on every side.
 * @param {Grid} a
 * @param {number} steps
 * @returns {Grid}
 */
export function padded(a, steps) {
  const result = grid(a.height + 2 * steps, a.width + 2 * steps);
  for (let y = 0; y < a.height; y++) {
    result.data.set(
      a.data.subarray(y * a.width, (y + 1) * a.width),
      (y + steps) * result.width + steps,
    );
  }
  return result;
}

/**
 * @param {Grid} a
 * @param {number} top
 * @param {number} bottom
 * @param {number} left
 * @param {number} right
 * @returns {Grid}
 */
export function cut(a, top, bottom, left, right) {
  return grid(bottom - top, right - left, (y, x) => a.data[(y + top) * a.width + x + left]);
}

/**
 * Average whole blocks, so that neither side is longer than `most`.
 * @param {Grid} a
 * @param {number} most
 * @returns {Grid}
 */
export function shrink(a, most) {
  const step = Math.ceil(Math.max(a.height, a.width) / most);
  if (step === 1) return a;
  return grid(Math.ceil(a.height / step), Math.ceil(a.width / step), (row, column) => {
    const [bottom, right] = [
      Math.min((row + 1) * step, a.height),
      Math.min((column + 1) * step, a.width),
    ];
    let sum = 0;
    for (let y = row * step; y < bottom; y++)
      for (let x = column * step; x < right; x++) sum += a.data[y * a.width + x];
    return sum / ((bottom - row * step) * (right - column * step));
  });
}

/**
 * Average over squares of 2 `radius` + 1, twice; edge values are repeated outside.
 * @param {Grid} a
 * @param {number} radius
 * @returns {Grid}
 */
export function blur(a, radius) {
  if (radius < 1) return a;
  return boxRows(boxColumns(boxRows(boxColumns(a, radius), radius), radius), radius);
}

/** @param {Grid} a @param {number} radius */
function boxColumns(a, radius) {
  return transposed(boxRows(transposed(a), radius));
}

/** @param {Grid} a @param {number} radius @returns {Grid} */
function boxRows(a, radius) {
  const { height, width, data } = a;
  const result = grid(height, width);
  const sums = new Float64Array(width + 2 * radius + 1);
  for (let y = 0; y < height; y++) {
    let sum = 0;
    for (let i = 0; i < sums.length; i++) {
      sums[i] = sum += data[y * width + Math.min(Math.max(i - radius - 1, 0), width - 1)];
    }
    for (let x = 0; x < width; x++)
      result.data[y * width + x] = (sums[x + 2 * radius + 1] - sums[x]) / (2 * radius + 1);
  }
  return result;
}

/** @param {Grid} a @returns {Grid} */
function transposed(a) {
  return grid(a.width, a.height, (y, x) => a.data[x * a.width + y]);
}

/**
 * Resize with a triangle filter, widened when shrinking.
 * @param {Grid} a
 * @param {number} height
 * @param {number} width
 * @returns {Grid}
 */
export function resize(a, height, width) {
  const rows = weights(a.height, height);
  const columns = weights(a.width, width);
  const narrow = grid(height, a.width, (y, x) =>
    total(rows[y], (old) => a.data[old * a.width + x]),
  );
  return grid(height, width, (y, x) => total(columns[x], (old) => narrow.data[y * a.width + old]));
}

/** @param {{from: number, shares: number[]}} weights @param {(old: number) => number} value */
function total({ from, shares }, value) {
  let sum = 0;
  for (let i = 0; i < shares.length; i++) sum += shares[i] * value(from + i);
  return sum;
}

/** Return the old places and shares of each new place. @param {number} old @param {number} count */
function weights(old, count) {
  const scale = old / count;
  const reach = Math.max(1, scale);
  return Array.from({ length: count }, (_, i) => {
    const place = (i + 0.5) * scale - 0.5;
    const from = Math.max(0, Math.ceil(place - reach));
    const to = Math.min(old - 1, Math.floor(place + reach));
    const raw = Array.from({ length: to - from + 1 }, (_, j) =>
      Math.max(0, 1 - Math.abs(place - from - j) / reach),
    );
    const sum = raw.reduce((a, b) => a + b, 0);
    return { from, shares: raw.map((share) => share / sum) };
  });
}

/**
 * Return the medians of about `blocks` square blocks along the longer side.
 * @param {Grid} a
 * @param {number} blocks
 * @returns {Grid}
 */
export function blockMedian(a, blocks) {
  const step = Math.max(1, Math.floor(Math.max(a.height, a.width) / blocks));
  const [height, width] = [a.height, a.width].map((side) => Math.max(1, roundEven(side / step)));
  const even = resize(a, height * step, width * step);
  return grid(height, width, (row, column) =>
    median(cut(even, row * step, (row + 1) * step, column * step, (column + 1) * step).data),
  );
}

/**
 * Return medians over squares of 2 `radius` + 1; slopes continue outside.
 * @param {Grid} a
 * @param {number} radius
 * @returns {Grid}
 */
export function localMedian(a, radius) {
  return grid(a.height, a.width, (row, column) => {
    const values = [];
    for (let y = row - radius; y <= row + radius; y++) {
      for (let x = column - radius; x <= column + radius; x++) values.push(reflected(a, y, x));
    }
    return median(Float64Array.from(values));
  });
}

/**
 * NumPy's pad of mode "reflect", type "odd": rows first, then columns.
 * @param {Grid} a
 * @param {number} y
 * @param {number} x
 */
function reflected(a, y, x) {
  return odd(a.width, x, (column) => odd(a.height, y, (row) => a.data[row * a.width + column]));
}

/**
 * @param {number} length
 * @param {number} at
 * @param {(index: number) => number} value
 * @returns {number}
 */
function odd(length, at, value) {
  if (length === 1) return value(0);
  if (at < 0) return 2 * value(0) - odd(length, -at, value);
  if (at >= length) return 2 * value(length - 1) - odd(length, 2 * (length - 1) - at, value);
  return value(at);
}

/**
 * Return the greatest value within `steps` cells; crosses and squares alternate, for a round shape.
 * @param {Grid} a
 * @param {number} steps
 * @returns {Grid}
 */
export function grow(a, steps) {
  for (let step = 0; step < steps; step++) {
    const { height, width, data } = a;
    const square = step % 2 === 1;
    a = grid(height, width, (y, x) => {
      const [up, down] = [Math.max(y - 1, 0) * width, Math.min(y + 1, height - 1) * width];
      const [left, right] = [Math.max(x - 1, 0), Math.min(x + 1, width - 1)];
      const here = y * width;
      const cross = Math.max(data[up + x], data[down + x], data[here + left], data[here + right]);
      if (!square) return Math.max(data[here + x], cross);
      const corners = Math.max(
        data[up + left],
        data[up + right],
        data[down + left],
        data[down + right],
      );
      return Math.max(data[here + x], cross, corners);
    });
  }
  return a;
}

/**
 * Return the smallest value within `steps` cells.
 * @param {Grid} a
 * @param {number} steps
 * @returns {Grid}
 */
export function thin(a, steps) {
  return mapped(
    grow(
      mapped(a, (value) => -value),
      steps,
    ),
    (value) => -value,
  );
}

/**
 * Label connected cells, corners included: 0 outside, then 1, 2, ... in reading order.
 * @param {Grid} a
 * @param {number} threshold
 */
export function components(a, threshold) {
  const labels = new Int32Array(a.data.length);
  const { height, width } = a;
  let count = 0;
  for (let start = 0; start < labels.length; start++) {
    if (labels[start] || !(a.data[start] > threshold)) continue;
    labels[start] = ++count;
    const stack = [start];
    while (stack.length) {
      const at = /** @type {number} */ (stack.pop());
      const [row, column] = [Math.floor(at / width), at % width];
      for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, height - 1); y++) {
        for (let x = Math.max(column - 1, 0); x <= Math.min(column + 1, width - 1); x++) {
          const other = y * width + x;
          if (labels[other] || !(a.data[other] > threshold)) continue;
          labels[other] = count;
          stack.push(other);
        }
      }
    }
  }
  return { labels, count };
}

/** @param {Float64Array} values */
export function median(values) {
  return quantile(values, 0.5);
}

/**
 * Return NumPy's quantile, linear between neighbours.
 * @param {Float64Array} values
 * @param {number} share
 */
export function quantile(values, share) {
  const sorted = values.slice().sort();
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}

/** @param {Float64Array} values */
export function mean(values) {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Round halves to even, as Python and NumPy do. @param {number} value */
export function roundEven(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}
