// The network of the playground: a small picture of every neuron's field, and lines for weights.

import { h, s, set, setText } from "../../dom.js";
import { short } from "../../format.js";
import { SIDE } from "../../playground/trial.js";
import { layerName } from "../../texts.js";
import { largest, paintField } from "./palette.js";

/**
 * @typedef {import("../../page.js").Page} Page
 * @typedef {import("../../playground/session.js").Session} Session
 * @typedef {import("./palette.js").Palette} Palette
 * @typedef {{layer: number, index: number}} Neuron
 * @typedef {{layer: number, from: number, to: number}} Link
 * @typedef {{button: HTMLButtonElement, context: CanvasRenderingContext2D, value: HTMLElement,
 *   layer: number, index: number}} Tile
 */

const [LARGEST, SMALLEST, BELOW, CLOSE] = [52, 24, 16, 8]; // pixels

/**
 * Return the name of a neuron: x1 and x2 of the input, else its number.
 * @param {Page} page
 * @param {Session} session
 * @param {Neuron} neuron
 */
export function nameOf({ t }, session, { layer, index }) {
  if (!layer) return t("play.input", { number: index + 1 });
  const name = layerName(t, session.places[layer]);
  const alone = session.places[layer].last && session.places[layer].size === 1;
  return alone ? name : t("neuron.name", { layer: name, name: String(index) });
}

/**
 * @param {Page} page
 * @param {Session} session
 * @param {{choose: (neuron: Neuron, from?: number) => void, point: (share: [number, number]) =>
 *   void}} actions
 */
