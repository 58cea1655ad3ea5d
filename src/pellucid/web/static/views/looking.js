// Single pixels: a picture as numbers, and one pixel times its weight.

import { h, s, set, setText } from "../dom.js";
import { number } from "../format.js";
import { terms } from "./neuron.js";
import { canvas, fullColour, paintGrey, paintSigned } from "./pixels.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../state.js").Neuron} Neuron
 * @typedef {import("./detail.js").Part} Part
 */

const SIDE = 7; // numbers in a row of the piece
const BLACK = 0.46; // brightness of a pixel from which black is easier to read on it than white
/** @type {Record<string, number[]>} */
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * A picture with a frame that pointer and arrow keys move.
 * @param {Page} page
 * @param {HTMLCanvasElement} picture
 * @param {number} side of the frame, in pixels
 * @param {number[]} from row and column of the frame's middle
 * @param {() => void} moved
 */
function framed(page, picture, side, from, moved) {
  const [height, width] = /** @type {number[]} */ (page.facts.shape);
  const half = (side - 1) / 2;
  let [row, column] = from;
  const frame = s("rect", { class: "frame", width: side, height: side });
  const board = h(
    "div",
    { class: "board", tabindex: 0, role: "application", "aria-label": page.t("looking.board") },
    picture,
    s("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, frame),
  );
  const move = (/** @type {number} */ toRow, /** @type {number} */ toColumn) => {
    row = Math.min(Math.max(toRow, half), height - 1 - half);
    column = Math.min(Math.max(toColumn, half), width - 1 - half);
    set(frame, { x: column - half, y: row - half });
    moved();
  };
  const point = (/** @type {PointerEvent} */ event) => {
    if (event.type === "pointermove" && !event.buttons && event.pointerType !== "mouse") return;
    const area = board.getBoundingClientRect();
    move(
      Math.floor(((event.clientY - area.top) / area.height) * height),
      Math.floor(((event.clientX - area.left) / area.width) * width),
    );
  };
  board.addEventListener("pointerdown", point);
  board.addEventListener("pointermove", point);
  board.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    move(row + arrow[0], column + arrow[1]);
  });
  set(frame, { x: column - half, y: row - half });
  return { board, frame, place: () => [row, column] };
}

/** A piece of the picture as numbers. @param {Page} page @returns {Part} */
export function pixelNumbers(page) {
  const shape = /** @type {number[]} */ (page.facts.shape);
  const picture = canvas(shape);
  const cells = Array.from({ length: SIDE * SIDE }, () => h("span"));
  const numbers = h("div", { class: "numbers", role: "img" }, ...cells);
  const place = h("p", { class: "note", "aria-live": "polite" });
  const half = (SIDE - 1) / 2;
  const write = () => {
    const look = page.look();
    const inputs = activationsOf(look);
    const [row, column] = here.place();
    cells.forEach((cell, i) => {
      const [dy, dx] = [Math.floor(i / SIDE) - half, (i % SIDE) - half];
      const value = inputs[(row + dy) * shape[1] + column + dx];
      setText(cell, tenth(value));
      cell.style.setProperty("--grey", `${Math.round(100 * value)}%`);
      cell.classList.toggle("pale", value > BLACK);
    });
    const words = { row: row + 1, column: column + 1 };
    setText(
      place,
      page.t("looking.piece", { ...words, value: number(inputs[row * shape[1] + column]) }),
    );
    set(numbers, { "aria-label": place.textContent });
  };
  const here = framed(page, picture, SIDE, [8, 12], write);
  return {
    element: h("div", { class: "pixels" }, here.board, numbers, place),
    render(look) {
      paintGrey(picture, look.picture);
      write();
    },
  };
}

/** One pixel times its weight, on the neuron's weights. @param {Page} page @param {Neuron} neuron @returns {Part} */
export function weighing(page, neuron) {
  const shape = /** @type {number[]} */ (page.facts.shape);
  const picture = canvas(shape.map((side) => 2 * side));
  const [pixel, weight, product] = ["pixel", "weight", "product"].map((kind) =>
    h("data", { class: kind }),
  );
  const line = h(
    "dl",
    { class: "factors", "aria-live": "polite" },
    h("div", {}, h("dt", {}, page.t("looking.pixel")), h("dd", {}, pixel)),
    h("div", {}, h("dt", {}, `× ${page.t("looking.weight")}`), h("dd", {}, weight)),
    h("div", {}, h("dt", {}, `= ${page.t("looking.product")}`), h("dd", {}, product)),
  );
  /** @type {ArrayLike<number> | undefined} */
  let painted;
  const outline = s("path", { class: "outline" });
  const write = () => {
    const { weights, before, products } = terms(page.look(), neuron);
    const [row, column] = here.place();
    const at = row * shape[1] + column;
    for (const [element, value] of /** @type {const} */ ([
      [pixel, before[at]],
      [weight, weights[at]],
      [product, products[at]],
    ])) {
      setText(element, number(value));
      set(element, { value, "data-sign": String(Math.sign(value)) });
    }
  };
  const here = framed(page, picture, 1, strongest(page, neuron, shape[1]), write);
  here.frame.before(outline);
  return {
    element: h("div", { class: "weighing" }, here.board, line),
    render(look) {
      const { weights, before } = terms(look, neuron);
      set(outline, { d: edgeOf(before, shape) });
      if (painted?.length !== weights.length || weights.some((one, i) => one !== painted?.[i])) {
        paintSigned(picture, shape, weights, fullColour(weights));
        painted = weights;
      }
      write();
    },
  };
}

/** Return the edge of the ink as a path. @param {ArrayLike<number>} values @param {number[]} shape */
function edgeOf(values, [height, width]) {
  const ink = (/** @type {number} */ row, /** @type {number} */ column) =>
    row >= 0 && column >= 0 && column < width && values[row * width + column] > 0.5;
  let path = "";
  for (let row = 0; row <= height; row++)
    for (let column = 0; column <= width; column++) {
      if (ink(row, column) !== ink(row, column - 1)) path += `M${column} ${row}v1`;
      if (ink(row, column) !== ink(row - 1, column)) path += `M${column} ${row}h1`;
    }
  return path;
}

/** Return row and column of the largest positive product: a negative one answers the question. @param {Page} page @param {Neuron} neuron @param {number} width */
function strongest(page, neuron, width) {
  const { products } = terms(page.look(), neuron);
  const at = products.indexOf(Math.max(...products));
  return [Math.floor(at / width), at % width];
}

/** The values of the input neurons. @param {Look} look */
function activationsOf({ network, pass }) {
  return network.activations(pass, 0);
}

/** A value from 0 to 1 in the room of a cell. @param {number} value */
function tenth(value) {
  const text = value.toFixed(2);
  return Number(text) % 1 ? text.slice(1) : String(Number(text));
}
