// Language, theme and whether letters act as keys, kept in the browser from one visit to the next.

/** @typedef {import("./state.js").State} State */

const KEY = "pellucid";

/** @returns {Partial<Pick<State, "language" | "theme" | "letters">>} */
export function loadPreferences() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return {}; // storage may be forbidden
  }
}

/** @param {State} state */
export function savePreferences({ language, theme, letters }) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ language, theme, letters }));
  } catch {
    // storage is forbidden: the choice holds for this visit
  }
}
