// Steps of the lesson, for every view with a button that opens one.

import { STEPS } from "../lesson.js";
import { pushUndo } from "../state.js";

/** @typedef {import("../page.js").Page} Page */

/**
 * Whether the lesson fits this network: it classifies digits, and each layer has weights of its own
 * and ends in a sigmoid. No ensemble's does.
 * @param {Page} page
 */
export function hasLesson({ whole, digits }) {
  const layers = whole.neuronLayers.slice(1);
  return (
    digits.length > 0 &&
    layers.every(({ affine, activation }) => affine && activation?.type === "Sigmoid")
  );
}

/**
 * Show a step of the lesson; undo brings back input and edits.
 * @param {Page} page
 * @param {number} step from 1
 */
export function show(page, step) {
  const { state } = page.store;
  const { input = state.input, ...rest } = page.lesson(Math.min(Math.max(step, 1), STEPS.length));
  const stays = input.values === state.input.values && !state.edits.length;
  const answers = state.step === null ? {} : state.answers; // a lesson begins with all questions open
  page.store.set({
    ...(stays ? { input } : pushUndo(state, { input, edits: [] })),
    ...rest,
    answers,
    brightness: 100,
  });
}
