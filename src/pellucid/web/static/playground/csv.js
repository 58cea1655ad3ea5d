// Points from a CSV file or from pasted text: two columns of numbers, and a column of classes.

import { MOST_POINTS } from "./setup.js";

/**
 * @typedef {import("./setup.js").Point} Point
 * @typedef {{points: Point[], names: string[]} | {error: "columns" | "classes" | "rows" | "number",
 *   line?: number, count?: number}} Found `names` of the classes 0 and 1
 */

/**
 * Read points; the first line may hold names of columns. Of the two classes the one whose name
 * sorts first (as numbers, where both are) is class 0.
 * @param {string} text
 * @returns {Found}
 */
export function readPoints(text) {
  const rows = text
    .replace(/^\ufeff/, "")
    .split(/\r\n|\r|\n/)
    .map((line, i) => ({ line: i + 1, cells: cellsOf(line) }))
    .filter(({ cells }) => cells.some(Boolean));
  const head = rows[0]?.cells.slice(0, 2).some((cell) => !isNumber(cell));
  const body = head ? rows.slice(1) : rows;
  if (!body.length) return { error: "rows", count: 0 };
  if (body.length > MOST_POINTS) return { error: "rows", count: body.length };
  for (const { line, cells } of body) {
    if (cells.length !== 3) return { error: "columns", line, count: cells.length };
    if (!isNumber(cells[0]) || !isNumber(cells[1])) return { error: "number", line };
  }
  const names = [...new Set(body.map(({ cells }) => cells[2]))].sort(inOrder);
  if (names.length !== 2) return { error: "classes", count: names.length };
  const points = body.map(
    ({ cells: [x, y, name] }) => /** @type {Point} */ ([Number(x), Number(y), names.indexOf(name)]),
  );
  return { points, names };
}

/** Cells may be separated by commas, semicolons or tabs. @param {string} line */
function cellsOf(line) {
  const separator = ["\t", ";", ","].find((one) => line.includes(one)) ?? ",";
  return line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
}

/** @param {string} cell */
function isNumber(cell) {
  return cell !== "" && Number.isFinite(Number(cell));
}

/** @param {string} a @param {string} b */
function inOrder(a, b) {
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b);
  return a < b ? -1 : 1;
}
