// A panel: backpropagation of the drawing and its true label. Who wants to go up, who down, and is that so?

import { h, say, set } from "../dom.js";
import { minus, number } from "../format.js";
import { centralDifference, weightGradients, wishes } from "../network/check.js";
import { usualRate } from "../learning.js";
import { layerName } from "../texts.js";
import { bars } from "./bars.js";
import { neuronName, terms } from "./neuron.js";
import { gradientsOf, labelOf } from "./nudges.js";
import { canvas, paintSigned } from "./pixels.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../network/check.js").Gradients} Gradients
 */

/** @param {Page} page @returns {View} */
export function backprop(page) {
  const { t, network, store } = page;
  const last = network.neuronLayers[network.neuronLayers.length - 1];
  const target = h(
    "select",
    {
      id: "target",
      "data-testid": "target",
      onchange: () => store.set({ target: target.value === "" ? null : Number(target.value) }),
    },
    h("option", { value: "" }, "–"),
    ...Array.from({ length: Math.max(last.size, 2) }, (_, k) =>
      h("option", { value: k }, network.label(k)),
    ),
  );
  const known = h("small", {}, t("back.known"));
  const loss = h("output", { "data-testid": "example-loss" });
  const ask = h("p", {}, t("back.ask"));
  const layers = network.neuronLayers
    .slice(1)
    .reverse()
    .map((layer) => ({ layer, list: bars(brief) }));
  const one = weights(page);
  const body = h(
    "div",
    { class: "learning" },
    h("p", {}, t("back.text")),
    h(
      "div",
      { class: "columns-of-bars" },
      ...layers.map(({ layer, list }) =>
        h(
          "section",
          {},
          h(
            "h3",
            {},
            `${layerName(t, layer)}: ${t(layer.last ? "back.by-sum" : "back.by-activation")}`,
          ),
          list.element,
        ),
      ),
    ),
    one.element,
  );
  const element = h(
    "div",
    { class: "learning" },
    h(
      "p",
      { class: "line" },
      h("label", { for: "target" }, t("back.target")),
      target,
      known,
      h("span", {}, t("back.loss"), " ", loss),
    ),
    ask,
    body,
  );
  return {
    element,
    render(look) {
      const label = labelOf(look);
      target.value = label === null ? "" : String(label);
      set(target, { disabled: look.empty || look.state.input.source.label !== undefined });
      known.hidden = look.empty || look.state.input.source.label === undefined;
      ask.hidden = label !== null;
      body.hidden = label === null;
      say(loss, "–");
      if (label === null) return;
      const found = gradientsOf(look.network, look.pass, label);
      say(loss, number(found.loss));
      set(loss, { value: found.loss });
      for (const { layer, list } of layers) {
        list.render(
          Array.from(wishes(found.layers[layer.number]), (value, i) => {
            const name = neuronName(page, layer, i);
            const told = t(value < 0 ? "back.down" : value ? "back.up" : "back.stay", {
              name,
              by: number(Math.abs(value)),
            });
            return { name, value, told };
          }),
        );
      }
      one.render(look, found, label);
    },
  };
}

/** With its sign, in seven characters at most: gradients may be very small. @param {number} value */
function brief(value) {
  const size = Math.abs(value);
  const text =
    size >= 0.1
      ? size.toFixed(2)
      : size >= 0.001
        ? size.toFixed(3)
        : size
          ? size.toExponential(0)
          : "0";
  return value ? minus(`${value < 0 ? "-" : "+"}${text}`) : text;
}

