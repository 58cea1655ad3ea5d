// A panel: a link to what is seen, for a class, with controls hidden that would only distract.

import { addressOf } from "../address.js";
import { h, set, setText } from "../dom.js";
import { STEPS } from "../lesson.js";
import { concealed } from "../state.js";
import { TEXTS, layerName } from "../texts.js";
import { titleOf } from "./values.js";
import { neuronName } from "./neuron.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 * @typedef {{id: string, title: import("../texts.js").Key}} Choice
 */

/** What a link may hide: elements with such a `data-control` (styles/lesson.css). */
const CONTROLS = /** @type {const} */ ([
  "draw",
  "settings",
  "load",
  "answer",
  "detail",
  "panels",
  "lesson",
  "playground",
  "language",
  "theme",
]);

const EXPORT = "pellucid export digits page.html\npellucid export digits --to site neurons/";

/** @param {Page} page @param {Choice[]} panels those that a link may open @returns {View} */
export function share(page, panels) {
  const { t, store } = page;
  const part = (/** @type {string} */ id, /** @type {string} */ text, checked = true) => {
    const box = h("input", { type: "checkbox", id: `share-${id}`, checked, onchange: write });
    return { box, element: h("label", { class: "choice" }, box, h("span", {}, text)) };
  };
  const kept = {
    step: part("step", t("share.step")),
    input: part("input", t("share.input")),
    neuron: part("neuron", t("share.neuron")),
    edits: part("edits", t("share.edits")),
  };
  const hides = CONTROLS.map((name) => ({
    name,
    ...part(`hide-${name}`, t(`hide.${name}`), false),
  }));
  const choose = (/** @type {string} */ id, /** @type {string[][]} */ options) =>
    h(
      "select",
      { id: `share-${id}`, onchange: write },
      ...options.map(([value, text]) => h("option", { value }, text)),
    );
  const language = choose("language", [
    ["", t("share.language.own")],
    ["ko", TEXTS.en["header.language"]],
    ["en", TEXTS.ko["header.language"]],
  ]);
  const panel = choose("panel", [
    ["", t("share.panel.none")],
    ...panels.map(({ id, title }) => [id, t(title)]),
  ]);
  const base = h("input", {
    type: "url",
    id: "share-base",
    value: location.href.split("#")[0],
    oninput: write,
  });
  const link = h("input", { id: "share-link", "data-testid": "share-link", readonly: true });
  const words = h("p", { "data-testid": "share-words" });
  const copied = h("span", { class: "status", role: "status" });
  const where = h(
    "p",
    { class: "note" },
    t(location.protocol === "http:" && page.facts.server ? "share.local" : "share.file"),
  );
  const copy = h(
    "button",
    { type: "button", "data-testid": "share-copy", onclick: take },
    t("share.copy"),
  );

  function write() {
    const { state } = store;
    const hidden = hides.filter(({ box }) => box.checked).map(({ name }) => name);
    const shared = {
      ...state,
      ...(kept.input.box.checked ? {} : page.defaults()),
      step: kept.step.box.checked ? state.step : null,
      neuron: kept.neuron.box.checked ? state.neuron : null,
      edits: kept.edits.box.checked ? state.edits : [],
      panel: panel.value || null,
      choices: panel.value ? state.choices : {},
      theme: /** @type {const} */ ("system"), // the reader's own
      language: /** @type {"en" | "ko"} */ (language.value || page.preferred),
      hidden,
      large: false, // on the reader's own screen
    };
    const address = addressOf(shared, page.pictures, language.value ? "" : page.preferred);
    link.value = `${base.value.split("#")[0]}${address}`;
    setText(copied, "");
    setText(words, sentence(shared));
  }

  /** What the link does, in words. @param {import("../state.js").State} state */
  function sentence({ step, input, neuron, edits, hidden }) {
    const { source } = input;
    const [index, label] = [source.index ?? 0, source.label ?? 0];
    const found = [];
    if (step) found.push(t("share.words.step", { step, title: titleOf(page, STEPS[step - 1]) }));
    if (source.kind === "test")
      found.push(
        concealed(store.state)
          ? t("load.digit.unknown", { index })
          : t("load.digit", { index, label }),
      );
    else if (Array.prototype.some.call(input.values, Boolean)) found.push(t("share.words.drawing"));
    const place = neuron && page.network.neuronLayers[neuron.layer];
    if (place)
      found.push(
        t("neuron.name", {
          layer: layerName(t, place),
          name: neuronName(page, place, neuron.index),
        }),
      );
    if (edits.length) found.push(t("share.words.edits", { count: edits.length }));
    if (panel.value) found.push(panel.selectedOptions[0].text);
    const opened = t("share.words.opens", { what: found.join(", ") || t("share.words.page") });
    const names = hides
      .filter(({ name }) => hidden.includes(name))
      .map(({ name }) => t(`hide.${name}`));
    const hiding = names.length
      ? t("share.words.hides", { what: names.join(", ") })
      : t("share.words.hides-nothing");
    return `${opened} ${hiding}`;
  }

  async function take() {
    link.select();
    try {
      await navigator.clipboard.writeText(link.value);
    } catch {
      // a page from a disk may not ask for the clipboard, but may copy what is selected
      document.execCommand("copy");
    }
    setText(copied, t("share.copied"));
  }

  const field = (/** @type {HTMLElement} */ control, /** @type {string} */ text) =>
    h("div", { class: "field" }, h("label", { for: control.id }, text), control);
  const group = (/** @type {string} */ title, /** @type {{element: HTMLElement}[]} */ boxes) =>
    h("fieldset", {}, h("legend", {}, title), ...boxes.map(({ element }) => element));
  const element = h(
    "div",
    { class: "share" },
    h("p", {}, t("share.text")),
    h(
      "div",
      { class: "groups" },
      group(t("share.opens"), Object.values(kept)),
      group(t("share.hides"), hides),
    ),
    h(
      "div",
      { class: "fields" },
      field(language, t("share.language")),
      field(panel, t("share.panel")),
      field(base, t("share.base")),
    ),
    field(link, t("share.link")),
    h("div", { class: "tools" }, copy, copied),
    words,
    where,
    page.whole === page.opened ? null : h("p", { class: "note" }, t("share.trained")),
    h("p", { class: "note" }, t("share.school")),
    h("pre", { tabindex: 0 }, EXPORT),
    panels.some(({ id }) => id === "worksheet")
      ? h(
          "p",
          {},
          h(
            "button",
            { type: "button", onclick: () => store.set({ panel: "worksheet" }) },
            t("finish.worksheet"),
          ),
        )
      : null,
  );
  return {
    element,
    render({ state }) {
      const has = {
        step: state.step !== null,
        input: true,
        neuron: state.neuron !== null,
        edits: state.edits.length > 0,
      };
      for (const name of /** @type {const} */ (["step", "neuron", "edits"])) {
        set(kept[name].element, { "data-absent": !has[name] });
        kept[name].box.disabled = !has[name];
      }
      write();
    },
  };
}
