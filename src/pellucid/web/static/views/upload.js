// A hidden file field, which a button clicks, and a status beside it.

import { h, setText } from "../dom.js";

/**
 * @param {string} label
 * @param {string} accept kinds of files
 * @param {HTMLElement} status
 * @param {(file: File) => Promise<string>} open returns why the file cannot be opened, or ""
 */
export function upload(label, accept, status, open) {
  const field = h("input", {
    type: "file",
    accept,
    class: "unseen",
    tabindex: -1,
    "aria-hidden": "true",
    "aria-label": label,
    onchange: async () => {
      setText(status, field.files?.[0] ? await open(field.files[0]) : "");
      field.value = ""; // or choosing the same file again would be no change
    },
  });
  return field;
}
