// The members of an ensemble: a panel of what each predicts by itself, and how far they agree in words.

import { h, set, setText } from "../dom.js";
import { number, percent, short } from "../format.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 *
 * @typedef {object} Spread what all members predict together, and each by itself
 * @property {Float64Array} whole
 * @property {Float64Array[]} each
 */

/** @param {Page} page @param {Look} look @returns {Spread} */
export function spreadOf({ whole, members }, { pass: { x } }) {
  return { whole: whole.predict(x), each: members.map((member) => member.predict(x)) };
}

/** Return in words how far the members agree; "" without members. @param {Page} page @param {Look} look */
export function agreement(page, look) {
  const { t, whole, members } = page;
  if (!members.length) return "";
  const spread = spreadOf(page, look);
  const { member } = look.state;
  if (member !== null)
    return t("members.alone", { member, count: members.length, all: named(page, spread.whole) });
  const [low, high] = endsOf(page, spread);
  const count = members.length;
  if (!whole.classifies) return t("members.values", { count, low, high });
  const chosen = whole.choose(spread.whole);
  const agreeing = spread.each.filter((y) => whole.choose(y) === chosen).length;
  return t("members.agree", { agreeing, count, low, high });
}

/** @param {Page} page @returns {View} */
export function members(page) {
  const { t, members: all } = page;
  const rows = [null, ...all.keys()].map((member) => row(page, member));
  const about = h("p", { class: "plainly", "data-testid": "members-agree" });
  const axis = h("p", { class: "note" });
  const element = h(
    "div",
    { class: "members" },
    about,
    axis,
    h("ul", { role: "list" }, ...rows.map(({ element }) => element)),
    h("p", { class: "note" }, t("members.text")),
  );
  return {
    element,
    render(look, before) {
      const { member } = look.state;
      const same = look.pass === before?.pass && member === before.state.member;
      if (same) return;
      const spread = spreadOf(page, look);
      const place = scale(page, spread);
      setText(about, agreement(page, { ...look, state: { ...look.state, member: null } }));
      setText(axis, place.words);
      const own = [spread.whole, ...spread.each];
      rows.forEach((one, i) => one.render(named(page, own[i]), place.at(own[i]), member));
    },
  };
}

/**
 * A button that shows a member, or all together: its place on the axis, and its prediction.
 * @param {Page} page
 * @param {number | null} member
 */
function row(page, member) {
  const { t } = page;
  const mark = h("span", { class: member === null ? "mark whole" : "mark" });
  const value = h("span", { class: "value" });
  const button = h(
    "button",
    {
      type: "button",
      "data-testid": `member-${member ?? "all"}`,
      onclick: () => page.showMember(member),
    },
    h("span", {}, member === null ? t("members.all") : t("members.name", { member })),
    h("span", { class: "axis", "aria-hidden": "true" }, mark),
    value,
  );
  return {
    element: h("li", {}, button),
    /** @param {string} text @param {number} share @param {number | null} shown */
    render(text, share, shown) {
      setText(value, text);
      mark.style.left = `${(100 * share).toFixed(2)}%`;
      set(button, { "aria-pressed": String(shown === member) });
    },
  };
}

/**
 * Return the axis on which predictions are shown: the probability of the answer, or the values
 * between the least and the greatest; of several values the first.
 * @param {Page} page
 * @param {Spread} spread
 * @returns {{words: string, at: (y: Float64Array) => number}} `at` is between 0 and 1
 */
function scale({ t, whole, facts }, { whole: y, each }) {
  if (whole.classifies) {
    const chosen = whole.choose(y);
    const label = whole.label(chosen);
    const words = t(whole.matches ? "members.axis.match" : "members.axis", { label });
    return { words, at: (own) => whole.shares(own)[chosen] };
  }
  const values = [y, ...each].map(([first]) => first);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const name = facts.target.split(", ")[0] || t("answer.values");
  const words = t("members.axis.values", { name, low: number(low), high: number(high) });
  return { words, at: ([first]) => (high > low ? (first - low) / (high - low) : 0.5) };
}

/**
 * Return the least and the greatest that a member gives to the answer, or predicts.
 * @param {Page} page
 * @param {Spread} spread
 */
function endsOf({ whole }, { whole: y, each }) {
  if (!whole.classifies) {
    const firsts = Array.from(y.keys(), (k) => each.map((own) => own[k]));
    return [Math.min, Math.max].map((end) => firsts.map((own) => number(end(...own))).join(", "));
  }
  const chosen = whole.choose(y);
  const shares = each.map((own) => whole.shares(own)[chosen]);
  const form = whole.matches ? short : percent;
  return [form(Math.min(...shares)), form(Math.max(...shares))];
}

/** Return a prediction in words. @param {Page} page @param {Float64Array} y */
function named({ whole }, y) {
  if (!whole.classifies) return Array.from(y, number).join(", ");
  const form = whole.matches ? short : percent;
  return `${whole.label(whole.choose(y))} ${form(whole.confidence(y))}`;
}