export function drawing(page, session, { choose, point }) {
  const svg = s("svg", { class: "play-links", "aria-hidden": "true" });
  const holder = h("div", { class: "tiles" });
  const told = h("output", { class: "note", "data-testid": "play-weight" });
  const element = h("div", { class: "play-network" }, svg, holder);
  const image = new ImageData(SIDE, SIDE);
  /** @type {Tile[]} */
  let tiles = [];
  /** @type {{path: SVGPathElement, link: Link, width: string, minus: boolean | null}[]} */
  let links = [];
  /** @type {(typeof links)[number] | null} */
  let near = null;
  let places = session.places;
  let [tile, gap] = [LARGEST, BELOW];

  function build() {
    places = session.places;
    tiles = places.flatMap(({ number, size }) =>
      Array.from({ length: size }, (_, index) => made({ layer: number, index })),
    );
    links = places.slice(1).flatMap(({ number, size }) =>
      Array.from({ length: size * places[number - 1].size }, (_, i) => ({
        path: s("path", { fill: "none" }),
        link: { layer: number, from: Math.floor(i / size), to: i % size },
        width: "",
        minus: null,
      })),
    );
    near = null;
    svg.replaceChildren(...links.map(({ path }) => path));
    holder.replaceChildren(...tiles.map(({ button }) => button));
    layout();
  }

  /** @param {Neuron} neuron @returns {Tile} */
  function made(neuron) {
    const { layer, index } = neuron;
    const canvas = h("canvas", { width: SIDE, height: SIDE });
    const value = h("span", { class: "value", "aria-hidden": "true" });
    const button = h(
      "button",
      {
        type: "button",
        class: "tile",
        "data-testid": `field-${layer}-${index}`,
        "aria-label": nameOf(page, session, neuron),
        "aria-pressed": "false",
        onclick: () => choose(neuron),
        onpointermove: (/** @type {PointerEvent} */ event) => {
          const box = canvas.getBoundingClientRect();
          point([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
        },
      },
      canvas,
      value,
    );
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    return { button, context, value, ...neuron };
  }

  /** Return the middle of a neuron. @param {number} layer @param {number} index */
  function middle(layer, index) {
    const { clientWidth: width } = element;
    const most = Math.max(...places.map(({ size }) => size));
    return {
      x: ((layer + 0.5) / places.length) * width,
      y: (most / 2 + index - (places[layer].size - 1) / 2) * (tile + gap) - gap / 2,
    };
  }

  function layout() {
    const width = element.clientWidth;
    if (!width) return;
    tile = Math.round(Math.max(SMALLEST, Math.min(LARGEST, (0.62 * width) / places.length)));
    gap = BELOW;
    const most = Math.max(...places.map(({ size }) => size));
    element.style.height = `${most * (tile + gap)}px`;
    element.style.setProperty("--tile", `${tile}px`);
    for (const { button, layer, index } of tiles) {
      const { x, y } = middle(layer, index);
      button.style.left = `${x - tile / 2}px`;
      button.style.top = `${y - tile / 2}px`;
    }
    for (const { path, link } of links) set(path, { d: way(link) });
  }

  /** @param {Link} link */
  function ends({ layer, from, to }) {
    const [a, b] = [middle(layer - 1, from), middle(layer, to)];
    return [a.x + tile / 2, a.y, b.x - tile / 2, b.y];
  }

  /** @param {Link} link */
  function way(link) {
    const [x, y, X, Y] = ends(link);
    const bend = (X - x) / 2;
    return `M${x} ${y}C${x + bend} ${y} ${X - bend} ${Y} ${X} ${Y}`;
  }

  /** @param {Link} link */
  function weightOf({ layer, from, to }) {
    return places[layer].affine?.arrays.W.data[from * places[layer].size + to] ?? 0;
  }

  /** The weight under the pointer; null where none is close. @param {PointerEvent} event */
  function closest(event) {
    const box = element.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    let [found, least] = [/** @type {typeof near} */ (null), CLOSE];
    for (const one of links) {
      const [x, y, X, Y] = ends(one.link);
      if (px < x || px > X) continue;
      const u = (px - x) / (X - x);
      const away = Math.abs(py - (y + (Y - y) * u * u * (3 - 2 * u))); // nearly the curve's height
      if (away < least) [found, least] = [one, away];
    }
    return found;
  }

  /** @param {typeof near} one */
  function show(one) {
    if (near !== one) {
      near?.path.classList.remove("near");
      one?.path.classList.add("near");
      near = one;
    }
    say();
  }

  function say() {
    const text = near
      ? page.t("play.weight", {
          from: nameOf(page, session, { layer: near.link.layer - 1, index: near.link.from }),
          to: nameOf(page, session, { layer: near.link.layer, index: near.link.to }),
          value: short(weightOf(near.link)),
        })
      : page.t("play.weight.none");
    setText(told, text);
  }

  element.addEventListener("pointermove", (event) => {
    const onTile = /** @type {Element} */ (event.target).closest(".tile");
    show(onTile ? null : closest(event));
  });
  element.addEventListener("pointerleave", () => show(null));
  element.addEventListener("click", () => {
    if (near) choose({ layer: near.link.layer, index: near.link.to }, near.link.from);
  });
  new ResizeObserver(layout).observe(element);
  build();
  say();

  return {
    element,
    told,
    /**
     * @param {Palette} palette
     * @param {{chosen: Neuron | null, painted: boolean, pass:
     *   import("../../network/network.js").Pass}} shown `painted` where fields have to be painted
     */
    draw(palette, { chosen, painted, pass }) {
      if (places !== session.places) {
        build();
        painted = true;
      }
      for (const { button, context, value, layer, index } of tiles) {
        if (painted) {
          const field = session.trial.field(layer, index);
          const [scale, zero] = scaleOf(session, layer, field);
          paintField(context, image, field, palette, scale, zero);
        }
        setText(value, short(session.network.activations(pass, layer)[index]));
        set(button, { "aria-pressed": chosen?.layer === layer && chosen.index === index });
      }
      for (const one of links) {
        const weight = weightOf(one.link);
        const width = Math.min(7, 0.5 + 1.6 * Math.abs(weight)).toFixed(1);
        const minus = weight < 0;
        if (width !== one.width) one.path.style.strokeWidth = one.width = width;
        if (minus !== one.minus) {
          set(one.path, { class: `link ${minus ? "minus" : "plus"}` });
          if (one === near) one.path.classList.add("near");
          one.minus = minus;
        }
      }
      if (near) say();
    },
  };
}

/**
 * Return the value of the strongest colour, and that without one: of probabilities 1 and 0.5.
 * @param {Session} session
 * @param {number} L
 * @param {{values: Float64Array, first: number, stride: number}} field
 */
function scaleOf(session, L, field) {
  const { last, activation } = session.places[L];
  if (last && activation && ["Sigmoid", "Softmax"].includes(activation.type)) return [0.5, 0.5];
  return [largest(field), 0];
}
