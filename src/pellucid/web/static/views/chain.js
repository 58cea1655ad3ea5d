// Two linear functions in a row are one again, unless something bends in between.

import { h, s, set, setText } from "../dom.js";
import { minus, number } from "../format.js";
import { sigmoid } from "../network/functions.js";

const [WIDTH, HEIGHT, EDGE, REACH] = [280, 120, 12, 2];

/** @param {import("../page.js").Page} page @returns {HTMLElement} */
export function chain({ t }) {
  const line = s("path", { class: "curve" });
  const dot = s("circle", { class: "point", r: 5 });
  const axes = s("path", { class: "axes" });
  const plot = s(
    "svg",
    { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" },
    axes,
    line,
    dot,
  );
  const formula = h("output", { class: "formula", for: "chain-x", "data-testid": "chain" });
  const x = h("input", {
    id: "chain-x",
    type: "range",
    min: -REACH,
    max: REACH,
    step: 0.25,
    value: 1,
    oninput: draw,
  });
  const bend = h("input", { id: "chain-bend", type: "checkbox", role: "switch", onchange: draw });
  function draw() {
    const value = x.valueAsNumber;
    const y = (/** @type {number} */ at) =>
      3 * (bend.checked ? sigmoid(4 * at + 1) : 4 * at + 1) + 2;
    const [low, high] = bend.checked ? [-1, 6] : [y(-REACH), y(REACH)];
    const X = (/** @type {number} */ at) =>
      EDGE + ((at + REACH) / (2 * REACH)) * (WIDTH - 2 * EDGE);
    const Y = (/** @type {number} */ at) =>
      HEIGHT - EDGE - ((at - low) / (high - low)) * (HEIGHT - 2 * EDGE);
    const points = Array.from({ length: 65 }, (_, i) => -REACH + (2 * REACH * i) / 64);
    set(line, {
      d: points
        .map((at, i) => `${i ? "L" : "M"}${X(at).toFixed(1)} ${Y(y(at)).toFixed(1)}`)
        .join(""),
    });
    set(axes, { d: `M${EDGE} ${Y(0)}H${WIDTH - EDGE}M${X(0)} ${EDGE}V${HEIGHT - EDGE}` });
    set(dot, { cx: X(value), cy: Y(y(value)) });
    const given = minus(String(value));
    const term = bend.checked ? `f(σ(g(${given})))` : `f(g(${given})) = 12 · ${given} + 5`;
    setText(formula, `${term} = ${number(y(value))}`);
    set(plot, { "aria-label": t(bend.checked ? "chain.bent" : "chain.straight") });
  }
  draw();
  return h(
    "div",
    { class: "chain" },
    plot,
    h("div", { class: "setting" }, h("label", { for: "chain-x" }, "x"), x),
    h("div", { class: "setting" }, h("label", { for: "chain-bend" }, t("chain.bend")), bend),
    formula,
  );
}