/** The weights of one neuron, the chosen one or the label's output, and a check of one of them. @param {Page} page */
function weights(page) {
  const { t, network, facts } = page;
  const title = h("h3");
  const shape = facts.shape;
  const picture =
    shape &&
    canvas(
      shape.map((side) => 2 * side),
      { role: "img", class: "slopes", onclick: (/** @type {MouseEvent} */ event) => pick(event) },
    );
  const list = bars(brief);
  const bias = h("p");
  const step = h("p", { class: "note", "data-testid": "gradient-step" });
  const from = h("input", {
    type: "number",
    id: "check-from",
    min: 0,
    step: 1,
    onchange: () => again(),
  });
  const cells = ["backprop", "numeric", "difference"].map((name) =>
    h("data", { "data-testid": `gradient-${name}` }),
  );
  const rows = /** @type {const} */ (["back.formula", "back.tried", "back.apart"]).map((key, i) =>
    h("div", {}, h("dt", {}, t(key)), h("dd", {}, cells[i])),
  );
  /** @type {{layer: number, neuron: number} | null} */
  let place = null;
  /** @type {number | null} */
  let chosen = /^\d+$/.test(page.store.state.choices.from ?? "")
    ? Number(page.store.state.choices.from)
    : null; // the number of the incoming connection; null for the steepest
  /** @type {[Look, Gradients, number] | null} */
  let shown = null;
  const again = () => {
    const asked = from.valueAsNumber; // what no connection has becomes the nearest that there is
    chosen = Number.isNaN(asked)
      ? null
      : Math.min(Math.max(Math.round(asked), 0), Number(from.max));
    if (chosen !== null) from.value = String(chosen);
    page.choose("from", chosen === null ? null : String(chosen));
    if (shown) render(...shown);
  };
  /** @param {MouseEvent} event */
  const pick = (event) => {
    const area = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    const [height, width] = /** @type {number[]} */ (shape);
    const at = (/** @type {number} */ share, /** @type {number} */ size) =>
      Math.min(Math.floor(share * size), size - 1);
    from.value = String(
      at((event.clientY - area.top) / area.height, height) * width +
        at((event.clientX - area.left) / area.width, width),
    );
    again();
  };
  /** @param {Look} look @param {Gradients} found @param {number} label */
  const render = (look, found, label) => {
    shown = [look, found, label];
    const output = network.neuronLayers.length - 1;
    const { layer, index: neuron } = look.state.neuron ?? {
      layer: output,
      index: network.neuronLayers[output].size > 1 ? label : 0,
    };
    if (place && (layer !== place.layer || neuron !== place.neuron)) chosen = null;
    place = { layer, neuron };
    const [to, before] = [network.neuronLayers[layer], network.neuronLayers[layer - 1]];
    element.hidden = !to.affine;
    if (!to.affine) return;
    const { W, b } = weightGradients(look.network, found, layer, neuron);
    say(title, t("back.weights", { layer: layerName(t, to), name: neuronName(page, to, neuron) }));
    const pictured = layer === 1 && shape !== null;
    if (picture) picture.hidden = !pictured;
    list.element.hidden = pictured;
    const down = W.map((value) => (value ? -value : 0));
    const steepest = down.reduce(
      (best, value, i) => (Math.abs(value) > Math.abs(down[best]) ? i : best),
      0,
    );
    if (pictured && picture) {
      paintSigned(picture, shape, down, Math.abs(down[steepest]));
      set(picture, { "aria-label": t("back.picture", { most: number(Math.abs(down[steepest])) }) });
    } else {
      list.render(
        Array.from(down, (value, d) => ({
          name: neuronName(page, before, d),
          value,
          told: t(value < 0 ? "back.down" : value ? "back.up" : "back.stay", {
            name: neuronName(page, before, d),
            by: number(Math.abs(value)),
          }),
        })),
      );
    }
    say(bias, b === null ? "" : t("back.bias", { slope: brief(-b) }));
    const at = Math.min(chosen ?? steepest, W.length - 1);
    set(from, { max: W.length - 1 });
    if (document.activeElement !== from) from.value = String(at);
    const tried = centralDifference(look.network, look.pass, label, { layer, from: at, neuron });
    [W[at], tried, W[at] - tried].forEach((value, i) => {
      say(cells[i], minus(i < 2 ? value.toPrecision(8) : value.toExponential(1)));
      set(cells[i], { value });
    });
    const old = terms(look, { layer, index: neuron }).weights[at];
    const rate = usualRate(look.network);
    say(
      step,
      t("back.step", {
        rate,
        old: minus(old.toFixed(4)),
        new: minus((old - rate * W[at]).toFixed(4)),
      }),
    );
  };
  const element = h(
    "section",
    { class: "slope" },
    title,
    h("div", {}, picture, list.element, bias),
    h(
      "div",
      {},
      h("p", {}, t("back.check")),
      h("p", { class: "line" }, h("label", { for: "check-from" }, t("back.from")), from),
      h("dl", { class: "figures" }, ...rows),
      step,
    ),
  );
  return { element, render };
}
