// Random numbers as Python draws them, bit for bit: SplitMix64 by place, as core/splitmix.py, for
// the order of rows, and NumPy's default generator, for initial weights and data sets.

const MASK64 = (1n << 64n) - 1n;
const [GOLDEN, FIRST, SECOND] = [0x9e3779b97f4a7c15n, 0xbf58476d1ce4e5b9n, 0x94d049bb133111ebn];

// streams for the order of epochs and for splitting off validation rows (core/draws.py)
const [EPOCHS, SPLITS] = [1n << 40n, 1n << 41n];

/** @param {bigint} z */
function mix(z) {
  z = ((z ^ (z >> 30n)) * FIRST) & MASK64;
  z = ((z ^ (z >> 27n)) * SECOND) & MASK64;
  return z ^ (z >> 31n);
}

/** Mix whole numbers into one 64-bit key; their order matters. @param {...bigint} numbers */
export function key(...numbers) {
  return numbers.reduce((mixed, number) => mix((mixed + GOLDEN + number) & MASK64), 0n);
}

/**
 * Return the numbers 0 to N - 1 in random order: the order of N random keys.
 * @param {bigint} stream a key
 * @param {number} N
 */
function permutation(stream, N) {
  const low = (1n << BigInt(N.toString(2).length)) - 1n;
  const keys = new BigUint64Array(N);
  let z = stream;
  for (let place = 0; place < N; place++) {
    z = (z + GOLDEN) & MASK64;
    keys[place] = (mix(z) & ~low) | BigInt(place); // no two keys are equal
  }
  return Int32Array.from(keys.sort(), (one) => Number(one & low));
}

/**
 * Return the order in which an epoch, counted from 1, visits N rows.
 * @param {number} seed
 * @param {number} epoch
 * @param {number} N
 */
export function epochOrder(seed, epoch, N) {
  return permutation(key(BigInt(seed), BigInt(epoch), EPOCHS), N);
}

/**
 * Return the order in which N rows are chosen for validation.
 * @param {number} seed
 * @param {number} N
 */
export function splitOrder(seed, N) {
  return permutation(key(BigInt(seed), SPLITS), N);
}

const MASK128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;

/**
 * `numpy.random.default_rng(seed)`: PCG64 (O'Neill 2014), seeded by a SeedSequence. Its methods
 * draw the same numbers in the same order as the NumPy methods of these names.
 */
export class Generator {
  /** @param {number} seed a whole number from 0 to 2^32 - 1 */
  constructor(seed) {
    const [high, low, start, sequence] = seedWords(seed);
    this.increment = (((start << 64n) | sequence) << 1n) | 1n;
    this.state = 0n;
    this.advance();
    this.state = (this.state + ((high << 64n) | low)) & MASK128;
    this.advance();
    this.half = -1; // the other half of a number of which 32 bits were drawn; -1 for none
  }

  advance() {
    this.state = (this.state * MULTIPLIER + this.increment) & MASK128;
  }

  /** Draw 64 bits. */
  bits() {
    this.advance();
    const mixed = (this.state >> 64n) ^ (this.state & MASK64);
    const turn = this.state >> 122n;
    return ((mixed >> turn) | (mixed << (64n - turn))) & MASK64;
  }

  /** Draw 32 bits. */
  word() {
    const kept = this.half;
    if (kept >= 0) {
      this.half = -1;
      return kept;
    }
    const bits = this.bits();
    this.half = Number(bits >> 32n);
    return Number(bits & 0xffffffffn);
  }

  /** Draw a number from [0, 1). */
  random() {
    return Number(this.bits() >> 11n) * 2 ** -53;
  }

  /** @param {number} low @param {number} high */
  uniform(low, high) {
    return low + (high - low) * this.random();
  }

  /** Draw a whole number from 0 to `most`, as NumPy shuffles. @param {number} most */
  whole(most) {
    const mask = 2 ** (32 - Math.clz32(most)) - 1;
    for (;;) {
      const drawn = (this.word() & mask) >>> 0;
      if (drawn <= most) return drawn;
    }
  }

