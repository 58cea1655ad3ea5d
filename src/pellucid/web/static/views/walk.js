// Keys that walk the lesson from anywhere on the page, also those of a clicker: never keys of the
// control that has the focus.

import { STEPS } from "../lesson.js";
import { show } from "./steps.js";

/** @typedef {import("../page.js").Page} Page */

const FIELDS = "input, select, textarea, [contenteditable]"; // all keys are theirs
const MOVES = '[role="application"], .neuron, [tabindex="0"].scroll, pre'; // arrows and Space are
const PRESSED = "button, summary, a[href]"; // Space is

/** @type {Record<string, 1 | -1>} */
const WAYS = { ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1 };

/**
 * Whether the focused control has a use for a key.
 * @param {EventTarget | null} target
 * @param {string} key
 */
function isUsed(target, key) {
  if (!(target instanceof Element)) return false;
  if (target.closest(FIELDS)) return true;
  if (target.closest(MOVES)) return !key.startsWith("Page");
  return key === " " && target.closest(PRESSED) !== null;
}

/**
 * Have keys walk the lesson while it is open. Page Down and Space, the keys of a clicker, show an
 * answer that the step still waits for before they go on.
 * @param {Page} page
 */
export function walkByKeys(page) {
  const { store } = page;
  document.addEventListener("keydown", (event) => {
    const { step, answers } = store.state;
    const way = WAYS[event.key];
    if (!step || !way || event.defaultPrevented || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (isUsed(event.target, event.key)) return;
    event.preventDefault();
    const { id, ask } = STEPS[step - 1];
    const waits = ask && !answers[id];
    if (waits && (event.key === "PageDown" || event.key === " "))
      store.set({ answers: { ...answers, [id]: "shown" } });
    else if (step + way >= 1 && step + way <= STEPS.length) show(page, step + way);
  });
}
