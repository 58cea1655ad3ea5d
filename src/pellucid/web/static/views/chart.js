// A chart of lines: each by colour and pattern, with its name below.

import { h, s, set } from "../dom.js";

/** @typedef {{name: string, kind: "first" | "second", points: [number, number][]}} Line */

const [WIDTH, HEIGHT, LEFT, EDGE, FOOT] = [340, 170, 40, 8, 20];

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
     * @param {{right?: number, mark?: number, told?: string}} [more] where x ends, and where a line marks the place
     */
    render(lines, [low, high], { right: end, mark, told } = {}) {
      const xs = lines.flatMap(({ points }) => points.map(([x]) => x));
      const [from, right] = [Math.min(0, ...xs), end ?? Math.max(1, ...xs)];
      const X = (/** @type {number} */ x) => LEFT + ((x - from) / (right - from)) * (WIDTH - LEFT - EDGE);
      const Y = (/** @type {number} */ y) =>
        HEIGHT - FOOT - ((Math.min(y, high) - low) / (high - low)) * (HEIGHT - FOOT - EDGE);
      const tick = (/** @type {string} */ text, /** @type {Record<string, any>} */ place) =>
        s("text", { class: "tick", ...place }, text);
      svg.replaceChildren(
        s("path", { class: "axes", d: `M${LEFT} ${EDGE}V${HEIGHT - FOOT}H${WIDTH - EDGE}` }),
        tick(form(high), { x: LEFT - 5, y: EDGE + 8, "text-anchor": "end" }),
        tick(form(low), { x: LEFT - 5, y: HEIGHT - FOOT, "text-anchor": "end" }),
        tick(String(from), { x: LEFT, y: HEIGHT - 4 }),
        tick(String(right), { x: WIDTH - EDGE, y: HEIGHT - 4, "text-anchor": "end" }),
        ...(mark === undefined
          ? []
          : [s("path", { class: "guide", d: `M${X(mark).toFixed(1)} ${EDGE}V${HEIGHT - FOOT}` })]),
        ...lines.map(({ kind, points }) =>
          s("path", {
            class: `curve ${kind}`,
            d: points.map(([x, y], i) => `${i ? "L" : "M"}${X(x).toFixed(1)} ${Y(y).toFixed(1)}`).join(""),
          }),
        ),
        ...lines.flatMap(({ kind, points }) =>
          points.length > 12
            ? []
            : points.map(([x, y]) =>
                s("circle", { class: `dot ${kind}`, cx: X(x).toFixed(1), cy: Y(y).toFixed(1), r: 3 }),
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
