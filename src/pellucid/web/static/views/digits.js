// A panel: the reader's own drawings with their labels; kept, read by the network, downloaded, and
// in a class sent to the teacher.

import { h, replaceRows, set, setText } from "../dom.js";
import { percent } from "../format.js";
import { LONGEST_NAME, nickname, send } from "../classroom.js";
import { MOST, collectionOf } from "../collection.js";
import { trainedOnOwn } from "../heldout.js";
import { concealed } from "../state.js";
import { downloads } from "./downloads.js";
import { canvas, paintGrey } from "./pixels.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../collection.js").Collection} Collection
 * @typedef {import("../collection.js").Saved} Saved
 */

/** @param {Page} page @returns {View} */
export function digits(page) {
  const { t } = page;
  const collection = collectionOf(page);
  const status = h("p", { class: "status", role: "status" });
  const why = h("p", { class: "note", id: "digits-why" });
  const buttons = Array.from({ length: 10 }, (_, label) =>
    h(
      "button",
      {
        type: "button",
        "data-testid": `save-${label}`,
        "aria-label": t("digits.save", { label }),
        "aria-describedby": "digits-why",
        onclick: () => save(label),
      },
      String(label),
    ),
  );
  const score = h("p", { "data-testid": "digits-score" });
  const list = h("ul", { class: "saved", "aria-label": t("digits.title") });
  const files = downloads(page, "my-digits", () => collection.drawings);
  const sending = page.facts.sends ? sender(page, collection) : null;
  const storage = h("p", { class: "note" });
  /** @type {Saved[] | null} */
  let listed = null;
  let hidden = false; // whether nothing may tell the answer

  /** @param {number} label */
  function save(label) {
    collection.add(label, asSent(page).picture);
    setText(status, t("digits.saved", { label, count: collection.drawings.length }));
    page.store.set({});
  }

  /** @param {Saved} drawing */
  function remove(drawing) {
    collection.remove(drawing);
    setText(status, t("digits.removed", { count: collection.drawings.length }));
    page.store.set({});
  }

  return {
    element: h(
      "div",
      { class: "collected" },
      h(
        "fieldset",
        { class: "labels" },
        h("legend", {}, t("digits.legend")),
        h("div", { class: "keypad" }, ...buttons),
      ),
      why,
      status,
      h("p", { class: "note" }, t("digits.text")),
      ...(sending ? [sending.element] : []),
      score,
      list,
      files.element,
      storage,
    ),
    render(look, before) {
      const reason = obstacle(page, look, collection);
      for (const button of buttons) set(button, { disabled: reason !== "" });
      setText(why, reason);
      setText(storage, t(collection.kept ? "digits.kept" : "digits.lost", { count: MOST }));
      sending?.render();
      const { drawings } = collection;
      const hides = concealed(look.state);
      const same = drawings === listed && hides === hidden;
      if (same && before && look.network === before.network) return;
      [listed, hidden] = [drawings, hides];
      files.render();
      const read = drawings.map(({ pixels }) => reading(page, pixels));
      const right = drawings.filter(({ label }, i) => label === read[i]).length;
      const count = drawings.length;
      const share = percent(right / count);
      const key = trainedOnOwn(page) ? "digits.score.trained" : "digits.score";
      const told = hides ? "" : t(key, { right, count, share });
      setText(score, count ? told : t("digits.none"));
      const rows = drawings.map((drawing, i) =>
        row(page, drawing, hides ? null : read[i], () => remove(drawing)),
      );
      replaceRows(list, rows, buttons[0]);
    },
  };
}

/** Return the look of the drawing as it is saved: centred, at full brightness. @param {Page} page */
function asSent(page) {
  return page.peek({ ...page.store.state, centring: true, brightness: 100 });
}

/**
 * Return why the present picture cannot be saved, or "".
 * @param {Page} page
 * @param {import("../look.js").Look} look
 * @param {Collection} collection
 */
function obstacle({ t }, { state, empty }, collection) {
  if (!["drawn", "image"].includes(state.input.source.kind)) return t("digits.not-own");
  if (empty) return t("digits.empty");
  return collection.full ? t("digits.full", { count: MOST }) : "";
}

/** Return the network's prediction for a saved picture. @param {Page} page @param {Uint8Array} pixels */
export function reading({ network }, pixels) {
  const x = network.takesBytes ? pixels : Array.from(pixels, (value) => value / 255);
  return network.choose(network.forward(x).y);
}

/**
 * @param {Page} page
 * @param {Saved} drawing
 * @param {number | null} read null where nothing may tell it
 * @param {() => void} remove
 */
function row(page, { label, pixels, sent }, read, remove) {
  const { t } = page;
  const { words, mark, look } = verdict(page, label, read);
  return h(
    "li",
    { class: look },
    picture(page, pixels, words),
    h("span", { "aria-hidden": "true" }, mark),
    sent ? h("span", { class: "note" }, t("class.sent-mark")) : null,
    h(
      "button",
      {
        type: "button",
        class: "small",
        "aria-label": t("digits.delete", { label }),
        title: t("digits.delete", { label }),
        onclick: remove,
      },
      "×",
    ),
  );
}

/**
 * What is said of a drawing's reading: for screen readers, for the eye, and how it looks.
 * @param {Page} page
 * @param {number} label
 * @param {number | null} read
 */
export function verdict({ t }, label, read) {
  if (read === null) return { words: String(label), mark: String(label), look: "" };
  if (read === label)
    return { words: t("digits.right", { label, read }), mark: `${label} ✓`, look: "right" };
  return { words: t("digits.wrong", { label, read }), mark: `${label} → ${read}`, look: "wrong" };
}

/** A saved picture; choosing it shows it. @param {Page} page @param {Uint8Array} pixels @param {string} words */
export function picture(page, pixels, words) {
  const shown = canvas([28, 28], { "aria-hidden": "true" });
  paintGrey(shown, pixels);
  const name = page.t("digits.open", { words });
  const onclick = () => page.setInput(pixels, { kind: "image" });
  return h(
    "button",
    { type: "button", class: "digit", "aria-label": name, title: name, onclick },
    shown,
  );
}

/** The part that sends drawings to the teacher. @param {Page} page @param {Collection} collection */
function sender(page, collection) {
  const { t } = page;
  const name = h("input", { id: "nickname", maxlength: LONGEST_NAME, autocomplete: "off" });
  const status = h("p", { class: "status", role: "status", "data-testid": "sent" });
  const button = h("button", {
    type: "button",
    class: "leading",
    "data-testid": "send",
    onclick: sendAll,
  });
  let busy = false;

  async function sendAll() {
    busy = true;
    let [sent, reason] = [0, ""];
    const waiting = collection.drawings.filter((drawing) => !drawing.sent);
    page.store.set({});
    for (const drawing of waiting) {
      try {
        reason = await send(drawing, nickname(name.value), page.store.state.language);
      } catch {
        reason = t("class.unreachable");
      }
      if (reason) break;
      collection.markSent(drawing);
      setText(status, t("class.sent", { count: ++sent }));
    }
    busy = false;
    if (reason) setText(status, reason);
    page.store.set({});
  }

  return {
    element: h(
      "div",
      { class: "sending" },
      h("div", { class: "field" }, h("label", { for: "nickname" }, t("class.nickname")), name),
      h("div", { class: "tools" }, button),
      status,
      h("p", { class: "note" }, t("class.sends")),
    ),
    render() {
      const count = collection.drawings.filter(({ sent }) => !sent).length;
      setText(button, t("class.send", { count }));
      set(button, { disabled: busy || !count });
    },
  };
}
