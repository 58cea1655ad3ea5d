// A chart of lines: each by colour and pattern, with its name below.

import { h, s, set } from "../dom.js";

/**
 * @typedef {{name: string, kind: "first" | "second", points: [number, number][]}} Line
 *
 * @typedef {object} Options
 * @property {number} [right] where x ends
 * @property {number} [mark] the x of a vertical line
 * @property {string} [description] for screen readers, instead of the last values
 * @property {boolean} [whole] whether x counts, so that its axis needs no fractions
 * @property {{at: number, name: string}} [level] a horizontal line with a name, to compare with
 */

const [USUAL, HEIGHT, LEFT, EDGE, FOOT] = [340, 170, 40, 14, 20]; // pixels
const MOST_TICKS = 5; // on an axis, beside its beginning
const MOST_DOTS = 12; // points of a line that each get a dot

/**
 * Return round numbers from low to high.
 * @param {number} low
 * @param {number} high
 * @param {number} [least] between two
 * @param {number} [most] beside the first
 */
function ticks(low, high, least = 0, most = MOST_TICKS) {
  const size = 10 ** Math.floor(Math.log10((high - low) / most));
  const step = [1, 2, 5, 10]
    .map((n) => n * size)
    .find((step) => step >= least && step * most >= high - low);
  const apart = step ?? least;
  const first = Math.ceil(low / apart - 1e-9); // rounding must not drop a tick at an end
  return Array.from(
    { length: Math.floor(high / apart + 1e-9) - first + 1 },
    (_, i) => +((first + i) * apart).toPrecision(9),
  );
}

/**
 * @param {string} title
 * @param {(value: number) => string} form formats values
 * @param {(value: number) => string} [tick] formats those at the axis, which are round
 * @param {number} [height] pixels
 */
export function chart(title, form, tick = form, height = HEIGHT) {
  const box = `0 0 ${USUAL} ${height}`;
  const svg = s("svg", { class: "plot", viewBox: box, height, role: "img" });
  const names = h("p", { class: "legend" });
  let width = USUAL;
  let again = () => {};
  // as wide as it is shown, so that its letters are as large as any others
  new ResizeObserver(() => {
    if (!svg.clientWidth || svg.clientWidth === width) return;
    width = svg.clientWidth;
    again();
  }).observe(svg);
  return {
    element: h("figure", { class: "chart" }, h("h3", {}, title), svg, names),
    /**
     * @param {Line[]} lines
     * @param {[number, number] | null} range of values; null where none is known yet
     * @param {Options} [options]
     */
    render(lines, range, options = {}) {
      again = () => this.render(lines, range, options);
      const scale = scales(lines, range ?? [0, 1], options, { width, height });
      set(svg, { viewBox: `0 0 ${width} ${height}` });
      svg.replaceChildren(
        ...axes(scale, range, tick, options),
        ...lines.map((line) => curve(line, scale)),
        ...lines.flatMap((line) => dots(line, scale)),
      );
      const last = lines.flatMap(({ name, points }) =>
        points.length ? [`${name}: ${form(points[points.length - 1][1])}`] : [],
      );
      set(svg, { "aria-label": `${title}. ${options.description ?? last.join(", ")}` });
      names.replaceChildren(...lines.map(legend));
    },
  };
}

/**
 * @typedef {{from: number, right: number, X: (x: number) => number, Y: (y: number) => number, width:
 *   number, height: number}} Scale
 * @param {Line[]} lines
 * @param {[number, number]} range
 * @param {Options} options
 * @param {{width: number, height: number}} size
 * @returns {Scale}
 */
function scales(lines, [low, high], { right: end }, { width, height }) {
  const xs = lines.flatMap(({ points }) => points.map(([x]) => x));
  const [from, right] = [Math.min(0, ...xs), end ?? Math.max(1, ...xs)];
  return {
    from,
    right,
    X: (x) => LEFT + ((x - from) / (right - from)) * (width - LEFT - EDGE),
    Y: (y) => height - FOOT - ((Math.min(y, high) - low) / (high - low)) * (height - FOOT - EDGE),
    width,
    height,
  };
}

/**
 * @param {Scale} scale
 * @param {[number, number] | null} range
 * @param {(value: number) => string} form
 * @param {Options} options
 */
function axes({ from, right, X, Y, width, height }, range, form, { mark, whole, level }) {
  const tick = (/** @type {string} */ text, /** @type {Record<string, any>} */ place) =>
    s("text", { class: "tick", ...place }, text);
  const guide = (/** @type {number} */ x) =>
    s("path", { class: "guide", d: `M${X(x).toFixed(1)} ${EDGE}V${height - FOOT}` });
  return [
    s("path", { class: "axes", d: `M${LEFT} ${EDGE}V${height - FOOT}H${width - EDGE}` }),
    ...(range ? ticks(...range, 0, Math.max(2, Math.round(height / 34))) : []).flatMap((y) => [
      s("path", { class: "grid", d: `M${LEFT} ${Y(y).toFixed(1)}H${width - EDGE}` }),
      tick(form(y), { x: LEFT - 5, y: Y(y) + 4, "text-anchor": "end" }),
    ]),
    ...ticks(from, right, whole ? 1 : 0).map((x) =>
      tick(String(x), { x: X(x), y: height - 4, "text-anchor": "middle" }),
    ),
    ...(mark === undefined ? [] : [guide(mark)]),
    ...(level
      ? [
          s("path", { class: "guide", d: `M${LEFT} ${Y(level.at).toFixed(1)}H${width - EDGE}` }),
          tick(level.name, { x: width - EDGE, y: Y(level.at) - 4, "text-anchor": "end" }),
        ]
      : []),
  ];
}

/** @param {Line} line @param {Scale} scale */
function curve({ kind, points }, { X, Y }) {
  const d = points.map(([x, y], i) => `${i ? "L" : "M"}${X(x).toFixed(1)} ${Y(y).toFixed(1)}`);
  return s("path", { class: `curve ${kind}`, d: d.join("") });
}

/** @param {Line} line @param {Scale} scale */
function dots({ kind, points }, { X, Y }) {
  if (points.length > MOST_DOTS) return [];
  return points.map(([x, y]) =>
    s("circle", { class: `dot ${kind}`, cx: X(x).toFixed(1), cy: Y(y).toFixed(1), r: 3 }),
  );
}

/** @param {Line} line */
function legend({ name, kind }) {
  const sample = s(
    "svg",
    { class: "sample", viewBox: "0 0 28 10", "aria-hidden": "true" },
    s("path", { class: `curve ${kind}`, d: "M1 5H27" }),
  );
  return h("span", {}, sample, name);
}
