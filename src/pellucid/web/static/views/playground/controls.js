// What a training in the playground begins with, and what it takes up while it runs.

import { h, set, setText } from "../../dom.js";
import { DATA_SETS } from "../../network/datasets.js";
import {
  ACTIVATIONS,
  CHOICES,
  MOST_LAYERS,
  MOST_NEURONS,
  RANGES,
  allowed,
  known,
  withData,
} from "../../playground/setup.js";
import { layerName } from "../../texts.js";

/**
 * @typedef {import("../../page.js").Page} Page
 * @typedef {import("../../playground/session.js").Session} Session
 * @typedef {import("../../playground/setup.js").Setup} Setup
 * @typedef {import("../../texts.js").Key} Key
 */

const NORMS = /** @type {const} */ ({ l1: "play.l1", l2: "play.l2" });

/**
 * Return a label with its control.
 * @param {string} text
 * @param {HTMLInputElement | HTMLSelectElement} control
 */
function labelled(text, control) {
  return h("div", {}, h("label", { for: control.id }, text), control);
}

/**
 * Return fields for numbers and choices of the setup.
 * @param {Page} page
 * @param {Session} session
 * @param {() => void} changed
 */
function fields({ t }, session, changed) {
  /** @type {(() => void)[]} */
  const updates = [];
  /** @param {"n" | "noise" | "draw" | "held" | "rate" | "batch" | "seed" | "l1" | "l2"} name */
  const numeric = (name) => {
    const [min, max] = RANGES[name];
    const input = h("input", {
      type: "number",
      id: `play-${name}`,
      "data-testid": `play-${name}`,
      min,
      max,
      step: "any",
      onchange: () => {
        const value = input.valueAsNumber;
        if (allowed(name, value)) session.set({ [name]: value });
        changed();
      },
    });
    updates.push(() => {
      if (document.activeElement !== input || allowed(name, input.valueAsNumber))
        input.value = String(session.setup[name]);
    });
    return labelled(name === "l1" || name === "l2" ? t(NORMS[name]) : t(`play.${name}`), input);
  };
  /**
   * @param {"data" | "activation" | "optimizer"} name
   * @param {[string, string][]} options values and their texts
   * @param {(value: string) => void} chosen
   */
  const choice = (name, options, chosen) => {
    const select = h(
      "select",
      {
        id: `play-${name}`,
        "data-testid": `play-${name}`,
        onchange: () => {
          chosen(select.value);
          changed();
        },
      },
      ...options.map(([value, text]) => h("option", { value }, text)),
    );
    updates.push(() => (select.value = session.setup[name]));
    return labelled(t(`play.${name}`), select);
  };
  return { updates, numeric, choice };
}

/**
 * The points: which, how many, how many of them are held out.
 * @param {Page} page
 * @param {Session} session
 * @param {() => void} changed
 */
export function pointsOf(page, session, changed) {
  const { t } = page;
  const { updates, numeric, choice } = fields(page, session, changed);
  const names = [...Object.keys(DATA_SETS), "own"];
  const data = choice(
    "data",
    names.map((name) => [name, t(/** @type {Key} */ (`play.data.${name}`))]),
    (name) => session.set(withData(session.setup, name)),
  );
  const drawn = h("div", { class: "settings" }, numeric("n"), numeric("noise"), numeric("draw"));
  const counts = h("p", { class: "note", "data-testid": "play-counts" });
  const works = h(
    "button",
    {
      type: "button",
      class: "small",
      "data-testid": "play-known",
      onclick: () => {
        session.set(known(session.setup));
        changed();
      },
    },
    t("play.known"),
  );
  return {
    element: h("div", { class: "play-points" }, data, drawn, numeric("held"), counts, works),
    draw() {
      for (const update of updates) update();
      drawn.hidden = session.setup.data === "own";
      const [kept, held] = [session.trial.training.t.length, session.trial.held?.t.length ?? 0];
      setText(counts, t("play.counts", { kept, held }));
    },
  };
}

/**
 * How the network is trained.
 * @param {Page} page
 * @param {Session} session
 * @param {() => void} changed
 */
export function trainingOf(page, session, changed) {
  const { t } = page;
  const { updates, numeric, choice } = fields(page, session, changed);
  const activation = choice(
    "activation",
    ACTIVATIONS.map((name) => [name, name]),
    (name) => session.set({ activation: name }),
  );
  const optimizer = choice(
    "optimizer",
    Object.keys(CHOICES).map((name) => [name, t(/** @type {Key} */ (`play.optimizer.${name}`))]),
    (name) => session.set({ optimizer: name, rate: CHOICES[name].rate }),
  );
  const more = h(
    "details",
    {},
    h("summary", {}, t("play.more")),
    h(
      "div",
      { class: "settings" },
      numeric("batch"),
      numeric("seed"),
      numeric("l1"),
      numeric("l2"),
    ),
  );
  return {
    element: h("div", { class: "settings" }, numeric("rate"), activation, optimizer, more),
    draw() {
      for (const update of updates) update();
    },
  };
}

/**
 * Depth and width: a choice above each hidden layer, and a layer more or less.
 * @param {Page} page
 * @param {Session} session
 * @param {() => void} changed
 */
export function layersOf({ t }, session, changed) {
  const set_ = (/** @type {number[]} */ hidden) => {
    session.set({ hidden });
    changed();
  };
  const [less, more] = [
    h("button", { type: "button", class: "small", "data-testid": "play-less" }, t("play.less")),
    h("button", { type: "button", class: "small", "data-testid": "play-deeper" }, t("play.deeper")),
  ];
  less.onclick = () => set_(session.setup.hidden.slice(0, -1));
  more.onclick = () => set_([...session.setup.hidden, session.setup.hidden.at(-1) ?? 4]);
  const heads = h("div", { class: "play-heads" });
  /** @type {unknown} */
  let places = null;

  function build() {
    places = session.places;
    const hidden = session.places.slice(1, -1).map(({ size }) => size);
    const columns = session.places.map((place) => {
      const name = layerName(t, place);
      if (!place.number || place.last) return h("span", {}, name);
      const at = place.number - 1;
      const widths = Math.max(MOST_NEURONS, place.size);
      const select = h(
        "select",
        {
          "aria-label": t("play.width", { layer: name }),
          "data-testid": `play-width-${place.number}`,
          onchange: () => set_(hidden.map((size, i) => (i === at ? Number(select.value) : size))),
        },
        ...Array.from({ length: widths }, (_, i) =>
          h("option", { value: i + 1, selected: i + 1 === place.size }, String(i + 1)),
        ),
      );
      return select;
    });
    const focused = document.activeElement?.getAttribute("data-testid");
    heads.replaceChildren(...columns);
    if (focused?.startsWith("play-width"))
      /** @type {HTMLElement | null} */ (
        heads.querySelector(`[data-testid="${focused}"]`)
      )?.focus();
  }

  return {
    element: h("div", {}, h("div", { class: "line" }, less, more), heads),
    draw() {
      if (places !== session.places) build();
      set(less, { disabled: session.places.length < 3 });
      set(more, { disabled: session.places.length >= MOST_LAYERS + 2 });
    },
  };
}
