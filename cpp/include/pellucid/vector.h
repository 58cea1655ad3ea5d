// Vectors of floating numbers as wide as the instruction set allows, by compiler vector extensions (GCC, Clang).
#pragma once

#include <cstdint>
#include <cstring>

namespace pellucid {

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX2__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;  // SSE2 and NEON
#endif

template <class T>
struct Of;
template <>
struct Of<float> {
    typedef float Vector __attribute__((vector_size(kBytes)));
    typedef std::int32_t Whole __attribute__((vector_size(kBytes)));
};
template <>
struct Of<double> {
    typedef double Vector __attribute__((vector_size(kBytes)));
    typedef std::int64_t Whole __attribute__((vector_size(kBytes)));
};

template <class T>
using Vec = typename Of<T>::Vector;
template <class T>
using Int = typename Of<T>::Whole;
template <class T>
constexpr int kLanes = kBytes / static_cast<int>(sizeof(T));

// Rows of scratch matrices are padded to this many numbers, so that loops over them need no tails.
constexpr std::int64_t kPad = 16;
inline std::int64_t padded(std::int64_t width) { return (width + kPad - 1) / kPad * kPad; }

template <class T>
inline Vec<T> load(const T* p) {
    Vec<T> v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

template <class T>
inline void store(T* p, Vec<T> v) {
    std::memcpy(p, &v, sizeof v);
}

// The first n numbers, the rest 0: for the end of an array, where a whole vector would read past it.
template <class T>
inline Vec<T> load_part(const T* p, std::int64_t n) {
    Vec<T> v = {};
    std::memcpy(&v, p, static_cast<std::size_t>(n) * sizeof(T));
    return v;
}

template <class T>
inline void store_part(T* p, Vec<T> v, std::int64_t n) {
    std::memcpy(p, &v, static_cast<std::size_t>(n) * sizeof(T));
}

template <class T>
inline Vec<T> fill(T x) {
    return x - Vec<T>{};  // x - 0 is x for every x, -0 included, which x + 0 is not
}

// A whole vector of bits (all or none in each lane) chooses between two.
template <class T>
inline Vec<T> choose(Int<T> yes, Vec<T> a, Vec<T> b) {
    return yes ? a : b;
}

template <class T>
inline Vec<T> larger(Vec<T> a, Vec<T> b) {
    return a > b ? a : b;
}

template <class T>
inline Vec<T> smaller(Vec<T> a, Vec<T> b) {
    return a < b ? a : b;
}

template <class T>
inline Vec<T> size_of(Vec<T> x) {
    return larger<T>(x, -x);
}

template <class T>
inline Int<T> bits(Vec<T> x) {
    Int<T> i;
    std::memcpy(&i, &x, sizeof i);
    return i;
}

template <class T>
inline Vec<T> from_bits(Int<T> i) {
    Vec<T> x;
    std::memcpy(&x, &i, sizeof x);
    return x;
}

// Calls f(first, n) for every vector of a line of `count` numbers; n is how many of its lanes count.
template <class T, class F>
inline void each_vector(std::int64_t count, F f) {
    std::int64_t i = 0;
    for (; i + kLanes<T> <= count; i += kLanes<T>) f(i, static_cast<std::int64_t>(kLanes<T>));
    if (i < count) f(i, count - i);
}

template <class T>
inline Vec<T> load_upto(const T* p, std::int64_t n) {
    return n == kLanes<T> ? load(p) : load_part(p, n);
}

template <class T>
inline void store_upto(T* p, Vec<T> v, std::int64_t n) {
    if (n == kLanes<T>)
        store(p, v);
    else
        store_part(p, v, n);
}

}  // namespace pellucid
