// The prediction over the plane, with the border between the classes and the points.

import { h, setText } from "../../dom.js";
import { number, percent } from "../../format.js";
import { SIDE } from "../../playground/trial.js";
import { paintField } from "./palette.js";

/**
 * @typedef {import("../../page.js").Page} Page
 * @typedef {import("../../playground/session.js").Session} Session
 * @typedef {import("./palette.js").Palette} Palette
 * @typedef {[number, number]} Place
 */

const SIZE = 600; // pixels of the canvas of points
const [DOT, STEPS, LEAP] = [8, 40, 5];

/**
 * @param {Page} page
 * @param {Session} session
 * @param {{point: (share: Place) => void, add: (k: number | null) => void, remove: () => void}}
 *   actions `add` of class null takes the chosen class
 */
export function surface({ t }, session, { point, add, remove }) {
  const [below, above] = [SIDE, SIZE].map((side) => h("canvas", { width: side, height: side }));
  const [ground, context] = [below, above].map(
    (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")),
  );
  const frame = h(
    "div",
    {
      id: "drawing", // where the page's skip link leads
      class: "play-surface",
      role: "application",
      tabindex: 0,
      "data-testid": "surface",
      "aria-label": t("play.surface"),
      "aria-describedby": "surface-keys",
    },
    below,
    above,
  );
  const where = h("output", { "data-testid": "cursor" });
  const spoken = h("p", { class: "unseen", role: "status" });
  const keys = h("p", { class: "note", id: "surface-keys" }, t("play.surface.keys"));
  const image = new ImageData(SIDE, SIDE);

  /** @param {PointerEvent | MouseEvent} event @returns {Place} */
  const shareOf = (event) => {
    const box = frame.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  frame.addEventListener("pointermove", (event) => point(shareOf(event)));
  frame.addEventListener("click", (event) => {
    point(shareOf(event));
    add(event.shiftKey ? 1 : null);
  });
  frame.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const by = /** @type {Record<string, number[]>} */ (move)[event.key];
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (modified) return;
    if (by) {
      const step = (event.shiftKey ? LEAP : 1) / STEPS;
      const [u, v] = shareAt(session.view, session.cursor);
      point([clamped(u + by[0] * step), clamped(v + by[1] * step)]);
    } else if (event.key === "0" || event.key === "1") add(Number(event.key));
    else if (event.key === "Enter" || event.key === " ") add(null);
    else if (event.key === "Delete" || event.key === "Backspace") remove();
    else return;
    event.preventDefault();
    setText(spoken, sentence());
  });

  function sentence() {
    const [x, y] = session.cursor;
    const p = session.trial.probability(session.cursor);
    const [a, b] = [number(x), number(y)];
    if (!Number.isFinite(p)) return t("play.cursor.none", { x: a, y: b });
    const k = Number(p >= 0.5);
    return t("play.cursor", { x: a, y: b, label: k, share: percent(k ? p : 1 - p) });
  }

  /** Draw the line where both classes are equally likely. @param {Float64Array} p */
  function border(p) {
    const high = (/** @type {number} */ row, /** @type {number} */ column) =>
      p[row * SIDE + column] - 0.5;
    /** Add where the line cuts the square between four points. @param {number} row @param {number} column */
    const cut = (row, column) => {
      const ring = [
        [row, column],
        [row, column + 1],
        [row + 1, column + 1],
        [row + 1, column],
      ];
      /** @type {Place[]} */
      const crossed = [];
      for (let i = 0; i < 4; i++) {
        const [[r, c], [R, C]] = [ring[i], ring[(i + 1) % 4]];
        const [from, to] = [high(r, c), high(R, C)];
        if (from >= 0 === to >= 0) continue;
        const u = from / (from - to);
        const scale = SIZE / SIDE;
        crossed.push([(c + u * (C - c) + 0.5) * scale, (r + u * (R - r) + 0.5) * scale]);
      }
      for (let i = 0; i + 1 < crossed.length; i += 2) {
        context.moveTo(...crossed[i]);
        context.lineTo(...crossed[i + 1]);
      }
    };
    context.beginPath();
    for (let row = 0; row < SIDE - 1; row++)
      for (let column = 0; column < SIDE - 1; column++) {
        const i = row * SIDE + column;
        const class1 = p[i] >= 0.5;
        const same =
          p[i + 1] >= 0.5 === class1 &&
          p[i + SIDE] >= 0.5 === class1 &&
          p[i + SIDE + 1] >= 0.5 === class1;
        if (!same) cut(row, column);
      }
    context.stroke();
  }

  /** @param {Palette} palette */
  function dots({ ink, ground, plus, minus }) {
    for (const [samples, held] of /** @type {const} */ ([
      [session.trial.training, false],
      [session.trial.held, true],
    ]))
      samples?.t.forEach((k, i) => {
        const [u, v] = shareAt(session.view, [samples.x[2 * i], samples.x[2 * i + 1]]);
        const [x, y] = [u * SIZE, v * SIZE];
        context.beginPath();
        if (k) context.rect(x - DOT * 0.8, y - DOT * 0.8, 1.6 * DOT, 1.6 * DOT);
        else context.arc(x, y, DOT, 0, 2 * Math.PI);
        const colour = k ? plus : minus;
        context.fillStyle = held ? ground : colour;
        context.strokeStyle = held ? colour : ground;
        context.lineWidth = held ? 3.5 : 2;
        context.fill();
        context.stroke();
      });
    const [u, v] = shareAt(session.view, session.cursor);
    context.strokeStyle = ink;
    context.lineWidth = 2;
    context.beginPath();
    for (const [du, dv] of [
      [14, 0],
      [0, 14],
    ]) {
      context.moveTo(u * SIZE - du, v * SIZE - dv);
      context.lineTo(u * SIZE + du, v * SIZE + dv);
    }
    context.stroke();
  }

  return {
    element: h("div", {}, frame, h("p", { class: "line" }, where), keys, spoken),
    /** @param {Palette} palette @param {boolean} painted whether the field has changed */
    draw(palette, painted) {
      const { p } = session.trial;
      const field = { values: p, first: 0, stride: 1 };
      if (painted) paintField(ground, image, field, palette, 0.5, 0.5);
      context.clearRect(0, 0, SIZE, SIZE);
      context.strokeStyle = palette.ink;
      context.lineWidth = 3;
      border(p);
      dots(palette);
      setText(where, sentence());
    },
  };
}

/** Return where a place is within the view, from the upper left, 0 to 1. @param {number[]} view @param {Place} place @returns {Place} */
function shareAt([cx, cy, half], [x, y]) {
  return [(x - cx) / (2 * half) + 0.5, 0.5 - (y - cy) / (2 * half)];
}

/** Return the place at a share of the view. @param {number[]} view @param {Place} share @returns {Place} */
export function placeAt([cx, cy, half], [u, v]) {
  return [cx + (2 * u - 1) * half, cy + (1 - 2 * v) * half];
}

/** @param {number} share */
function clamped(share) {
  return Math.min(Math.max(share, 0), 1);
}
