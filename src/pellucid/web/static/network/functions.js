// The functions of networks, number by number, in float64: core/functions.py in JavaScript.

/** Return 1 / (1 + exp(-x)), accurate in the left tail, too. @param {number} x */
export function sigmoid(x) {
  const e = Math.exp(-Math.abs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}

/** Return log(1 + exp(x)) without overflow. @param {number} x */
export function softplus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** Phi(x), the probability that a standard normal number is below x. @param {number} x */
export function normalCumulative(x) {
  return 0.5 * erfc(-x / Math.SQRT2);
}

/** The standard normal density at x. @param {number} x */
export function normalDensity(x) {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/** Return exp(x) divided by its sum. @param {Float64Array} x */
export function softmax(x) {
  const largest = x.reduce((a, b) => Math.max(a, b), -Infinity);
  const e = x.map((value) => Math.exp(value - largest));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((value) => value / sum);
}

/**
 * Return the logarithm of `softmax`, finite where a probability rounds to 0.
 * @param {Float64Array} x
 */
export function logSoftmax(x) {
  const largest = x.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = x.reduce((a, b) => a + Math.exp(b - largest), 0);
  return x.map((value) => value - largest - Math.log(sum));
}

/** Return tanh(log(1 + exp(x))), the share of x that is Mish. @param {number} x */
export function mishShare(x) {
  const e = Math.exp(-Math.abs(x));
  const above = x >= 0 ? 1 + 2 * e : e * (e + 2);
  return above / (above + 2 * (x >= 0 ? e * e : 1));
}

/** The argument of the tanh in GELU's faster form. @param {number} x */
export function geluArgument(x) {
  return Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
}

/** The slope of `geluArgument`. @param {number} x */
export function geluSlope(x) {
  return Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
}

/**
 * The complementary error function: W. J. Cody, "Rational Chebyshev approximations for the error
 * function", Mathematics of Computation 23 (1969), 631-637, as in Python.
 * @param {number} x
 */
export function erfc(x) {
  if (Number.isNaN(x)) return x;
  const size = Math.abs(x);
  if (size <= 0.46875) return 1 - x * ratio(x * x, CENTRE_P, CENTRE_Q);
  const tail = size >= 27 ? 0 : size <= 4 ? nearTail(size) : farTail(size);
  return x < 0 ? 2 - tail : tail;
}

/** @param {number} size */
function nearTail(size) {
  return squareExponential(size) * ratio(size, MIDDLE_P, MIDDLE_Q);
}

/** @param {number} size */
function farTail(size) {
  const inverse = 1 / (size * size);
  return (
    (squareExponential(size) / size) *
    (1 / Math.sqrt(Math.PI) - inverse * ratio(inverse, FAR_P, FAR_Q))
  );
}

/**
 * exp(-x^2) with x split at 1/16, so that the rounding of x^2 is not blown up.
 * @param {number} x
 */
function squareExponential(x) {
  const rough = Math.trunc(x * 16) / 16;
  return Math.exp(-rough * rough) * Math.exp(-(x - rough) * (x + rough));
}

/** @param {number} x @param {number[]} numerator @param {number[]} denominator */
function ratio(x, numerator, denominator) {
  return polynomial(x, numerator) / polynomial(x, denominator);
}

/** @param {number} x @param {number[]} coefficients highest power first */
function polynomial(x, coefficients) {
  return coefficients.reduce((total, coefficient) => total * x + coefficient, 0);
}

const CENTRE_P = [
  1.85777706184603153e-1, 3.1611237438705656, 1.13864154151050156e2, 3.77485237685302021e2,
  3.20937758913846947e3,
];
const CENTRE_Q = [
  1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3,
];
const MIDDLE_P = [
  2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
  2.98635138197400131e2, 8.8195222124176909e2, 1.71204761263407058e3, 2.05107837782607147e3,
  1.23033935479799725e3,
];
const MIDDLE_Q = [
  1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
  3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
];
const FAR_P = [
  1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
  1.60837851487422766e-2, 6.58749161529837803e-4,
];
const FAR_Q = [
  1, 2.56852019228982242, 1.87295284992346047, 5.27905102951428412e-1, 6.05183413124413191e-2,
  2.33520497626869185e-3,
];
