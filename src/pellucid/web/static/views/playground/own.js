// Points of one's own: set on the plane, or read from a CSV file or pasted text.

import { h, set, setText } from "../../dom.js";
import { readPoints } from "../../playground/csv.js";
import { MOST_POINTS } from "../../playground/setup.js";
import { upload } from "../upload.js";

/**
 * @typedef {import("../../page.js").Page} Page
 * @typedef {import("../../playground/session.js").Session} Session
 */

/**
 * @param {Page} page
 * @param {Session} session
 * @param {() => void} changed
 */
export function ownPoints({ t }, session, changed) {
  const status = h("p", { class: "status", role: "status", "data-testid": "play-read" });
  const choices = [0, 1].map((k) =>
    h("input", { type: "radio", name: "play-class", id: `play-class-${k}`, checked: k === 1 }),
  );
  const labels = choices.map(({ id }, k) =>
    h("label", { for: id, class: `class-${k}` }, t("play.class", { label: k })),
  );
  const text = h("textarea", {
    id: "play-paste",
    rows: 4,
    placeholder: "0.5, 1.2, 0",
    "data-testid": "play-paste",
  });
  /** @param {string} content */
  const take = (content) => {
    const found = readPoints(content);
    if ("error" in found) {
      const { error, line = 0, count = 0 } = found;
      return t(`play.csv.${error}`, { line, count, most: MOST_POINTS });
    }
    session.setPoints(found.points);
    changed();
    const [first, second] = found.names;
    return t("play.csv.read", { count: found.points.length, first, second });
  };
  const file = upload(t("play.csv.file"), ".csv,.tsv,.txt", status, async (chosen) =>
    take(await chosen.text()),
  );
  const button = (
    /** @type {string} */ id,
    /** @type {import("../../texts.js").Key} */ key,
    /** @type {() => void} */ onclick,
  ) => h("button", { type: "button", class: "small", "data-testid": id, onclick }, t(key));
  const clear = button("play-clear", "play.clear", () => {
    session.setPoints([]);
    changed();
  });
  const element = h(
    "div",
    { class: "play-own" },
    h(
      "fieldset",
      {},
      h("legend", {}, t("play.own")),
      ...choices.flatMap((one, k) => [one, labels[k]]),
      clear,
    ),
    h(
      "details",
      {},
      h("summary", {}, t("play.csv")),
      h("label", { for: "play-paste" }, t("play.csv.text")),
      text,
      h(
        "div",
        { class: "line" },
        button("play-take", "play.csv.take", () => setText(status, take(text.value))),
        button("play-file", "play.csv.file", () => file.click()),
      ),
      file,
      status,
    ),
  );
  return {
    element,
    /** The class of the next point. */
    get label() {
      return choices[1].checked ? 1 : 0;
    },
    draw() {
      const own = session.setup.data === "own";
      element.hidden = !own;
      set(clear, { disabled: !session.start.own.length });
    },
  };
}
