// pellucid's model file (files/model.py): one safetensors file, read and written; weights come out
// as float64.

import { LAYERS } from "./layers.js";

/**
 * @typedef {import("./layers.js").Layer} Layer
 * @typedef {import("./layers.js").Tensor} Tensor
 * @typedef {{layers: Layer[], inputs: any, classes: string[] | null, record: any, dtype: "F32" |
 *   "F64", uncertainty?: any}} ModelFile
 * @typedef {{type: string, options: Record<string, any>, shapes?: Record<string, number[]>,
 *   layers?: Entry[], frozen?: boolean}} Entry
 */

const KEY = "pellucid";

/**
 * Read a model file; throws an Error where it is damaged or of another kind.
 * @param {ArrayBuffer} buffer
 * @returns {ModelFile}
 */
export function readModel(buffer) {
  const { tensors, header, dtype } = parts(buffer);
  const layers = build(header.layers, tensors, "");
  return {
    layers,
    inputs: header.inputs,
    classes: header.classes,
    record: header.record ?? {},
    dtype,
    uncertainty: header.uncertainty,
  };
}

/**
 * Return the content of the model file of these layers.
 * @param {ModelFile} model
 * @returns {Uint8Array}
 */
export function writeModel({ layers, inputs, classes, record, dtype, uncertainty }) {
  const size = dtype === "F32" ? 4 : 8;
  const known = uncertainty ? { uncertainty } : {};
  const header = { version: 1, layers: describe(layers), inputs, classes, record, ...known };
  /** @type {Record<string, any>} */
  const table = { __metadata__: { [KEY]: stable(header) } };
  const arrays = named(layers, "").sort(([a], [b]) => (a < b ? -1 : 1));
  let offset = 0;
  for (const [name, { shape, data }] of arrays) {
    table[name] = { dtype, shape, data_offsets: [offset, (offset += data.length * size)] };
  }
  const text = new TextEncoder().encode(JSON.stringify(table));
  const head = Math.ceil(text.length / 8) * 8; // numbers begin at a multiple of their size
  const content = new Uint8Array(8 + head + offset).fill(32, 8, 8 + head);
  new DataView(content.buffer).setBigUint64(0, BigInt(head), true);
  content.set(text, 8);
  const view = new DataView(content.buffer, 8 + head);
  let at = 0;
  for (const [, { data }] of arrays) {
    for (const value of data) {
      if (size === 4) view.setFloat32(at, value, true);
      else view.setFloat64(at, value, true);
      at += size;
    }
  }
  return content;
}

/**
 * @param {ArrayBuffer} buffer
 * @returns {{tensors: Map<string, Tensor>, header: any, dtype: "F32" | "F64"}}
 */
function parts(buffer) {
  const view = new DataView(buffer);
  const length = buffer.byteLength >= 8 ? Number(view.getBigUint64(0, true)) : NaN;
  if (!(length <= buffer.byteLength - 8))
    throw new Error("model file: cut short, or no safetensors file");
  const table = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const text = table.__metadata__?.[KEY];
  if (text === undefined)
    throw new Error("model file: a safetensors file, but none that pellucid wrote");
  const header = JSON.parse(text);
  if (header.version !== 1)
    throw new Error(`model file: format version ${header.version} is not known here`);
  /** @type {Map<string, Tensor>} */
  const tensors = new Map();
  /** @type {"F32" | "F64"} */
  let dtype = "F32";
  for (const [name, entry] of Object.entries(table)) {
    if (name === "__metadata__") continue;
    const {
      shape,
      data_offsets: [start, stop],
    } = /** @type {any} */ (entry);
    dtype = /** @type {any} */ (entry).dtype;
    tensors.set(name, { shape, data: floats(view, dtype, 8 + length + start, 8 + length + stop) });
  }
  return { tensors, header, dtype };
}

/** @param {DataView} view @param {string} dtype @param {number} start @param {number} stop */
function floats(view, dtype, start, stop) {
  if ((dtype !== "F32" && dtype !== "F64") || stop > view.byteLength)
    throw new Error("model file: damaged array");
  const size = dtype === "F32" ? 4 : 8;
  const data = new Float64Array((stop - start) / size);
  for (let i = 0; i < data.length; i++) {
    data[i] =
      size === 4 ? view.getFloat32(start + i * 4, true) : view.getFloat64(start + i * 8, true);
  }
  return data;
}

/**
 * @param {Entry[]} entries
 * @param {Map<string, Tensor>} tensors
 * @param {string} prefix
 * @returns {Layer[]}
 */
function build(entries, tensors, prefix) {
  return entries.map(({ type, options, shapes = {}, layers, frozen }, index) => {
    if (!Object.hasOwn(LAYERS, type))
      throw new Error(`model file: a layer ${type} is not known here`);
    /** @type {Record<string, Tensor>} */
    const arrays = {};
    for (const name of Object.keys(shapes)) {
      const tensor = tensors.get(`${prefix}${index}.${name}`);
      if (!tensor) throw new Error(`model file: array ${prefix}${index}.${name} is missing`);
      arrays[name] = tensor;
    }
    const inner = layers && { layers: build(layers, tensors, `${prefix}${index}.`) };
    return { type, options, arrays, ...(frozen ? { frozen } : {}), ...inner };
  });
}

/** @param {Layer[]} layers @returns {Entry[]} */
function describe(layers) {
  return layers.map(({ type, options, arrays, frozen, layers: inner }) => ({
    type,
    options,
    ...(frozen ? { frozen } : {}),
    ...(inner
      ? { layers: describe(inner) }
      : {
          shapes: Object.fromEntries(
            Object.entries(arrays).map(([name, { shape }]) => [name, shape]),
          ),
        }),
  }));
}

/** @param {Layer[]} layers @param {string} prefix @returns {[string, Tensor][]} */
function named(layers, prefix) {
  return layers.flatMap(({ arrays, layers: inner }, index) => [
    .../** @type {[string, Tensor][]} */ (
      Object.entries(arrays).map(([name, tensor]) => [`${prefix}${index}.${name}`, tensor])
    ),
    ...named(inner ?? [], `${prefix}${index}.`),
  ]);
}

/** JSON with sorted keys, as Python writes it. @param {any} value @returns {string} */
function stable(value) {
  if (Array.isArray(value)) return `[${value.map(stable).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${stable(value[key])}`).join(",")}}`;
}
