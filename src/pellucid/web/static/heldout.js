// How a network does on held-out digits: on all test digits by the server, else on those that travel with the page.

import { breather } from "./later.js";

/**
 * @typedef {import("./page.js").Page} Page
 * @typedef {import("./network/network.js").Network} Network
 * @typedef {{index: number, label: number, answer: number, pixels: Uint8Array | null}} Misread pixels where they are here
 * @typedef {{rows: number, right: number, low: number, high: number, misread: Misread[], counts: number[][], cell: (label: number, answer: number) => Misread[]}} HeldOut
 *   `low` and `high` are the 95 % interval of the share that is right; `counts` of labels (rows) and answers (columns),
 *   `cell` gives the digits of one of them
 */

const LARGEST_BODY = 8 << 20; // bytes that the server takes
const MOST_ASKED = 100; // pictures at a time

/** @type {WeakMap<Network, Promise<HeldOut>>} */
const known = new WeakMap();

/**
 * @param {Page} page
 * @param {Network} network
 * @param {(share: number) => void} [tell] is told how much is done
 * @returns {Promise<HeldOut>} asked for once for each network
 */
export function heldOut(page, network, tell) {
  const found = known.get(network) ?? measured(page, network, tell);
  known.set(network, found);
  return found;
}

/** @param {Page} page @param {Network} network @param {(share: number) => void} [tell] */
async function measured(page, network, tell) {
  const content = page.facts.server ? network.toBytes() : null;
  if (content && content.length <= LARGEST_BODY) {
    try {
      const answer = await fetch("evaluate", {
        method: "POST",
        body: /** @type {BufferSource} */ (content),
      });
      if (answer.ok) return told(await answer.json());
    } catch {
      // the server has stopped: then what travels with the page must do
    }
  }
  return counted(page, network, tell);
}

/** @param {{labels: string, chosen: string, misread: number[], interval: [number, number]}} answer @returns {HeldOut} */
function told({ labels, chosen, misread, interval: [low, high] }) {
  const rows = labels.length;
  const found = misread.map((index) => ({
    index,
    label: Number(labels[index]),
    answer: Number(chosen[index]),
    pixels: null,
  }));
  const digit = (/** @type {number} */ index) => ({
    index,
    label: Number(labels[index]),
    answer: Number(chosen[index]),
    pixels: null,
  });
  return {
    rows,
    right: rows - misread.length,
    low,
    high,
    misread: found,
    ...cells(labels, chosen, found, digit),
  };
}

/** @param {Page} page @param {Network} network @param {(share: number) => void} [tell] @returns {Promise<HeldOut>} */
async function counted({ digits }, network, tell) {
  const breathe = breather();
  /** @type {Misread[]} */
  const misread = [];
  const answers = new Uint8Array(digits.length);
  for (const [i, { index, label, pixels }] of digits.entries()) {
    await breathe();
    tell?.(i / digits.length);
    const answer = network.classify(asTaken(network, pixels));
    answers[i] = answer;
    if (answer !== label) misread.push({ index, label, answer, pixels });
  }
  const right = digits.length - misread.length;
  const labels = digits.map(({ label }) => label);
  const digit = (/** @type {number} */ i) => ({ ...digits[i], answer: answers[i] });
  return {
    rows: digits.length,
    right,
    ...wilson(right, digits.length),
    misread,
    ...cells(labels, answers, misread, digit),
  };
}

/**
 * Count labels and answers.
 * @param {ArrayLike<number | string>} labels
 * @param {ArrayLike<number | string>} answers
 * @param {Misread[]} misread
 * @param {(at: number) => Misread} digit
 */
function cells(labels, answers, misread, digit) {
  const counts = Array.from({ length: 10 }, () => new Array(10).fill(0));
  for (let i = 0; i < labels.length; i++) counts[Number(labels[i])][Number(answers[i])]++;
  const cell = (/** @type {number} */ label, /** @type {number} */ answer) => {
    if (label !== answer)
      return misread.filter((one) => one.label === label && one.answer === answer);
    const places = Array.from(labels, (_, i) => i);
    return places
      .filter((i) => Number(labels[i]) === label && Number(answers[i]) === answer)
      .map(digit);
  };
  return { counts, cell };
}

/** The pixels of misread digits: those that are not here are asked of the server. @param {Misread[]} misread */
export async function pixelsOf(misread) {
  const missing = misread.filter(({ pixels }) => !pixels);
  for (let first = 0; first < missing.length; first += MOST_ASKED) {
    const asked = missing.slice(first, first + MOST_ASKED);
    const answer = await fetch(`digits/${asked.map(({ index }) => index).join(",")}`);
    if (!answer.ok) return;
    const bytes = new Uint8Array(await answer.arrayBuffer());
    asked.forEach((digit, i) => (digit.pixels = bytes.slice(784 * i, 784 * (i + 1))));
  }
}

/** Pixels as a network takes them. @param {Network} network @param {ArrayLike<number>} pixels */
export function asTaken(network, pixels) {
  return network.takesBytes ? pixels : Array.from(pixels, (value) => value / 255);
}

/** The 95 % interval of a share (Wilson 1927), as core/metrics.py has it. @param {number} hits @param {number} N */
export function wilson(hits, N) {
  if (!N) return { low: 0, high: 1 };
  const [z, p] = [1.959963984540054, hits / N];
  const whole = 1 + (z * z) / N;
  const centre = (p + (z * z) / (2 * N)) / whole;
  const half = (z / whole) * Math.sqrt((p * (1 - p)) / N + (z * z) / (4 * N * N));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
