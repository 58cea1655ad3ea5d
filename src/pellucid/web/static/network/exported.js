// A network for programs in JavaScript: what web/javascript.py writes into a module of its own.

import { Network } from "./network.js";

/**
 * @typedef {object} Column a column of a table, of data/tables/kinds.py
 * @property {string} name
 * @property {"number" | "date" | "category" | "embedded"} kind
 * @property {number} width how many numbers it becomes
 * @property {boolean} missing
 * @property {number} [mean]
 * @property {number} [offset]
 * @property {number[]} [periods] of a date, in days
 * @property {Record<string, number>} [codes] of a category: the code of each text, "" where missing
 *
 * @typedef {Record<string, unknown>} Row a row of a table by the names of its columns
 *
 * @typedef {object} Prediction
 * @property {string | number | boolean | number[]} prediction the class, the value, or the values
 * @property {number | null} confidence in the class
 * @property {number[]} outputs
 */

const DAY = 86_400_000; // milliseconds

export class Exported {
  /**
   * @param {string} model the model file in base64
   * @param {Column[] | null} columns of a network of a table
   * @param {(string | number | boolean)[]} labels of the classes; none for values
   */
  constructor(model, columns, labels) {
    const bytes = Uint8Array.from(atob(model), (character) => character.charCodeAt(0));
    this.network = Network.read(bytes.buffer);
    this.columns = columns;
    this.labels = labels;
  }

  /**
   * Return the outputs, which are all computed in float64.
   * @param {ArrayLike<number> | Row} row the D numbers of a row; of a table its cells by name
   * @returns {number[]}
   */
  outputs(row) {
    const x = this.columns ? encode(this.columns, /** @type {Row} */ (row)) : row;
    return [...this.network.predict(numbers(/** @type {ArrayLike<number>} */ (x)))];
  }

  /**
   * Return the class with its confidence, or the value.
   * @param {ArrayLike<number> | Row} row
   * @returns {Prediction}
   */
  predict(row) {
    const outputs = this.outputs(row);
    const y = Float64Array.from(outputs);
    if (!this.labels.length)
      return { prediction: y.length === 1 ? y[0] : outputs, confidence: null, outputs };
    const prediction = this.labels[this.network.choose(y)];
    return { prediction, confidence: this.network.confidence(y), outputs };
  }
}

/**
 * Return the numbers of a table's row, as data/tables/reading.py makes them.
 * @param {Column[]} columns
 * @param {Row} row
 */
export function encode(columns, row) {
  return columns.flatMap((column) => {
    if (!Object.hasOwn(row, column.name)) throw new Error(`the row has no column "${column.name}"`);
    const cell = row[column.name];
    return column.codes ? category(column, column.codes, cell) : numeric(column, cell);
  });
}

/** @param {Column} column @param {Record<string, number>} codes @param {unknown} cell */
function category({ kind, width }, codes, cell) {
  const text = cell === null || cell === undefined ? "" : String(cell).trim();
  const code = Object.hasOwn(codes, text) ? codes[text] : -1;
  if (kind === "embedded") return [code + 1]; // an index; of an unseen category it is 0
  return Array.from({ length: width }, (_, index) => Number(index === code));
}

/** @param {Column} column @param {unknown} cell */
function numeric({ name, missing, mean = 0, offset = 0, periods = [] }, cell) {
  let value = Number.NaN;
  if (cell instanceof Date) value = cell.getTime() / DAY;
  else if (typeof cell === "number") value = cell;
  else if (cell !== null && cell !== undefined)
    throw new Error(`column "${name}" takes a number or a Date, null where missing; got ${cell}`);
  const absent = Number.isNaN(value);
  if (!absent && !Number.isFinite(value)) throw new Error(`column "${name}" is infinite`);
  const known = absent ? mean : value;
  const waves = periods.flatMap((period) => {
    const turn = (2 * Math.PI * (known - Math.floor(known / period) * period)) / period;
    return absent ? [0, 0] : [Math.sin(turn), Math.cos(turn)];
  });
  return [known - offset, ...(missing ? [Number(absent)] : []), ...waves];
}

/** @param {ArrayLike<number>} x */
function numbers(x) {
  // Before it becomes an array of numbers, in which null would be 0
  const index = Array.from(x).findIndex((value) => !Number.isFinite(value));
  if (index >= 0) throw new Error(`input ${index} is missing, NaN or infinite`);
  return x;
}
