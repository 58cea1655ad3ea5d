// The chosen neuron: bias and weights, to read and to set, and its sum where the cursor is.

import { h, setText } from "../../dom.js";
import { number } from "../../format.js";
import { nameOf } from "./drawing.js";

/**
 * @typedef {import("../../page.js").Page} Page
 * @typedef {import("../../playground/session.js").Session} Session
 * @typedef {import("./drawing.js").Neuron} Neuron
 * @typedef {import("../../network/network.js").Pass} Pass
 */

const DIGITS = 6; // of a number in a field

/**
 * @param {Page} page
 * @param {Session} session
 * @param {() => void} changed called after a number was set
 */
export function detail(page, session, changed) {
  const { t } = page;
  const title = h("h2", { id: "play-neuron" });
  const body = h("div");
  const element = h(
    "section",
    { class: "card play-detail", "aria-labelledby": "play-neuron", "data-testid": "play-detail" },
    title,
    body,
  );
  /** @type {((pass: Pass) => void)[]} */
  let updates = [];
  let made = "";
  /** @type {unknown} the layers that the fields were made for */
  let places = null;

  /** @param {Neuron} neuron */
  function build(neuron) {
    const { layer, index } = neuron;
    updates = [];
    setText(title, nameOf(page, session, neuron));
    if (!layer) {
      const value = h("output");
      updates.push((pass) => setText(value, number(pass.x[index])));
      return body.replaceChildren(h("p", {}, t("play.input.text"), " ", value));
    }
    const { arrays } = /** @type {import("../../network/layers.js").Layer} */ (
      session.places[layer].affine
    );
    const sources = Array.from({ length: arrays.W.shape[0] }, (_, from) => from);
    const rows = sources.map((from) => row(neuron, from));
    const sum = h("output", { "data-testid": "play-sum" });
    const result = h("output", { "data-testid": "play-activation" });
    updates.push((pass) => {
      setText(sum, number(session.network.sums(pass, layer)?.[index] ?? NaN));
      setText(result, number(session.network.activations(pass, layer)[index]));
    });
    const head = /** @type {const} */ (["from", "weight", "value", "product"]).map((name) =>
      h("th", { scope: "col" }, t(`play.head.${name}`)),
    );
    const bias = arrays.b
      ? h(
          "p",
          { class: "line" },
          h("label", { for: "play-bias" }, t("play.bias")),
          field("play-bias", layer, "b", index),
        )
      : null;
    body.replaceChildren(
      ...[bias].filter((one) => one !== null),
      h("table", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)),
      h("p", { class: "line" }, t("play.sum"), " ", sum, " ", t("play.activation.at"), " ", result),
    );
  }

  /** @param {Neuron} neuron @param {number} from */
  function row({ layer, index }, from) {
    const name = nameOf(page, session, { layer: layer - 1, index: from });
    const [value, product] = [h("td"), h("td")];
    const { size, affine } = session.places[layer];
    const at = from * size + index;
    const input = field(`play-weight-${from}`, layer, "W", at);
    input.setAttribute("aria-label", t("play.weight.of", { name }));
    updates.push((pass) => {
      const x = session.network.activations(pass, layer - 1)[from];
      setText(value, number(x));
      setText(product, number(x * (affine?.arrays.W.data[at] ?? NaN)));
    });
    return h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, input), value, product);
  }

  /**
   * Return a field for one number of the network.
   * @param {string} id
   * @param {number} layer
   * @param {"W" | "b"} name
   * @param {number} at
   */
  function field(id, layer, name, at) {
    const input = h("input", {
      type: "number",
      step: "any",
      id,
      "data-testid": id,
      onchange: () => {
        const value = input.valueAsNumber;
        if (Number.isFinite(value)) session.setNumber(layer, name, at, value);
        changed();
      },
    });
    const data = () => session.places[layer].affine?.arrays[name]?.data[at] ?? NaN;
    updates.push(() => {
      if (document.activeElement === input) return;
      const value = data();
      const text = Number.isFinite(value) ? String(Number(value.toPrecision(DIGITS))) : "";
      if (input.value !== text) input.value = text;
    });
    return input;
  }

  return {
    element,
    /** Move the focus to a number. @param {number} [from] the neuron before; the title without it */
    focus(from) {
      const input = element.querySelector(
        from === undefined ? "#play-bias" : `#play-weight-${from}`,
      );
      if (input instanceof HTMLElement) input.focus();
    },
    /** @param {Neuron | null} neuron @param {Pass} pass */
    draw(neuron, pass) {
      element.hidden = neuron === null;
      if (!neuron) return;
      const key = [neuron.layer, neuron.index].join();
      if (made !== key || places !== session.places) build(neuron);
      [made, places] = [key, session.places];
      for (const update of updates) update(pass);
    },
  };
}
