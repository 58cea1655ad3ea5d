// The functions of core/functions.py on vectors: no overflow, no lost tails, NaN stays NaN.
#pragma once

#include <cmath>
#include <limits>

#include "vector.h"

namespace pellucid {

// x = n ln 2 + r with |r| <= ln 2 / 2; then exp(x) = 2^n exp(r), and exp(r) - 1 by Taylor's series,
// whose first neglected term is below half a unit in the last place (r^8 / 8! in float32, r^14 /
// 14! in float64).
template <class T>
struct Reduced {
    Vec<T> tail;  // exp(r) - 1
    Int<T> n;
};

template <class T>
constexpr T kLn2High = sizeof(T) == 4 ? T(0.693359375) : T(6.93147180369123816490e-01);
template <class T>
constexpr T kLn2Low = sizeof(T) == 4 ? T(-2.12194440054690583e-4) : T(1.90821492927058770002e-10);
template <class T>
constexpr int kMantissa = std::numeric_limits<T>::digits - 1;
template <class T>
constexpr int kBias = std::numeric_limits<T>::max_exponent - 1;

// Computes V vectors step by step together, since each step waits for the one before.
template <class T, int V>
PELLUCID_INLINE inline void reduce(const Vec<T> (&x)[V], Reduced<T> (&to)[V]) {
    // Adding it rounds to a whole number, which then is in the lowest bits.
    const Vec<T> whole = fill<T>(T(1.5) * T(std::int64_t(1) << kMantissa<T>));
    Vec<T> high[V], r[V], sum[V];
    for (int v = 0; v < V; ++v) high[v] = x[v] * T(1.44269504088896340736) + whole;
    for (int v = 0; v < V; ++v) {
        const Vec<T> n = high[v] - whole;
        r[v] = (x[v] - n * kLn2High<T>)-n * kLn2Low<T>;
    }
    constexpr int terms = sizeof(T) == 4 ? 7 : 13;
    T factorial = 1;
    for (int i = 2; i <= terms; ++i) factorial *= T(i);
    for (int v = 0; v < V; ++v) sum[v] = fill<T>(1 / factorial);
    for (int i = terms; i > 1; --i) {
        factorial /= T(i);
        for (int v = 0; v < V; ++v) sum[v] = sum[v] * r[v] + 1 / factorial;
    }
    for (int v = 0; v < V; ++v) to[v] = {sum[v] * r[v], bits<T>(high[v]) - bits<T>(whole)};
}

template <class T>
inline Reduced<T> reduce(Vec<T> x) {
    const Vec<T> one[1] = {x};
    Reduced<T> found[1];
    reduce<T, 1>(one, found);
    return found[0];
}

template <class T>
inline Vec<T> power_of_two(Int<T> n) {
    return from_bits<T>((n + kBias<T>) << kMantissa<T>);
}

template <class T>
inline Vec<T> exp(Vec<T> x) {
    // Outside these bounds the result is 0 or infinity, and n would leave the exponent's range.
    const T low = sizeof(T) == 4 ? T(-104) : T(-746), high = sizeof(T) == 4 ? T(89) : T(710);
    const Vec<T> near = smaller<T>(larger<T>(x, fill<T>(low)), fill<T>(high));
    const Reduced<T> part = reduce<T>(near);
    // In two steps, so that results below the normal range are reached.
    const Int<T> half = part.n >> 1;
    const Vec<T> y = (part.tail + 1) * power_of_two<T>(half) * power_of_two<T>(part.n - half);
    return choose<T>(x == x, y, x);
}

// exp(x) for x <= 0: n is far below the upper end of the exponents, so one step from above is
// enough.
template <class T, int V>
PELLUCID_INLINE inline void exp_below_zero(Vec<T> (&x)[V]) {
    const T low = sizeof(T) == 4 ? T(-104) : T(-746);
    constexpr int up = sizeof(T) == 4 ? 64 : 512;
    const T down = sizeof(T) == 4 ? T(0x1p-64) : T(0x1p-512);
    Reduced<T> part[V];
    for (int v = 0; v < V; ++v) x[v] = larger<T>(fill<T>(low), x[v]);  // in this order NaN stays
    reduce<T, V>(x, part);
    for (int v = 0; v < V; ++v) x[v] = (part[v].tail + 1) * power_of_two<T>(part[v].n + up) * down;
}

template <class T>
inline Vec<T> exp_below_zero(Vec<T> x) {
    Vec<T> one[1] = {x};
    exp_below_zero<T, 1>(one);
    return one[0];
}

// exp(x) - 1 for x <= 0, accurate near 0.
template <class T>
inline Vec<T> expm1_below_zero(Vec<T> x) {
    const Reduced<T> part = reduce<T>(larger<T>(x, fill<T>(-40)));
    const Vec<T> scale = power_of_two<T>(part.n);
    return part.tail * scale + (scale - 1);
}

template <class T, int V>
PELLUCID_INLINE inline void sigmoid(Vec<T> (&x)[V]) {
    Vec<T> e[V];
    for (int v = 0; v < V; ++v) e[v] = minus_size_of<T>(x[v]);
    exp_below_zero<T, V>(e);
    for (int v = 0; v < V; ++v) {
        const Vec<T> right = 1 / (1 + e[v]);
        // By the sign alone: for -0 both are the same.
        x[v] = choose<T>(bits<T>(x[v]) < 0, e[v] * right, right);
    }
}

template <class T>
inline Vec<T> sigmoid(Vec<T> x) {
    Vec<T> one[1] = {x};
    sigmoid<T, 1>(one);
    return one[0];
}

template <class T>
inline Vec<T> tanh(Vec<T> x) {
    const Vec<T> m = expm1_below_zero<T>(-2 * size_of<T>(x));
    const Vec<T> y = -m / (2 + m);
    return choose<T>(x < 0, -y, choose<T>(x == x, y, x));
}

// log(1 + u) for 0 <= u <= 1, as 2 artanh(u / (2 + u)) by its series: the argument is at most 1/3.
template <class T>
inline Vec<T> log1p_unit(Vec<T> u) {
    const Vec<T> s = u / (2 + u), square = s * s;
    constexpr int last = sizeof(T) == 4 ? 17 : 35;
    Vec<T> sum = fill<T>(T(1) / last);
    for (int i = last - 2; i > 0; i -= 2) sum = sum * square + T(1) / i;
    return 2 * s * sum;
}

template <class T>
inline Vec<T> softplus(Vec<T> x) {
    const Vec<T> y = larger<T>(x, Vec<T>{}) + log1p_unit<T>(exp_below_zero<T>(minus_size_of<T>(x)));
    return choose<T>(x == x, y, x);
}

template <class T, int n>
inline Vec<T> polynomial(Vec<T> x, const T (&highest_first)[n]) {
    Vec<T> sum = fill<T>(highest_first[0]);
    for (int i = 1; i < n; ++i) sum = sum * x + highest_first[i];
    return sum;
}

template <class T>
inline Vec<T> square_root(Vec<T> x) {
    Vec<T> y;
    for (int i = 0; i < kLanes<T>; ++i)
        y[i] = std::sqrt(x[i]);  // one instruction, once the compiler sees it
    return y;
}

// cos(2 pi x), x in whole turns: reduced to one turn and folded at a quarter, it is sin(2 pi u)
// with |u| <= 1/4, by Taylor's series, whose first neglected term is below half a unit in the last
// place. Beyond 2^(digits - 2) turns a value has no digits for its turn: the result is 1.
template <class T>
inline Vec<T> cosine(Vec<T> x) {
    const T whole = T(1.5) * T(std::int64_t(1) << kMantissa<T>);
    const Vec<T> far = fill<T>(T(std::int64_t(1) << (kMantissa<T> - 1)));
    const Vec<T> part = choose<T>(size_of<T>(x) < far, x - ((x + whole) - whole), x * 0);
    const Vec<T> a = T(6.28318530717958647693) * (T(0.25) - size_of<T>(part)), square = a * a;
    constexpr int terms = sizeof(T) == 4 ? 13 : 21;
    T factorial = 1;
    for (int i = 2; i <= terms; ++i) factorial *= T(i);
    Vec<T> sum = fill<T>(1 / factorial);
    for (int i = terms; i > 1; i -= 2) {
        factorial /= T(i) * T(i - 1);
        sum = 1 / factorial - sum * square;
    }
    return sum * a;
}

// erfc, as in core: W. J. Cody, Mathematics of Computation 23 (1969), 631-637.
template <class T>
inline Vec<T> erfc(Vec<T> x) {
    static constexpr T centre_p[] = {T(1.85777706184603153e-1), T(3.16112374387056560e0),
                                     T(1.13864154151050156e2), T(3.77485237685302021e2),
                                     T(3.20937758913846947e3)};
    static constexpr T centre_q[] = {T(1), T(2.36012909523441209e1), T(2.44024637934444173e2),
                                     T(1.28261652607737228e3), T(2.84423683343917062e3)};
    static constexpr T middle_p[] = {
        T(2.15311535474403846e-8), T(5.64188496988670089e-1), T(8.88314979438837594e0),
        T(6.61191906371416295e1),  T(2.98635138197400131e2),  T(8.81952221241769090e2),
        T(1.71204761263407058e3),  T(2.05107837782607147e3),  T(1.23033935479799725e3)};
    static constexpr T middle_q[] = {T(1),
                                     T(1.57449261107098347e1),
                                     T(1.17693950891312499e2),
                                     T(5.37181101862009858e2),
                                     T(1.62138957456669019e3),
                                     T(3.29079923573345963e3),
                                     T(4.36261909014324716e3),
                                     T(3.43936767414372164e3),
                                     T(1.23033935480374942e3)};
    static constexpr T far_p[] = {T(1.63153871373020978e-2), T(3.05326634961232344e-1),
                                  T(3.60344899949804439e-1), T(1.25781726111229246e-1),
                                  T(1.60837851487422766e-2), T(6.58749161529837803e-4)};
    static constexpr T far_q[] = {T(1),
                                  T(2.56852019228982242e0),
                                  T(1.87295284992346047e0),
                                  T(5.27905102951428412e-1),
                                  T(6.05183413124413191e-2),
                                  T(2.33520497626869185e-3)};
    const Vec<T> size = size_of<T>(x);
    const Vec<T> near = smaller<T>(size, fill<T>(T(0.46875)));
    const Vec<T> middle = smaller<T>(larger<T>(size, fill<T>(T(0.46875))), fill<T>(4));
    const Vec<T> far = smaller<T>(larger<T>(size, fill<T>(4)), fill<T>(28));
    const Vec<T> square = near * near;
    const Vec<T> erf = near * polynomial<T>(square, centre_p) / polynomial<T>(square, centre_q);
    auto gauss = [](Vec<T> u) {  // exp(-u^2), u split at 1/16 so that rounding u^2 does no harm
        const T whole = T(1.5) * T(std::int64_t(1) << kMantissa<T>);
        const Vec<T> rough = ((u * 16 + whole) - whole) / 16;
        return exp<T>(-rough * rough) * exp<T>(-(u - rough) * (u + rough));
    };
    const Vec<T> in_middle =
        gauss(middle) * polynomial<T>(middle, middle_p) / polynomial<T>(middle, middle_q);
    const Vec<T> inverse = 1 / (far * far);
    const Vec<T> ratio = inverse * polynomial<T>(inverse, far_p) / polynomial<T>(inverse, far_q);
    const Vec<T> in_far = gauss(far) / far * (T(0.56418958354775628695) - ratio);
    const Vec<T> tail = choose<T>(size <= 4, in_middle, choose<T>(size < 28, in_far, Vec<T>{}));
    const Vec<T> outside = choose<T>(x < 0, 2 - tail, tail);
    const Vec<T> centre = choose<T>(x < 0, 1 + erf, 1 - erf);
    return choose<T>(x == x, choose<T>(size <= T(0.46875), centre, outside), x);
}

template <class T>
inline Vec<T> normal_cumulative(Vec<T> x) {
    return T(0.5) * erfc<T>(x * T(-0.70710678118654752440));
}

template <class T>
inline Vec<T> normal_density(Vec<T> x) {
    return exp<T>(T(-0.5) * x * x) * T(0.39894228040143267794);
}

}  // namespace pellucid
