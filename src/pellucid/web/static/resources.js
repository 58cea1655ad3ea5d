// The model, test digits and facts about both: within the page's file, or in files beside it.

/**
 * @typedef {object} Facts about the model that its file does not hold
 * @property {string} name
 * @property {number[] | null} shape of pictures; null for rows of numbers
 * @property {string[]} columns names of the inputs, where they are no pixels
 * @property {string[]} prepared names of the first neurons, which preparation makes of the inputs;
 *   of an ensemble those of a member
 * @property {Field[]} fields the columns of a table; none where the inputs are known by number
 *   alone
 * @property {string} target name of the column that a table's network predicts
 * @property {number[]} start a row to begin with, where inputs are no pixels
 * @property {number | null} accuracy on all test digits
 * @property {number} rows number of test digits
 * @property {boolean} server whether the page comes from `pellucid open`
 * @property {string} class_address where pupils' devices send drawings to this page, or ""
 * @property {boolean} sends whether the page sends drawings to a teacher's
 * @property {Record<"en" | "ko", Record<string, string>>} hints texts by kind, and `line`, with
 *   {places} as Python formats them
 * @property {Certainty} certainty what rows held out of the training tell of the errors
 * @property {string} version
 *
 * @typedef {object} Certainty
 * @property {Interval[]} intervals of each target of values, for nine rows of ten; or none
 * @property {number | null} least probability of a class in the set that holds the right one in
 *   nine rows of ten
 * @property {Novelty | null} novelty
 *
 * @typedef {object} Interval the errors of predictions, in units of how large they are near them
 * @property {number[]} at predictions, increasing
 * @property {number[]} spreads how large errors are there
 * @property {number} low
 * @property {number} high
 * @property {boolean} nonnegative whether no target is negative
 *
 * @typedef {object} Novelty the distance of a row's numbers from those of training (`Novelty` in
 *   core/novelty.py)
 * @property {number[]} inputs indices of the numbers
 * @property {number[]} mean of each, less its offset
 * @property {number[]} std
 * @property {number[]} center
 * @property {number[][]} axes
 * @property {number[]} variances
 * @property {number} rest
 * @property {number} limit
 *
 * @typedef {object} Field a column of a table; of numbers where `categories` is null
 * @property {string} name
 * @property {number[]} inputs indices: of the value (less `offset`), of the missing mark where it is
 *   `flagged`, of sine and cosine of each of `cycles`; or of each category
 * @property {string[] | null} categories
 * @property {boolean} [indexed] whether the one input is the index of the category
 * @property {number} [offset]
 * @property {number} [low] end of the slider
 * @property {number} [high]
 * @property {[number, number]} [ends] least and greatest of training, where they are known
 * @property {[number, number]} [limits] beyond which a row is unlike those of training
 * @property {number} [fill] replaces a missing number
 * @property {boolean} [flagged] whether missing cells have a mark
 * @property {boolean} [dates] whether values are days since 1970
 * @property {number[]} [cycles] of dates, in days
 * @property {number} [direction] 1 if the prediction only rises with the column, -1 if it only falls
 *
 * @typedef {{index: number, label: number, pixels: Uint8Array}} TestDigit
 * @typedef {{facts: Facts, model: ArrayBuffer, digits: TestDigit[]}} Resources
 */

/** @returns {Promise<Resources>} */
export async function resources() {
  const inside = document.getElementById("pellucid-data");
  if (inside) {
    const { facts, model, digits } = JSON.parse(inside.textContent ?? "");
    return {
      facts,
      model: decoded(model).buffer,
      digits: await unpacked(digits ? decoded(digits) : null),
    };
  }
  const [facts, model] = await Promise.all([fetchFile("page.json"), fetchFile("model.bin")]);
  const known = await facts.json();
  const digits = known.digits ? await (await fetchFile("digits.bin")).arrayBuffer() : null;
  return {
    facts: known,
    model: await model.arrayBuffer(),
    digits: await unpacked(digits && new Uint8Array(digits)),
  };
}

/** @param {string} name */
async function fetchFile(name) {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response;
}

/** @param {string} text base64 */
function decoded(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/**
 * Test digits: each a number (two bytes, low first), a label and 784 pixels; packed with gzip.
 * @param {Uint8Array<ArrayBuffer> | null} content
 * @returns {Promise<TestDigit[]>}
 */
async function unpacked(content) {
  if (!content) return [];
  const stream = new Blob([content]).stream();
  // some servers have the browser unpack it already
  const packed = content[0] === 0x1f && content[1] === 0x8b;
  const bytes = new Uint8Array(
    await new Response(
      packed ? stream.pipeThrough(new DecompressionStream("gzip")) : stream,
    ).arrayBuffer(),
  );
  const [count, size] = [bytes.length / 787, 784];
  return Array.from({ length: count }, (_, i) => ({
    index: bytes[2 * i] + 256 * bytes[2 * i + 1],
    label: bytes[2 * count + i],
    pixels: bytes.slice(3 * count + i * size, 3 * count + (i + 1) * size),
  }));
}
