// Run JavaScript beside the page's modules: a line of JSON comes in for each piece, a line goes out.
// One process for all tests, as starting Node takes longer than most of what it is asked.

import { createInterface } from "node:readline";

const [, , folder] = process.argv; // of the page's modules, as a URL
const Program = Object.getPrototypeOf(async () => {}).constructor;
const load = (name) => import(new URL(name, folder));
const plain = (key, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
const globals = new Set(Object.getOwnPropertyNames(globalThis));

async function run({ code, data }) {
  try {
    return JSON.stringify({ value: await new Program("data", "load", code)(data, load) }, plain);
  } catch (error) {
    return JSON.stringify({ error: String(error?.stack ?? error) });
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${await run(JSON.parse(line))}\n`);
  for (const name of Object.getOwnPropertyNames(globalThis))
    if (!globals.has(name)) delete globalThis[name]; // a piece leaves nothing to the next
}
