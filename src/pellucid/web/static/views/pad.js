// The drawing: by mouse, pen, touch and keyboard; what centring does to it; other pictures.

import { h, s, set, setText } from "../dom.js";
import { middle } from "../picture/digit.js";
import { stroke } from "../picture/brush.js";
import { concealed, redoStep, undoStep } from "../state.js";
import { loading } from "./load.js";
import { canvas, paintGrey } from "./pixels.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 */

/** @param {Page} page @returns {View} */
export function pad(page) {
  const shape = /** @type {number[]} */ (page.facts.shape);
  const [height, width] = shape;
  const { t, store } = page;
  const surface = canvas(shape, {
    "data-testid": "drawing",
    class: "surface",
    tabindex: 0,
    role: "application",
    "aria-label": t("pad.label", { height, width }),
    "aria-describedby": "pad-cursor",
  });
  const guides = s("svg", {
    class: "guides",
    viewBox: `0 0 ${width} ${height}`,
    "aria-hidden": "true",
  });
  const cursor = s("rect", { class: "cursor", width: 1, height: 1, x: 14, y: 14 });
  const box = s("rect", { class: "box" });
  const mass = s("path", { class: "mass", d: "M-1 0H1M0 -1V1" });
  guides.append(box, mass, cursor);
  const invite = h("span", { class: "invite", "aria-hidden": "true" }, t("pad.invite"));
  const position = h("span", { id: "pad-cursor", class: "unseen", "aria-live": "polite" });
  const source = h("p", { class: "source" });

  const ink = new Ink(page, shape);
  drawByPointer(surface, ink);
  drawByKeyboard(surface, ink, cursor, (row, column, value) =>
    setText(position, t("pad.cursor", { row: row + 1, column: column + 1, value })),
  );

  const erase = h(
    "button",
    { type: "button", "aria-pressed": "false", onclick: () => (ink.erasing = !ink.erasing) },
    t("pad.erase"),
  );
  ink.onerasing = (erasing) => set(erase, { "aria-pressed": String(erasing) });
  const undo = h(
    "button",
    { type: "button", onclick: () => store.set(undoStep(store.state)) },
    t("pad.undo"),
  );
  const redo = h(
    "button",
    { type: "button", onclick: () => store.set(redoStep(store.state)) },
    t("pad.redo"),
  );
  const clear = h(
    "button",
    { type: "button", "data-testid": "clear", onclick: () => ink.clear() },
    t("pad.clear"),
  );

  const dimmer = brightness(page, "brightness");
  const centring = h("input", {
    id: "centring",
    type: "checkbox",
    role: "switch",
    onchange: (/** @type {any} */ event) => store.set({ centring: event.target.checked }),
  });
  const centres = height === 28 && width === 28;

  const element = h(
    "section",
    { id: "drawing", tabindex: -1, class: "card pad", "aria-labelledby": "pad-title" },
    h("h2", { id: "pad-title" }, t(centres ? "pad.title" : "pad.title.picture")),
    h(
      "div",
      { class: "board" },
      surface,
      guides,
      invite,
      h("p", { class: "keys note" }, t("pad.keys")),
    ),
    position,
    source,
    h("div", { class: "tools", "data-control": "draw" }, clear, undo, redo, erase),
    folding(
      t("pad.more"),
      dimmer.element,
      centres
        ? h(
            "div",
            { class: "setting", "data-control": "settings" },
            h("label", { for: "centring", title: t("pad.centring.help") }, t("pad.centring")),
            centring,
          )
        : null,
      loading(page),
    ),
  );

  return {
    element,
    render(look, before) {
      const { state, box: found, empty } = look;
      dimmer.render(look);
      const hides = concealed(state);
      const other = state.input !== before?.state.input;
      if (other) paintGrey(surface, state.input.values);
      if (other || hides !== (before && concealed(before.state))) {
        const { kind, index = 0, label = 0, example } = state.input.source;
        const sentences = {
          drawn: "",
          test: hides
            ? t("load.digit.unknown", { index })
            : t(example ? "load.example" : "load.digit", { index, label }),
          missing: t(page.facts.server ? "load.missing.server" : "load.missing", {
            index,
            count: page.digits.length,
          }),
          noise: t("load.noise.source"),
          image: t("load.image.source"),
        };
        setText(source, sentences[kind]);
      }
      invite.hidden = !empty;
      if (found !== before?.box) guide(box, mass, found, state.input.values, shape);
      undo.disabled = !state.past.length;
      redo.disabled = !state.future.length;
      centring.checked = state.centring;
    },
  };
}

/**
 * The brightness of the picture.
 * @param {Page} page
 * @param {string} id
 * @returns {import("./detail.js").Part}
 */
export function brightness({ t, store }, id) {
  const slider = h("input", {
    id,
    type: "range",
    min: 5,
    max: 100,
    step: 5,
    oninput: () => store.set({ brightness: slider.valueAsNumber }),
  });
  const level = h("output", { for: id });
  const label = h("label", { for: id }, t("pad.brightness"));
  return {
    element: h("div", { class: "setting", "data-control": "settings" }, label, slider, level),
    render({ state }) {
      slider.value = String(state.brightness);
      setText(level, `${state.brightness} %`);
    },
  };
}

/**
 * What is folded away where there is little room.
 * @param {string} title
 * @param {...(Node | null)} children
 */
