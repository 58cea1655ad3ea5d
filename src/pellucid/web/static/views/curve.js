// The activation's curve, with the neuron's point on it.

import { h, s, say, set } from "../dom.js";
import { minus, number } from "../format.js";
import { LAYERS } from "../network/layers.js";
import { biasOf } from "./neuron.js";

const [WIDTH, HEIGHT, EDGE] = [320, 132, 18];
const STEPS = 96;

/**
 * @param {import("../page.js").Page} page
 * @param {import("../state.js").Neuron} neuron
 * @returns {import("./detail.js").Part}
 */
export function curve({ t, network }, { layer, index }) {
  const activation = /** @type {import("../network/layers.js").Layer} */ (
    network.neuronLayers[layer].activation
  );
  const f = LAYERS[activation.type].curve;
  const line = s("path", { class: "curve" });
  const guide = s("path", { class: "guide" });
  const axes = s("path", { class: "axes" });
  const point = s("circle", { class: "point", r: 5.5 });
  const ends = [
    s("text", { class: "tick", y: HEIGHT - 3, x: EDGE }),
    s("text", { class: "tick", y: HEIGHT - 3, x: WIDTH - EDGE, "text-anchor": "end" }),
  ];
  const svg = s(
    "svg",
    { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" },
    axes,
    guide,
    line,
    point,
    ...ends,
  );
  const formula = h("p", { class: "formula" });
  const threshold = h("p", { class: "note" });
  const element = h(
    "div",
    {},
    h("h3", {}, `${t("detail.curve")}: ${activation.type}`),
    f ? svg : null,
    formula,
    threshold,
  );
  return {
    element,
    render(look) {
      const z = /** @type {Float64Array} */ (look.network.sums(look.pass, layer))[index];
      const y = look.network.activations(look.pass, layer)[index];
      say(formula, `${symbol(activation.type)}(${number(z)}) = ${number(y)}`);
      const middled =
        activation.type === "Sigmoid" || activation.type === "Tanh" || activation.type === "ReLU";
      say(
        threshold,
        f
          ? middled
            ? t("detail.threshold", { threshold: number(-biasOf(look, layer, index)) })
            : ""
          : t("detail.softmax", { sum: number(z) }),
      );
      if (!f) return;
      const reach = Math.max(8, Math.ceil(Math.abs(z) * 1.15));
      const xs = Array.from({ length: STEPS + 1 }, (_, i) => -reach + (2 * reach * i) / STEPS);
      const ys = xs.map((x) => f(activation, x));
      const [low, high] = [Math.min(0, ...ys), Math.max(1, ...ys)];
      const X = (/** @type {number} */ x) =>
        EDGE + ((x + reach) / (2 * reach)) * (WIDTH - 2 * EDGE);
      const Y = (/** @type {number} */ value) =>
        HEIGHT - EDGE - ((value - low) / (high - low)) * (HEIGHT - 2 * EDGE);
      set(line, {
        d: xs.map((x, i) => `${i ? "L" : "M"}${X(x).toFixed(1)} ${Y(ys[i]).toFixed(1)}`).join(""),
      });
      set(axes, { d: `M${EDGE} ${Y(0)}H${WIDTH - EDGE}M${X(0)} ${EDGE - 6}V${HEIGHT - EDGE}` });
      set(guide, {
        d: `M${X(z).toFixed(1)} ${Y(0).toFixed(1)}V${Y(y).toFixed(1)}H${X(0).toFixed(1)}`,
      });
      set(point, { cx: X(z).toFixed(1), cy: Y(y).toFixed(1) });
      say(ends[0], minus(String(-reach)));
      say(ends[1], String(reach));
      set(svg, {
        "aria-label": t("detail.curve.label", {
          name: activation.type,
          sum: number(z),
          activation: number(y),
        }),
      });
    },
  };
}

/** @param {string} type */
function symbol(type) {
  return type === "Sigmoid" ? "σ" : type.toLowerCase();
}
