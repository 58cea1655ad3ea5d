// Keys that act wherever the focus is, except where something is typed or drawn.

/** @type {Map<string, () => void>} */
const actions = new Map();
let on = true;

/** Switch the keys on or off: speech input and tremor may type letters. @param {boolean} wanted */
export function allowKeys(wanted) {
  on = wanted;
}

/**
 * Have a key do something from now on; a later call for the same key replaces the action.
 * @param {string} key a small letter
 * @param {() => void} action
 */
export function onKey(key, action) {
  if (!actions.size) document.addEventListener("keydown", pressed);
  actions.set(key, action);
}

const TYPED = "input:not([type=range], [type=checkbox]), select, textarea, [role=application]";

/** @param {KeyboardEvent} event */
function pressed(event) {
  const { key, ctrlKey, metaKey, altKey, target, defaultPrevented } = event;
  if (!on || ctrlKey || metaKey || altKey || defaultPrevented) return;
  if (target instanceof Element && target.closest(TYPED)) return;
  const action = actions.get(key.toLowerCase());
  if (!action) return;
  event.preventDefault();
  action();
}