function folding(title, ...children) {
  const wide = matchMedia("(min-width: 900px) and (min-height: 860px)");
  const element = h(
    "details",
    { class: "more", open: wide.matches },
    h("summary", {}, title),
    ...children,
  );
  wide.addEventListener("change", () => (element.open = wide.matches));
  return element;
}

/**
 * Show the box around the ink and its centre of mass.
 * @param {SVGElement} box
 * @param {SVGElement} mass
 * @param {{top: number, left: number, bottom: number, right: number} | null} found
 * @param {ArrayLike<number>} values
 * @param {number[]} shape
 */
function guide(box, mass, found, values, [height, width]) {
  set(box, { visibility: found ? "visible" : "hidden" });
  set(mass, { visibility: found ? "visible" : "hidden" });
  if (!found) return;
  const { top, left, bottom, right } = found;
  set(box, { x: left, y: top, width: right - left, height: bottom - top });
  const [row, column] = middle({ height, width, data: Float64Array.from(values) });
  set(mass, { transform: `translate(${column + 0.5} ${row + 0.5})` });
}

/** The pixels under the pen: one entry of the past for each stroke, however many points it has. */
class Ink {
  /** @param {Page} page @param {number[]} shape */
  constructor(page, shape) {
    this.page = page;
    this.shape = shape;
    this.erases = false;
    this.onerasing = (/** @type {boolean} */ _) => {};
  }

  get erasing() {
    return this.erases;
  }

  set erasing(erasing) {
    this.erases = erasing;
    this.onerasing(erasing);
  }

  /**
   * @param {{x: number, y: number}} from
   * @param {{x: number, y: number}} to
   * @param {{begins: boolean, erase?: boolean}} how
   */
  line(from, to, { begins, erase = this.erases }) {
    const { store } = this.page;
    const { values, source } = store.state.input;
    const pixels =
      // the example makes room for a drawing
      source.example && begins ? new Uint8Array(values.length) : Uint8Array.from(values);
    stroke(pixels, this.shape, from, to, erase);
    const input = { values: pixels, source: { kind: /** @type {const} */ ("drawn") } };
    if (begins) this.page.setInput(pixels, input.source);
    else store.set({ input });
  }

  clear() {
    const { values } = this.page.store.state.input;
    if (Array.prototype.some.call(values, (value) => value))
      this.page.setInput(new Uint8Array(values.length), { kind: "drawn" });
    this.erasing = false;
  }
}

/** @param {HTMLCanvasElement} surface @param {Ink} ink */
function drawByPointer(surface, ink) {
  /** @type {Map<number, {x: number, y: number}>} */
  const last = new Map(); // several fingers draw at once
  /** @param {PointerEvent} event */
  const place = (event) => {
    const area = surface.getBoundingClientRect();
    return {
      x: ((event.clientX - area.left) / area.width) * surface.width,
      y: ((event.clientY - area.top) / area.height) * surface.height,
    };
  };
  // The other end of a pen, and the right button, erase.
  const erases = (/** @type {PointerEvent} */ event) =>
    ink.erasing || (event.buttons & (32 | 2)) !== 0;
  surface.addEventListener("pointerdown", (event) => {
    surface.setPointerCapture(event.pointerId);
    const here = place(event);
    ink.page.drawing = true;
    ink.page.onstroke(true);
    ink.line(here, here, { begins: true, erase: erases(event) });
    last.set(event.pointerId, here);
  });
  surface.addEventListener("pointermove", (event) => {
    const between = event.getCoalescedEvents?.() ?? [];
    for (const point of between.length ? between : [event]) {
      const before = last.get(event.pointerId);
      if (!before) return;
      const here = place(point);
      ink.line(before, here, { begins: false, erase: erases(event) });
      last.set(event.pointerId, here);
    }
  });
  for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
    surface.addEventListener(end, (event) => {
      const ended = last.delete(event.pointerId) && !last.size;
      ink.page.drawing = last.size > 0;
      if (ended) ink.page.onstroke(false);
    });
  }
  surface.addEventListener("contextmenu", (event) => event.preventDefault());
}

/** @type {Record<string, number[]>} */
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * @param {HTMLCanvasElement} surface
 * @param {Ink} ink
 * @param {SVGElement} cursor
 * @param {(row: number, column: number, value: number) => void} tell
 */
function drawByKeyboard(surface, ink, cursor, tell) {
  const [height, width] = ink.shape;
  let [row, column] = [Math.floor(height / 2), Math.floor(width / 2)];
  const here = () => ({ x: column + 0.5, y: row + 0.5 });
  surface.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    const { store } = ink.page;
    if (arrow) {
      const before = here();
      row = Math.min(Math.max(row + arrow[0], 0), height - 1);
      column = Math.min(Math.max(column + arrow[1], 0), width - 1);
      set(cursor, { x: column, y: row });
      if (event.shiftKey) ink.line(before, here(), { begins: true });
    } else if (event.key === " ") ink.line(here(), here(), { begins: true });
    else if (event.key === "e") ink.erasing = !ink.erasing;
    else if (event.key === "Delete" || event.key === "Backspace") ink.clear();
    else if (event.key === "z" && (event.ctrlKey || event.metaKey))
      store.set(event.shiftKey ? redoStep(store.state) : undoStep(store.state));
    else return;
    event.preventDefault();
    tell(row, column, store.state.input.values[row * width + column]);
  });
}
