// A file of the user's: a hidden field, which a button clicks, and words about what was chosen.

import { h, say } from "../dom.js";

/**
 * @param {string} label
 * @param {string} accept kinds of files, as the browser asks for them
 * @param {HTMLElement} told where the words stand
 * @param {(file: File) => Promise<string>} take takes the file; gives what is to be said of it, nothing or why it cannot be
 */
export function upload(label, accept, told, take) {
  const field = h("input", {
    type: "file",
    accept,
    class: "unseen",
    tabindex: -1,
    "aria-hidden": "true",
    "aria-label": label,
    onchange: async () => {
      say(told, field.files?.[0] ? await take(field.files[0]) : "");
      field.value = ""; // the same file may be chosen again
    },
  });
  return field;
}
