// A neuron's weights as a picture to paint on: more or less weight, by pointer and by keyboard.

import { h, set } from "../dom.js";
import { number } from "../format.js";
import { LEVEL, MOST_LEVELS, paintOf, withEdit } from "../network/edits.js";
import { stroke } from "../picture/brush.js";
import { terms } from "./neuron.js";
import { canvas, paintSigned } from "./pixels.js";
import { at, moving } from "./tuning.js";

/** @typedef {{x: number, y: number}} Point */
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/**
 * @param {import("../page.js").Page} page
 * @param {import("../state.js").Neuron} neuron of the first hidden layer
 * @returns {import("./detail.js").Part}
 */
export function painting(page, neuron) {
  const { t, store } = page;
  const shape = /** @type {number[]} */ (page.facts.shape);
  const [height, width] = shape;
  const surface = canvas([2 * height, 2 * width], {
    class: "paintable",
    "data-testid": "weights-paint",
    tabindex: 0,
    role: "application",
    "aria-label": t("paint.label"),
  });
  const strength = h("input", {
    type: "range",
    id: "paint-strength",
    min: 0.25,
    max: 4,
    step: 0.25,
    value: 1,
  });
  let sign = 1;
  const signs = [1, -1].map((value) =>
    h(
      "button",
      {
        type: "button",
        class: "small",
        "data-testid": value > 0 ? "paint-plus" : "paint-minus",
        onclick: () => turn(value),
      },
      t(value > 0 ? "paint.plus" : "paint.minus"),
    ),
  );
  const turn = (/** @type {number} */ value) => {
    sign = value;
    signs.forEach((button, i) => set(button, { "aria-pressed": String((i ? -1 : 1) === sign) }));
  };
  turn(1);

  const moves = moving(page);
  let ink = new Uint8Array(height * width); // of this stroke: where it passes twice it adds once
  /** @type {number[]} */
  let levels = []; // before this stroke
  const begin = () => {
    moves.end();
    ink = new Uint8Array(height * width);
    levels = paintOf(store.state.edits, at(neuron))?.levels ?? Array.from(ink, () => 0);
  };
  /** @param {Point} from @param {Point} to */
  const line = (from, to) => {
    stroke(ink, shape, from, to, false);
    const full = (sign * strength.valueAsNumber) / LEVEL / 255;
    const painted = levels.map((level, i) =>
      Math.min(Math.max(level + Math.round(full * ink[i]), -MOST_LEVELS), MOST_LEVELS),
    );
    moves.give(
      page,
      withEdit(store.state.edits, { kind: "paint", ...at(neuron), levels: painted }),
    );
  };

  /** @type {Point | null} */
  let last = null;
  const point = (/** @type {PointerEvent} */ event) => {
    const area = surface.getBoundingClientRect();
    return {
      x: ((event.clientX - area.left) / area.width) * width,
      y: ((event.clientY - area.top) / area.height) * height,
    };
  };
  surface.addEventListener("pointerdown", (event) => {
    surface.setPointerCapture(event.pointerId);
    begin();
    line((last = point(event)), last);
  });
  surface.addEventListener("pointermove", (event) => {
    if (!last) return;
    const here = point(event);
    line(last, here);
    last = here;
  });
  for (const end of ["pointerup", "pointercancel"])
    surface.addEventListener(end, () => (last = null));

  let cursor = { x: Math.floor(width / 2) + 0.5, y: Math.floor(height / 2) + 0.5 };
  surface.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow && ![" ", "+", "-"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "+" || event.key === "-") return turn(event.key === "+" ? 1 : -1);
    const before = cursor;
    if (arrow)
      cursor = {
        x: Math.min(Math.max(cursor.x + arrow[0], 0.5), width - 0.5),
        y: Math.min(Math.max(cursor.y + arrow[1], 0.5), height - 0.5),
      };
    place();
    if (arrow && !event.shiftKey) return;
    begin();
    line(before, cursor);
  });
  const mark = h("span", { class: "brush", "aria-hidden": "true" });
  const place = () => {
    mark.style.left = `${(100 * (cursor.x - 0.5)) / width}%`;
    mark.style.top = `${(100 * (cursor.y - 0.5)) / height}%`;
    mark.style.width = `${100 / width}%`;
  };
  place();

  return {
    element: h(
      "div",
      {},
      h("div", { class: "canvas-frame" }, surface, mark),
      h("div", { class: "tools" }, ...signs),
      h(
        "div",
        { class: "setting" },
        h("label", { for: strength.id }, t("paint.strength")),
        strength,
      ),
      h("p", { class: "note" }, t("paint.help")),
    ),
    render(look) {
      const { weights } = terms(look, neuron);
      const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
      paintSigned(surface, shape, weights, largest);
      set(surface, { title: `±${number(largest)}` });
    },
  };
}