  /** Return the numbers 0 to n - 1 in random order. @param {number} n */
  permutation(n) {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.whole(i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** Draw from the standard normal distribution by the ziggurat (Marsaglia and Tsang 2000). */
  standardNormal() {
    const { width, inner, density } = ziggurat();
    for (;;) {
      const bits = this.bits();
      const strip = Number(bits & 0xffn);
      const size = Number((bits >> 9n) & 0xfffffffffffffn);
      const x = size * width[strip] * ((bits >> 8n) & 1n ? -1 : 1);
      if (size < inner[strip]) return x;
      if (strip === 0) return this.tail(Boolean((bits >> 17n) & 1n));
      const y = density[strip] + (density[strip - 1] - density[strip]) * this.random();
      if (y < Math.exp(-0.5 * x * x)) return x;
    }
  }

  /** Draw from beyond the last strip. @param {boolean} negative */
  tail(negative) {
    for (;;) {
      const beyond = -Math.log1p(-this.random()) / EDGE;
      const y = -Math.log1p(-this.random());
      if (y + y > beyond * beyond) return negative ? -(EDGE + beyond) : EDGE + beyond;
    }
  }
}

// 256 strips of equal area under exp(-x^2 / 2), the lowest with the tail beyond EDGE
const [STRIPS, EDGE, AREA, UNIT] = [256, 3.6541528853610088, 0.0049286732339746519, 2 ** 52];

/** @type {{width: Float64Array, inner: Float64Array, density: Float64Array} | undefined} */
let tables;

/**
 * Return for each strip the width of a unit of 2^-52, the units that surely lie under the curve, and
 * the density at its edge.
 */
function ziggurat() {
  if (tables) return tables;
  const [width, inner, density] = [0, 0, 0].map(() => new Float64Array(STRIPS));
  const curve = (/** @type {number} */ x) => Math.exp(-0.5 * x * x);
  let x = EDGE;
  const base = AREA / curve(x); // as wide as the lowest strip would be without a tail
  width[0] = base / UNIT;
  inner[0] = (x / base) * UNIT;
  density[0] = 1;
  for (let strip = STRIPS - 1; strip > 0; strip--) {
    [width[strip], density[strip]] = [x / UNIT, curve(x)];
    const above = strip > 1 ? Math.sqrt(-2 * Math.log(AREA / x + curve(x))) : 0;
    inner[strip] = (above / x) * UNIT;
    x = above;
  }
  return (tables = { width, inner, density });
}

const [POOL, SHIFT] = [4, 16];

/** Return four 64-bit words as NumPy's SeedSequence makes them of a seed. @param {number} seed */
function seedWords(seed) {
  const scramble = hasher(0x43b0d7e5, 0x931e8875);
  const pool = Array.from({ length: POOL }, (_, i) => scramble(i ? 0 : seed));
  for (let from = 0; from < POOL; from++)
    for (let to = 0; to < POOL; to++)
      if (from !== to) pool[to] = blend(pool[to], scramble(pool[from]));
  const finish = hasher(0x8b51f9dd, 0x58f38ded);
  const words = Array.from({ length: 2 * POOL }, (_, i) => BigInt(finish(pool[i % POOL])));
  return Array.from({ length: POOL }, (_, i) => (words[2 * i + 1] << 32n) | words[2 * i]);
}

/** Return a hash of 32 bits whose constant changes with each call. @param {number} constant @param {number} factor */
function hasher(constant, factor) {
  return (/** @type {number} */ value) => {
    value = (value ^ constant) >>> 0;
    constant = Math.imul(constant, factor) >>> 0;
    value = Math.imul(value, constant) >>> 0;
    return (value ^ (value >>> SHIFT)) >>> 0;
  };
}

/** @param {number} x @param {number} y */
function blend(x, y) {
  const mixed = (Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y)) >>> 0;
  return (mixed ^ (mixed >>> SHIFT)) >>> 0;
}
