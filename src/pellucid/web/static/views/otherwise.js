// What would have to change: the smallest change found of the drawing that turns the answer, before, after and between.

import { h, say, set } from "../dom.js";
import { count, number, percent, short } from "../format.js";
import { afterRest, breather } from "../later.js";
import { counterfactual } from "../network/reasons.js";
import { canvas, paintGrey, paintSigned } from "./pixels.js";

const REST = 300; // milliseconds without a change before the search begins

/** @param {import("../page.js").Page} page @returns {import("../page.js").View} */
export function otherwise(page) {
  const { t, network, facts } = page;
  const shape = /** @type {number[]} */ (facts.shape);
  const K = Math.max(network.neuronLayers[network.neuronLayers.length - 1].size, 2);
  const classes = Array.from({ length: K }, (_, k) => k);
  const target = h(
    "select",
    { id: "other-target", "data-testid": "other-target", onchange: choose },
    h("option", { value: "" }, t("other.nearest")),
    ...classes.map((k) => h("option", { value: k }, network.label(k))),
  );
  target.value = page.store.state.choices.other ?? "";
  const told = h("p", { role: "status", "data-testid": "other-told" });
  const double = shape.map((side) => 2 * side);
  const [before, after, between] = [shape, shape, double].map((size) => canvas(size, { role: "img" }));
  const captions = [before, after, between].map(() => h("figcaption"));
  const figures = [before, after, between].map((picture, i) => h("figure", {}, picture, captions[i]));
  const pictures = h("div", { class: "pictures three" }, ...figures);
  const note = h("p", { class: "note" }, t("other.note"));
  const quiet = (/** @type {string} */ text) => {
    say(told, text);
    set(told, { "data-distance": null });
    pictures.hidden = note.hidden = true;
  };
  const sure = (/** @type {number} */ value) =>
    network.layers.at(-1)?.type === "Sigmoid" ? short(value) : percent(value);

  function choose() {
    page.choose("other", target.value || null);
    again();
  }
  const again = afterRest(REST, async (current) => {
    const look = page.look();
    const wanted = target.value ? [Number(target.value)] : classes.filter((k) => k !== look.answer);
    const from = network.label(look.answer);
    if (look.empty) return quiet(t("other.empty"));
    if (wanted[0] === look.answer) return quiet(t("other.same", { before: from }));
    const breathe = breather();
    const found = await counterfactual(look.network, look.pass.x, wanted, async () => {
      await breathe();
      return current();
    });
    if (!current()) return;
    if (!found) return quiet(t("other.none", { before: from }));
    pictures.hidden = note.hidden = false;
    const words = {
      before: from,
      sure: sure(look.confidence),
      after: network.label(found.after),
      then: sure(found.confidence),
      distance: number(found.distance),
      count: count(found.changed),
      largest: number(found.largest),
    };
    say(told, t("other.found", words));
    set(told, { "data-distance": found.distance });
    paintGrey(before, look.picture);
    paintGrey(after, look.network.takesBytes ? found.x : found.x.map((value) => 255 * value));
    paintSigned(between, shape, found.moves, found.largest);
    const named = [t("other.before", words), t("other.after", words), t("other.between", words)];
    [before, after, between].forEach((picture, i) => set(picture, { "aria-label": named[i] }));
    captions.forEach((caption, i) => say(caption, named[i]));
  });
  quiet("");
  return {
    element: h(
      "section",
      {},
      h("h3", {}, t("other.title")),
      h("div", { class: "line" }, h("label", { for: "other-target" }, t("other.target")), target),
      told,
      pictures,
      note,
    ),
    render(look, before) {
      if (look.pass !== before?.pass || look.state.theme !== before.state.theme) again();
    },
  };
}
