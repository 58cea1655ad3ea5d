// Files to download: pictures as PNG or IDX, in a ZIP archive.

/** @typedef {{label: number, pixels: Uint8Array}} Labelled a picture of 28 x 28 grey levels */
/** @typedef {[name: string, content: Uint8Array]} Entry a file of an archive */

const SIDE = 28;
const PNG = [137, 80, 78, 71, 13, 10, 26, 10];

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/**
 * Return an archive of a folder for each label with a PNG for each picture: "3/0001.png".
 * @param {Labelled[]} pictures
 */
export async function imageArchive(pictures) {
  const files = pictures.map(async ({ label, pixels }, i) => {
    const name = `${label}/${String(i + 1).padStart(4, "0")}.png`;
    return /** @type {Entry} */ ([name, await png(pixels)]);
  });
  return zip(await Promise.all(files));
}

/** Return an archive of two files in MNIST's format. @param {Labelled[]} pictures */
export function idxArchive(pictures) {
  const pixels = joined(pictures.map((picture) => picture.pixels));
  const labels = Uint8Array.from(pictures, ({ label }) => label);
  const head = (/** @type {number[]} */ ...numbers) => big([0x800 + numbers.length, ...numbers]);
  return zip([
    ["train-images-idx3-ubyte", joined([head(pictures.length, SIDE, SIDE), pixels])],
    ["train-labels-idx1-ubyte", joined([head(pictures.length), labels])],
  ]);
}

/** Return a picture as PNG, 8 bits of grey. @param {Uint8Array} pixels */
export async function png(pixels) {
  const rows = new Uint8Array(SIDE * (SIDE + 1)); // each begins with its filter: none
  for (let y = 0; y < SIDE; y++)
    rows.set(pixels.subarray(y * SIDE, (y + 1) * SIDE), y * (SIDE + 1) + 1);
  const stream = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  const packed = new Uint8Array(await new Response(stream).arrayBuffer());
  const chunk = (/** @type {string} */ name, /** @type {Uint8Array} */ content) => {
    const named = joined([text(name), content]);
    return joined([big([content.length]), named, big([crc32(named)])]);
  };
  const head = joined([big([SIDE, SIDE]), Uint8Array.of(8, 0, 0, 0, 0)]);
  const none = new Uint8Array();
  return joined([
    Uint8Array.from(PNG),
    chunk("IHDR", head),
    chunk("IDAT", packed),
    chunk("IEND", none),
  ]);
}

/** Return files as an archive; they are small, or packed already. @param {Entry[]} files */
export function zip(files) {
  const parts = [];
  const list = [];
  let at = 0;
  for (const [name, content] of files) {
    // needs version 1.0, no flags, stored, midnight of 1 January 1980
    const about = joined([
      little(2, [10, 0, 0, 0, 0x21]),
      little(4, [crc32(content), content.length, content.length]),
      little(2, [name.length, 0]),
    ]);
    const local = joined([little(4, [0x04034b50]), about, text(name), content]);
    list.push(
      little(4, [0x02014b50]),
      little(2, [10]),
      about,
      little(2, [0, 0, 0]),
      little(4, [0, at]),
      text(name),
    );
    parts.push(local);
    at += local.length;
  }
  const directory = joined(list);
  const { length } = files;
  const end = [
    little(4, [0x06054b50]),
    little(2, [0, 0, length, length]),
    little(4, [directory.length, at]),
    little(2, [0]),
  ];
  return joined([...parts, directory, ...end]);
}

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
  return ~sum >>> 0;
}

/** @param {Uint8Array[]} parts */
function joined(parts) {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** @param {string} ascii */
function text(ascii) {
  return Uint8Array.from(ascii, (letter) => letter.charCodeAt(0));
}

/** Numbers of four bytes, the high one first. @param {number[]} numbers */
function big(numbers) {
  return Uint8Array.from(numbers.flatMap((n) => [n >>> 24, n >>> 16, n >>> 8, n]));
}

/** Numbers of so many bytes, the low one first. @param {number} size @param {number[]} numbers */
function little(size, numbers) {
  return Uint8Array.from(
    numbers.flatMap((n) => Array.from({ length: size }, (_, i) => n >>> (8 * i))),
  );
}
