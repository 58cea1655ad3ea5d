// Pictures from elsewhere: test digits, noise, an image file.

import { h, say } from "../dom.js";
import { fromPicture } from "../picture/digit.js";
import { grid } from "../picture/raster.js";
import { upload } from "./upload.js";

/** @typedef {import("../page.js").Page} Page */

const LARGEST = 1600; // pixels a side: more than enough for one digit

/** @param {Page} page @returns {HTMLElement} */
export function loading(page) {
  const { t, digits } = page;
  const told = h("p", { class: "told", role: "status" });
  /** @param {import("../resources.js").TestDigit | undefined} digit */
  const show = (digit) => {
    say(told, digit ? "" : t("load.no-misread"));
    if (digit) page.input(digit.pixels, { kind: "test", index: digit.index, label: digit.label });
  };
  const file = upload(t("load.image"), "image/*", told, (chosen) => readImage(page, chosen));
  const button = (
    /** @type {"next" | "random" | "misread" | "image" | "noise"} */ name,
    /** @type {() => void} */ onclick,
  ) =>
    h(
      "button",
      {
        type: "button",
        class: "small",
        "data-testid": `load-${name}`,
        "aria-label": t(`load.${name}`),
        title: t(`load.${name}`),
        onclick,
      },
      t(`load.${name}.short`),
    );
  const last = page.facts.server
    ? page.facts.rows - 1
    : Math.max(0, ...digits.map(({ index }) => index));
  const numbered = h("input", {
    type: "number",
    id: "load-number",
    "data-testid": "load-number",
    min: 0,
    max: last,
    placeholder: `0–${last}`,
    onchange: () => {
      if (numbered.value !== "" && numbered.checkValidity()) page.digit(numbered.valueAsNumber);
    },
  });
  const centres = page.facts.shape?.every((side) => side === 28);
  return h(
    "div",
    { class: "load", "data-control": "load" },
    digits.length ? h("h3", {}, t("load.title")) : null,
    digits.length
      ? h(
          "div",
          { class: "tools" },
          button("next", () => show(after(page, () => true))),
          button("random", () => show(digits[Math.floor(Math.random() * digits.length)])),
          button("misread", () => show(after(page, (digit) => misread(page, digit)))),
        )
      : null,
    digits.length
      ? h("p", { class: "line" }, h("label", { for: numbered.id }, t("load.number")), numbered)
      : null,
    h("h3", {}, t("load.other")),
    h(
      "div",
      { class: "tools" },
      centres ? button("image", () => file.click()) : null,
      button("noise", () => page.input(noise(page.D), { kind: "noise" })),
    ),
    file,
    told,
  );
}

/**
 * The first test digit that fits, after the one that is shown.
 * @param {Page} page
 * @param {(digit: import("../resources.js").TestDigit) => boolean} fits
 */
function after(page, fits) {
  const { source } = page.store.state.input;
  const from = source.example
    ? 0
    : page.digits.findIndex(({ index }) => index === source.index) + 1;
  return [...page.digits.slice(from), ...page.digits.slice(0, from)].find(fits);
}

/** Whether the running network misreads a test digit, as the settings show it. @param {Page} page @param {import("../resources.js").TestDigit} digit */
function misread(page, digit) {
  const input = { values: digit.pixels, source: { kind: /** @type {const} */ ("test") } };
  return page.peek({ ...page.store.state, input }).answer !== digit.label;
}

/** @param {number} D */
function noise(D) {
  return crypto.getRandomValues(new Uint8Array(D));
}

/** Show an image file; gives what is to be said of it: nothing, or why it cannot be. @param {Page} page @param {File} file */
async function readImage(page, file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return page.t("load.unread");
  }
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const [height, width] = [bitmap.height, bitmap.width].map((side) =>
    Math.max(1, Math.round(side * scale)),
  );
  const canvas = h("canvas", { height, width });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "white"; // what is clear is paper
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  // ITU-R BT.601, rounded as Pillow does it.
  const grey = grid(height, width, (y, x) => {
    const at = 4 * (y * width + x);
    return (data[at] * 19595 + data[at + 1] * 38470 + data[at + 2] * 7471 + 0x8000) >> 16;
  });
  const picture = fromPicture(grey);
  if (picture) page.input(picture, { kind: "image" });
  return picture ? "" : page.t("load.none");
}
