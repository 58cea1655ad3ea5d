// The head and the foot of the page.

import { h } from "../dom.js";
import { count, percent } from "../format.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 */

const THEMES = /** @type {const} */ (["system", "light", "dark", "contrast"]);

/** @param {Page} page @returns {View} */
export function header({ t, store, network, facts }) {
  const shape = network.neuronLayers.map(({ size }) => size).join("-");
  const said = [shape, t("header.parameters", { count: count(network.parameterCount) })];
  if (facts.accuracy !== null)
    said.push(t("header.accuracy", { accuracy: percent(facts.accuracy), rows: count(facts.rows) }));
  const language = store.state.language === "ko" ? "en" : "ko";
  const theme = h(
    "select",
    { id: "theme", onchange: () => store.set({ theme: THEMES[theme.selectedIndex] }) },
    ...THEMES.map((name) => h("option", { value: name }, t(`theme.${name}`))),
  );
  const element = h(
    "header",
    {},
    h("h1", {}, h("span", { class: "mark", "aria-hidden": "true" }), "pellucid"),
    h("p", { class: "facts" }, ...said.flatMap((text, i) => [i ? " · " : "", h("span", {}, text)])),
    h(
      "div",
      { class: "choices" },
      h("label", { for: "theme", class: "unseen" }, t("header.theme")),
      theme,
      h(
        "button",
        { type: "button", "data-testid": "language", lang: language, onclick: () => store.set({ language }) },
        t("header.language"),
      ),
    ),
  );
  return {
    element,
    render(look) {
      theme.value = look.state.theme;
    },
  };
}

/** @param {Page} page @returns {View} */
export function footer({ t, digits, facts }) {
  const text = t(digits.length ? "page.licence" : "page.no-digits");
  return { element: h("footer", {}, h("p", {}, text), h("p", {}, `pellucid ${facts.version}`)), render() {} };
}
