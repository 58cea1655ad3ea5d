// A panel of the teacher's page: the link for pupils' devices, their drawings, training on these.

import { h, replaceRows, set, setText } from "../dom.js";
import { percent } from "../format.js";
import { Classroom } from "../classroom.js";
import { picture, reading, verdict } from "./digits.js";
import { downloads } from "./downloads.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../classroom.js").Drawing} Drawing
 */

const LATEST = 60; // drawings that are shown

/** @type {WeakMap<Page, Classroom>} */
const classrooms = new WeakMap();

/** @param {Page} page @returns {View} */
export function classroom(page) {
  const { t } = page;
  const found = classrooms.get(page) ?? new Classroom(page);
  classrooms.set(page, found);
  const drawings = () => [...found.drawings.values()];
  const address = page.facts.class_address;
  const counts = h("p", { role: "status", "data-testid": "class-count" });
  const labels = h("tr");
  const numbers = Array.from({ length: 10 }, () => h("td"));
  labels.append(...numbers);
  const score = h("p", { "data-testid": "class-score" });
  const train = h(
    "button",
    {
      type: "button",
      class: "leading",
      "data-testid": "class-train",
      onclick: () => found.train(),
    },
    t("class.train"),
  );
  const notes = h("div", { class: "notices", role: "status" });
  const result = h("div", { role: "status", "data-testid": "class-result" });
  const list = h("ul", { class: "saved", "aria-label": t("class.latest") });
  const files = downloads(page, "class-digits", drawings);
  let listed = "";
  return {
    element: h(
      "div",
      { class: "collected" },
      h("p", {}, t("class.text")),
      h(
        "div",
        { class: "invitation" },
        h("img", { src: "class/code.svg", alt: t("class.code"), width: 280, height: 280 }),
        h(
          "div",
          {},
          h("p", { class: "link", "data-testid": "class-address" }, address),
          h("p", { class: "note" }, t("class.plain")),
        ),
      ),
      counts,
      h(
        "table",
        { class: "tally" },
        h("caption", { class: "unseen" }, t("class.labels")),
        h(
          "thead",
          {},
          h("tr", {}, ...numbers.map((_, label) => h("th", { scope: "col" }, String(label)))),
        ),
        h("tbody", {}, labels),
      ),
      score,
      h("div", { class: "tools" }, train),
      notes,
      result,
      files.element,
      h("h3", {}, t("class.latest")),
      list,
    ),
    render(look, before) {
      const held = drawings();
      const devices = new Set(held.map(({ device }) => device)).size;
      setText(counts, t("class.count", { count: held.length, devices }));
      numbers.forEach((cell, label) =>
        setText(cell, String(held.filter((drawing) => drawing.label === label).length)),
      );
      set(train, { disabled: found.busy || !held.length });
      const words = [
        ...(found.lost ? [t("learn.lost")] : []),
        ...(found.refusal ? [found.refusal] : []),
        ...(found.busy ? [t("class.training")] : []),
      ];
      if (notes.textContent !== words.join(""))
        notes.replaceChildren(...words.map((text) => h("p", {}, text)));
      showResult(page, result, found.result);
      const state = held.map(({ number }) => number).join();
      if (before && state === listed && look.network === before.network) return;
      listed = state;
      files.render();
      const read = new Map(held.map((each) => [each, reading(page, each.pixels)]));
      const right = held.filter((each) => read.get(each) === each.label).length;
      const share = percent(right / held.length);
      // Once it was trained on some of them, only those held out say anything
      const told = held.length && !found.result;
      setText(score, told ? t("class.score", { right, count: held.length, share }) : "");
      const latest = held.slice(-LATEST).reverse();
      const rows = latest.map((each) => row(page, found, each, read.get(each) ?? 0));
      replaceRows(list, rows, train);
    },
  };
}

/** @param {Page} page @param {HTMLElement} element @param {import("../classroom.js").Result | null} result */
function showResult({ t }, element, result) {
  const words = result
    ? [
        t("class.result", {
          before: share(result.before.right, result.held_out),
          after: share(result.after.right, result.held_out),
          count: result.held_out,
        }),
        t("class.digits", {
          before: percent(result.before.digits),
          after: percent(result.after.digits),
        }),
        t("class.honest", { trained: result.trained, count: result.held_out }),
      ]
    : [];
  if (element.textContent === words.join("")) return;
  element.replaceChildren(
    ...words.map((text, i) => h("p", { class: i ? "note" : "result" }, text)),
  );
}

/** @param {number} right @param {number} count */
function share(right, count) {
  return `${right} / ${count} (${percent(right / count)})`;
}

/** @param {Page} page @param {Classroom} classroom @param {Drawing} drawing @param {number} read */
function row(page, classroom, { number, label, name, device, pixels }, read) {
  const { t } = page;
  const { words, mark, look } = verdict(page, label, read);
  const sender = name || t("class.device", { device });
  const all = [...classroom.drawings.values()].filter((drawing) => drawing.device === device);
  const button = (
    /** @type {string} */ text,
    /** @type {string} */ title,
    /** @type {number[]} */ which,
  ) =>
    h(
      "button",
      {
        type: "button",
        class: "small",
        "data-key": `${text}${number}`,
        "aria-label": title,
        title,
        onclick: () => classroom.remove(which),
      },
      text,
    );
  return h(
    "li",
    { class: look },
    picture(page, pixels, `${words} (${sender})`),
    h("span", { "aria-hidden": "true" }, mark),
    h("span", { class: "note" }, sender),
    h(
      "span",
      {},
      button("×", t("digits.delete", { label }), [number]),
      button(
        "××",
        t("class.delete-device", { device, count: all.length }),
        all.map((drawing) => drawing.number),
      ),
    ),
  );
}
