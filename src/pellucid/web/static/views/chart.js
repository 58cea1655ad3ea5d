// A chart of lines: each by colour and pattern, with its name below.

import { h, s, set } from "../dom.js";

/** @typedef {{name: string, kind: "first" | "second", points: [number, number][]}} Line */

const [WIDTH, HEIGHT, LEFT, EDGE, FOOT] = [340, 170, 40, 14, 20];
const MARKS = 5; // on an axis, at most, beside its beginning

/** Round numbers from low to high. @param {number} low @param {number} high @param {number} [least] between two */
function marks(low, high, least = 0) {
  const size = 10 ** Math.floor(Math.log10((high - low) / MARKS));
  const step = [1, 2, 5, 10]
    .map((n) => n * size)
    .find((step) => step >= least && step * MARKS >= high - low);
  const apart = step ?? least;
  const first = Math.ceil(low / apart - 1e-9);
  return Array.from(
    { length: Math.floor(high / apart + 1e-9) - first + 1 },
    (_, i) => +((first + i) * apart).toPrecision(9),
  );
}

/**
 * @param {string} title
 * @param {(value: number) => string} form how values are written
 */
export function chart(title, form) {
  const svg = s("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const names = h("p", { class: "legend" });
  return {
    element: h("figure", { class: "chart" }, h("h3", {}, title), svg, names),
    /**
     * @param {Line[]} lines
     * @param {[number, number]} range of values
     * @param {{right?: number, mark?: number, told?: string, whole?: boolean}} [more] where x ends, where a line marks the
     *   place, and whether x counts
     */
    render(lines, [low, high], { right: end, mark, told, whole } = {}) {
      const xs = lines.flatMap(({ points }) => points.map(([x]) => x));
      const [from, right] = [Math.min(0, ...xs), end ?? Math.max(1, ...xs)];
      const X = (/** @type {number} */ x) =>
        LEFT + ((x - from) / (right - from)) * (WIDTH - LEFT - EDGE);
      const Y = (/** @type {number} */ y) =>
        HEIGHT - FOOT - ((Math.min(y, high) - low) / (high - low)) * (HEIGHT - FOOT - EDGE);
      const tick = (/** @type {string} */ text, /** @type {Record<string, any>} */ place) =>
        s("text", { class: "tick", ...place }, text);
      svg.replaceChildren(
        s("path", { class: "axes", d: `M${LEFT} ${EDGE}V${HEIGHT - FOOT}H${WIDTH - EDGE}` }),
        ...marks(low, high).flatMap((y) => [
          s("path", { class: "grid", d: `M${LEFT} ${Y(y).toFixed(1)}H${WIDTH - EDGE}` }),
          tick(form(y), { x: LEFT - 5, y: Y(y) + 4, "text-anchor": "end" }),
        ]),
        ...marks(from, right, whole ? 1 : 0).map((x) =>
          tick(String(x), { x: X(x), y: HEIGHT - 4, "text-anchor": "middle" }),
        ),
        ...(mark === undefined
          ? []
          : [s("path", { class: "guide", d: `M${X(mark).toFixed(1)} ${EDGE}V${HEIGHT - FOOT}` })]),
        ...lines.map(({ kind, points }) =>
          s("path", {
            class: `curve ${kind}`,
            d: points
              .map(([x, y], i) => `${i ? "L" : "M"}${X(x).toFixed(1)} ${Y(y).toFixed(1)}`)
              .join(""),
          }),
        ),
        ...lines.flatMap(({ kind, points }) =>
          points.length > 12
            ? []
            : points.map(([x, y]) =>
                s("circle", {
                  class: `dot ${kind}`,
                  cx: X(x).toFixed(1),
                  cy: Y(y).toFixed(1),
                  r: 3,
                }),
              ),
        ),
      );
      const last = lines.flatMap(({ name, points }) =>
        points.length ? [`${name}: ${form(points[points.length - 1][1])}`] : [],
      );
      set(svg, { "aria-label": `${title}. ${told ?? last.join(", ")}` });
      names.replaceChildren(
        ...lines.map(({ name, kind }) =>
          h(
            "span",
            {},
            s(
              "svg",
              { class: "sample", viewBox: "0 0 28 10", "aria-hidden": "true" },
              s("path", { class: `curve ${kind}`, d: "M1 5H27" }),
            ),
            name,
          ),
        ),
      );
    },
  };
}
