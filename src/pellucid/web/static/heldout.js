// How a network does on held-out digits: on all test digits by the server, else on those that
// travel with the page.

import { breather } from "./later.js";

/**
 * @typedef {import("./page.js").Page} Page
 * @typedef {import("./network/network.js").Network} Network
 *
 * @typedef {object} Digit a test digit and its prediction
 * @property {number} index
 * @property {number} label
 * @property {number} prediction
 * @property {Uint8Array | null} pixels null until they are fetched
 *
 * @typedef {object} HeldOut
 * @property {number} rows
 * @property {number} right
 * @property {number} low end of the 95 % interval of the accuracy
 * @property {number} high
 * @property {Digit[]} misclassified
 * @property {number[][]} counts the confusion matrix: rows are labels, columns are predictions
 * @property {(label: number, prediction: number) => Digit[]} cell the digits of one of its cells
 */

const LARGEST_BODY = 8 << 20; // bytes that the server accepts
const MOST_FETCHED = 100; // digits in one request

const HELD = 5; // where the page trains on its own digits, one of so many is held out

/** @type {WeakSet<Network>} networks that the page trained on its own digits */
const trainedHere = new WeakSet();

/** @type {WeakSet<Network>} and on the reader's drawings, too */
const trainedWithOwn = new WeakSet();

/**
 * Remember that a network was trained on the page's digits.
 * @param {Network} network
 * @param {boolean} own whether on the reader's drawings, too
 */
export function markTrained(network, own) {
  trainedHere.add(network);
  if (own) trainedWithOwn.add(network);
}

/** Whether the page's network was trained on the reader's drawings. @param {Page} page */
export function trainedOnOwn(page) {
  return trainedWithOwn.has(page.base);
}

/** The digits that the page trains on, and those that it holds out. @param {Page} page */
export function partsOf({ digits }) {
  return {
    training: digits.filter((_, i) => i % HELD !== HELD - 1),
    held: digits.filter((_, i) => i % HELD === HELD - 1),
  };
}

/** @type {WeakMap<Network, Promise<HeldOut>>} */
const known = new WeakMap();

/**
 * Evaluate a network, once for each.
 * @param {Page} page
 * @param {Network} network
 * @param {(share: number) => void} [onProgress] called with the share that is done
 * @returns {Promise<HeldOut>}
 */
export function heldOut(page, network, onProgress) {
  const found = known.get(network) ?? evaluate(page, network, onProgress);
  known.set(network, found);
  return found;
}

/** @param {Page} page @param {Network} network @param {(share: number) => void} [onProgress] */
async function evaluate(page, network, onProgress) {
  const content = page.facts.server ? network.toBytes() : null;
  if (content && content.length <= LARGEST_BODY) {
    try {
      const body = /** @type {BufferSource} */ (content);
      const response = await fetch("evaluate", { method: "POST", body });
      if (response.ok) return fromServer(await response.json());
    } catch {
      // the server has stopped: the digits of the page have to do
    }
  }
  return evaluateHere(page, network, onProgress);
}

/**
 * @param {{labels: string, predictions: string, misclassified: number[], interval: [number,
 *   number]}} found a character of `labels` and of `predictions` for each test digit
 * @returns {HeldOut}
 */
function fromServer({ labels, predictions, misclassified: indices, interval: [low, high] }) {
  const rows = labels.length;
  const digit = (/** @type {number} */ index) => ({
    index,
    label: Number(labels[index]),
    prediction: Number(predictions[index]),
    pixels: null,
  });
  const misclassified = indices.map(digit);
  const matrix = confusion(labels, predictions, misclassified, digit);
  return { rows, right: rows - indices.length, low, high, misclassified, ...matrix };
}

/**
 * Evaluate on the digits that travel with the page.
 * @param {Page} page
 * @param {Network} network
 * @param {(share: number) => void} [onProgress]
 * @returns {Promise<HeldOut>}
 */
async function evaluateHere(page, network, onProgress) {
  const digits = trainedHere.has(page.base) ? partsOf(page).held : page.digits;
  const breathe = breather();
  /** @type {Digit[]} */
  const misclassified = [];
  const predictions = new Uint8Array(digits.length);
  for (const [i, digit] of digits.entries()) {
    await breathe();
    onProgress?.(i / digits.length);
    const prediction = network.classify(inputOf(network, digit.pixels));
    predictions[i] = prediction;
    if (prediction !== digit.label) misclassified.push({ ...digit, prediction });
  }
  const rows = digits.length;
  const right = rows - misclassified.length;
  const labels = digits.map(({ label }) => label);
  const digit = (/** @type {number} */ i) => ({ ...digits[i], prediction: predictions[i] });
  const matrix = confusion(labels, predictions, misclassified, digit);
  return { rows, right, ...wilson(right, rows), misclassified, ...matrix };
}

/**
 * Count labels and predictions.
 * @param {ArrayLike<number | string>} labels
 * @param {ArrayLike<number | string>} predictions
 * @param {Digit[]} misclassified
 * @param {(at: number) => Digit} digit
 */
function confusion(labels, predictions, misclassified, digit) {
  const counts = Array.from({ length: 10 }, () => new Array(10).fill(0));
  for (let i = 0; i < labels.length; i++) counts[Number(labels[i])][Number(predictions[i])]++;
  const cell = (/** @type {number} */ label, /** @type {number} */ prediction) => {
    // Off the diagonal the digits are known; on it they are thousands, and made only when asked
    // for.
    if (label !== prediction)
      return misclassified.filter((one) => one.label === label && one.prediction === prediction);
    return Array.from(labels, (_, i) => i)
      .filter((i) => Number(labels[i]) === label && Number(predictions[i]) === prediction)
      .map(digit);
  };
  return { counts, cell };
}

/**
 * Fetch the pixels that are missing from the server, into the digits themselves.
 * @param {Digit[]} digits
 */
export async function fetchPixels(digits) {
  const missing = digits.filter(({ pixels }) => !pixels);
  for (let first = 0; first < missing.length; first += MOST_FETCHED) {
    const part = missing.slice(first, first + MOST_FETCHED);
    const response = await fetch(`digits/${part.map(({ index }) => index).join(",")}`);
    if (!response.ok) return;
    const bytes = new Uint8Array(await response.arrayBuffer());
    part.forEach((digit, i) => (digit.pixels = bytes.slice(784 * i, 784 * (i + 1))));
  }
}

/**
 * Return pixels as the network's input: bytes, or values from 0 to 1.
 * @param {Network} network
 * @param {ArrayLike<number>} pixels
 */
export function inputOf(network, pixels) {
  return network.takesBytes ? pixels : Array.from(pixels, (value) => value / 255);
}

/**
 * Return Wilson's (1927) 95 % interval of a share, as core/metrics.py does.
 * @param {number} hits
 * @param {number} N
 */
function wilson(hits, N) {
  if (!N) return { low: 0, high: 1 };
  const [z, p] = [1.959963984540054, hits / N];
  const whole = 1 + (z * z) / N;
  const centre = (p + (z * z) / (2 * N)) / whole;
  const half = (z / whole) * Math.sqrt((p * (1 - p)) / N + (z * z) / (4 * N * N));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
