// Other pictures than a drawing: test digits, noise, an image file.

import { h, setText } from "../dom.js";
import { fromPicture } from "../picture/digit.js";
import { grid } from "../picture/raster.js";
import { upload } from "./upload.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../resources.js").TestDigit} TestDigit
 */

const LARGEST = 1600; // pixels a side: more than enough for one digit

/** @param {Page} page @returns {HTMLElement} */
export function loading(page) {
  const { t } = page;
  const status = h("p", { class: "status", role: "status" });
  const file = upload(t("load.image"), "image/*", status, (chosen) => openImage(page, chosen));
  const preparable = page.facts.shape?.every((side) => side === 28);
  return h(
    "div",
    { class: "load", "data-control": "load" },
    ...(page.digits.length ? testDigits(page, status) : []),
    h("h3", {}, t("load.other")),
    h(
      "div",
      { class: "tools" },
      preparable ? button(page, "image", () => file.click()) : null,
      button(page, "noise", () => page.setInput(noise(page.D), { kind: "noise" })),
    ),
    file,
    status,
  );
}

/**
 * Ways to a test digit: the next, a random one, a misclassified one, one by its number.
 * @param {Page} page
 * @param {HTMLElement} status
 */
function testDigits(page, status) {
  const { t, digits } = page;
  /** @param {TestDigit | undefined} digit */
  const show = (digit) => {
    setText(status, digit ? "" : t("load.none-wrong"));
    if (digit)
      page.setInput(digit.pixels, { kind: "test", index: digit.index, label: digit.label });
  };
  const field = numberField(page);
  return [
    h("h3", {}, t("load.title")),
    h(
      "div",
      { class: "tools" },
      button(page, "next", () => show(after(page, () => true))),
      button(page, "random", () => show(digits[Math.floor(Math.random() * digits.length)])),
      button(page, "wrong", () => show(after(page, (digit) => isMisclassified(page, digit)))),
    ),
    h("p", { class: "line" }, h("label", { for: field.id }, t("load.number")), field),
  ];
}

/** A button for the next test digit. @param {Page} page @param {string} id */
export function nextDigit(page, id) {
  const onclick = () => {
    const digit = after(page, () => true);
    if (digit)
      page.setInput(digit.pixels, { kind: "test", index: digit.index, label: digit.label });
  };
  return h("button", { type: "button", "data-testid": id, onclick }, page.t("load.next"));
}

/** A field for the number of a test digit. @param {Page} page */
function numberField(page) {
  const { server, rows } = page.facts;
  const max = server ? rows - 1 : Math.max(0, ...page.digits.map(({ index }) => index));
  const id = "load-number";
  const onchange = () => {
    if (field.value !== "" && field.checkValidity()) page.showDigit(field.valueAsNumber);
  };
  const range = { min: 0, max, placeholder: `0–${max}` };
  const field = h("input", { type: "number", id, "data-testid": id, ...range, onchange });
  return field;
}

/**
 * @param {Page} page
 * @param {"next" | "random" | "wrong" | "image" | "noise"} name
 * @param {() => void} onclick
 */
function button({ t }, name, onclick) {
  const label = t(`load.${name}`);
  return h(
    "button",
    {
      type: "button",
      class: "small",
      "data-testid": `load-${name}`,
      "aria-label": label,
      title: label,
      onclick,
    },
    t(`load.${name}.short`),
  );
}

/**
 * Return the first test digit that fits, after the shown one.
 * @param {Page} page
 * @param {(digit: TestDigit) => boolean} fits
 */
function after(page, fits) {
  const { source } = page.store.state.input;
  const from = source.example
    ? 0
    : page.digits.findIndex(({ index }) => index === source.index) + 1;
  return [...page.digits.slice(from), ...page.digits.slice(0, from)].find(fits);
}

/**
 * Whether the running network misclassifies a test digit at the present brightness and centring.
 * @param {Page} page
 * @param {TestDigit} digit
 */
function isMisclassified(page, digit) {
  const input = { values: digit.pixels, source: { kind: /** @type {const} */ ("test") } };
  return page.peek({ ...page.store.state, input }).prediction !== digit.label;
}

/** @param {number} D */
function noise(D) {
  return crypto.getRandomValues(new Uint8Array(D));
}

/**
 * Show an image file; return why it cannot be shown, or "".
 * @param {Page} page
 * @param {File} file
 */
async function openImage(page, file) {
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
  context.fillStyle = "white"; // paper shows through transparent pixels
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  // ITU-R BT.601, rounded as Pillow does it.
  const grey = grid(height, width, (y, x) => {
    const at = 4 * (y * width + x);
    return (data[at] * 19595 + data[at + 1] * 38470 + data[at + 2] * 7471 + 0x8000) >> 16;
  });
  const picture = fromPicture(grey);
  if (picture) page.setInput(picture, { kind: "image" });
  return picture ? "" : page.t("load.none");
}
