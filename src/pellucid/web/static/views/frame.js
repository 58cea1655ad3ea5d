// The head and the foot of the page.

import { h, set } from "../dom.js";
import { count, percent } from "../format.js";
import { show, taught } from "./steps.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 */

const THEMES = /** @type {const} */ (["system", "light", "dark", "contrast"]);

/** @param {Page} page @returns {View} */
export function header(page) {
  const { t, store, network, facts } = page;
  const shape = network.neuronLayers.map(({ size }) => size).join("-");
  const said = [shape, t("header.parameters", { count: count(network.parameterCount) })];
  const words = { accuracy: percent(facts.accuracy ?? 0), rows: count(facts.rows) };
  const line = h("p", { class: "facts" });
  const language = store.state.language === "ko" ? "en" : "ko";
  const theme = h(
    "select",
    { id: "theme", onchange: () => store.set({ theme: THEMES[theme.selectedIndex] }) },
    ...THEMES.map((name) => h("option", { value: name }, t(`theme.${name}`))),
  );
  const open = h(
    "button",
    {
      type: "button",
      "data-testid": "lesson-open",
      class: "leading",
      "data-control": "lesson",
      onclick: () => (store.state.step ? store.set({ step: null }) : show(page, 1)),
    },
    t("lesson.open"),
  );
  const element = h(
    "header",
    {},
    h("h1", {}, h("span", { class: "mark", "aria-hidden": "true" }), "pellucid"),
    line,
    h(
      "div",
      { class: "choices" },
      taught(page) ? open : null,
      h("label", { for: "theme", class: "unseen" }, t("header.theme")),
      theme,
      h(
        "button",
        {
          type: "button",
          "data-testid": "language",
          lang: language,
          onclick: () => store.set({ language }),
        },
        t("header.language"),
      ),
    ),
  );
  return {
    element,
    render(look) {
      theme.value = look.state.theme;
      // The accuracy is that of the network as it was opened, and of no other.
      const own = facts.accuracy !== null && look.network === page.opened;
      const learned = page.base !== page.opened;
      const told = own
        ? [...said, t("header.accuracy", words)]
        : learned
          ? [...said, t("header.learned")]
          : said;
      if (line.textContent !== told.join(" · "))
        line.replaceChildren(...told.flatMap((text, i) => [i ? " · " : "", h("span", {}, text)]));
      set(open, { "aria-expanded": String(look.state.step !== null) });
    },
  };
}

/** @param {Page} page @returns {View} */
export function footer({ t, store, digits, facts }) {
  const text = t(digits.length ? "page.licence" : "page.no-digits");
  const reveal = h(
    "button",
    { type: "button", class: "small", onclick: () => store.set({ hidden: [] }) },
    t("share.reveal"),
  );
  const hidden = h("p", { "data-testid": "hidden" }, t("share.hidden"), " ", reveal);
  return {
    element: h("footer", {}, h("p", {}, text), hidden, h("p", {}, `pellucid ${facts.version}`)),
    render({ state }) {
      hidden.hidden = !state.hidden.length;
    },
  };
}
