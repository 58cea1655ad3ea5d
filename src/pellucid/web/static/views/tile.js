// A test digit as a small picture; choosing it loads it.

import { h } from "../dom.js";
import { canvas, paintGrey } from "./pixels.js";

/**
 * @param {import("../page.js").Page} page
 * @param {import("../heldout.js").Digit} digit with its pixels
 * @param {string} id for tests
 * @param {string} name the whole sentence
 * @param {string} caption
 */
export function tile(page, { index, label, pixels }, id, name, caption) {
  const picture = canvas([28, 28], { "aria-hidden": "true" });
  const values = /** @type {Uint8Array} */ (pixels);
  paintGrey(picture, values);
  const source = { kind: /** @type {const} */ ("test"), index, label };
  return h(
    "button",
    {
      type: "button",
      class: "digit",
      "data-testid": id,
      "aria-label": name,
      title: name,
      onclick: () => page.setInput(values, source),
    },
    picture,
    h("span", {}, caption),
  );
}
