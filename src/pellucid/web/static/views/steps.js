// The way into the lesson and through it, for whatever has a button for it.

import { STEPS } from "../lesson.js";
import { stepped } from "../state.js";

/** @typedef {import("../page.js").Page} Page */

/** Whether the lesson speaks of this network: it reads digits, and each of its layers ends in a sigmoid. @param {Page} page */
export function taught({ base, digits }) {
  return (
    digits.length > 0 &&
    base.neuronLayers.slice(1).every(({ activation }) => activation?.type === "Sigmoid")
  );
}

/** Show a step as it is meant to be seen; input and edits before it can be had back by undo. @param {Page} page @param {number} step from 1 */
export function show(page, step) {
  const { state } = page.store;
  const { input = state.input, ...rest } = page.lesson(Math.min(Math.max(step, 1), STEPS.length));
  const stays = input.values === state.input.values && !state.edits.length;
  page.store.set({ ...(stays ? { input } : stepped(state, { input, edits: [] })), ...rest });
}
