// Vectors of floating-point values as wide as the instruction set allows, by compiler extensions
// (GCC, Clang).
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// For functions whose call would drive sums out of the registers.
#define PELLUCID_INLINE __attribute__((always_inline))

#if defined(__clang__)
#define PELLUCID_UNROLL _Pragma("unroll")
#else
// Early: arrays of sums that loops run over are kept in memory.
#define PELLUCID_UNROLL _Pragma("GCC unroll 16")
#endif

namespace pellucid {

// Where a prefetch may go: as a number, since a pointer past the end of an array may not even be
// computed, and prefetching there does no harm.
using Address = std::intptr_t;
inline Address address(const void* p) { return reinterpret_cast<Address>(p); }
PELLUCID_INLINE inline void prefetch(Address at) {
    __builtin_prefetch(reinterpret_cast<const void*>(at), 0, 2);
}

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

// Scratch memory begins at a cache line: a vector that straddles two lines is read twice.
template <class T>
struct Aligned {
    using value_type = T;
    static constexpr std::align_val_t kWhere{64};
    Aligned() = default;
    template <class U>
    Aligned(const Aligned<U>&) {}
    T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kWhere)); }
    void deallocate(T* p, std::size_t) { ::operator delete(p, kWhere); }
    template <class U>
    bool operator==(const Aligned<U>&) const {
        return true;
    }
    template <class U>
    bool operator!=(const Aligned<U>&) const {
        return false;
    }
};
template <class T>
using Buffer = std::vector<T, Aligned<T>>;

// Zeros of which the system gives the pages when they are first written. Gradients of weights that
// move while they are computed never are, and 128 MB took half of the time of a step to fill.
class LazyZeros {
public:
    explicit LazyZeros(std::size_t bytes) : memory_(std::calloc(bytes + kLine, 1)) {
        if (!memory_) throw std::bad_alloc();
    }
    template <class T>
    T* begin() const {
        const auto at = reinterpret_cast<std::uintptr_t>(memory_.get());
        return reinterpret_cast<T*>((at + kLine - 1) / kLine * kLine);
    }

private:
    struct Free {
        void operator()(void* memory) const { std::free(memory); }
    };
    static constexpr std::size_t kLine = 64;
    std::unique_ptr<void, Free> memory_;
};

// Rows of scratch matrices are padded to this many values, so that loops over them need no tails. A
// distance of rows that is a large power of two would map them to the same cache sets and cause
// conflict misses: such rows are padded once more.
constexpr std::int64_t kPad = 16;
inline std::int64_t padded(std::int64_t width) {
    const std::int64_t whole = (width + kPad - 1) / kPad * kPad;
    return whole % 256 == 0 && whole > 0 ? whole + kPad : whole;
}

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

// Loads the first n values, the rest 0: for the end of an array, where a whole vector would read
// past it.
template <class T>
inline Vec<T> load_part(const T* p, std::int64_t n) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4)
        return (Vec<T>)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p);
    else
        return (Vec<T>)_mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << n) - 1), p);
#elif defined(__AVX2__)
    if constexpr (sizeof(T) == 4) {
        const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        return (Vec<T>)_mm256_maskload_ps(
            p, _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lanes));
    } else {
        const __m256i lanes = _mm256_setr_epi64x(0, 1, 2, 3);
        return (Vec<T>)_mm256_maskload_pd(p, _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), lanes));
    }
#else
    Vec<T> v = {};
    std::memcpy(&v, p, static_cast<std::size_t>(n) * sizeof(T));
    return v;
#endif
}

template <class T>
inline void store_part(T* p, Vec<T> v, std::int64_t n) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4)
        _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), (__m512)v);
    else
        _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1u << n) - 1), (__m512d)v);
#else
    std::memcpy(p, &v, static_cast<std::size_t>(n) * sizeof(T));
#endif
}

template <class T>
inline Vec<T> fill(T x) {
    return x - Vec<T>{};  // x - 0 is x for every x, -0 included, which x + 0 is not
}

// sum + a b, rounded once where the processor can. All sums that must have the same bits on every
// path use it: whether a compiler contracts `sum + a * b` may depend on the code around it (GCC 13
// leaves chains of sums alone).
template <class T>
PELLUCID_INLINE inline Vec<T> add_product(Vec<T> sum, Vec<T> a, Vec<T> b) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4)
        return (Vec<T>)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)sum);
    else
        return (Vec<T>)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)sum);
#elif defined(__FMA__)
    if constexpr (sizeof(T) == 4)
        return (Vec<T>)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)sum);
    else
        return (Vec<T>)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)sum);
#elif defined(__aarch64__)
    if constexpr (sizeof(T) == 4)
        return (Vec<T>)vfmaq_f32((float32x4_t)sum, (float32x4_t)a, (float32x4_t)b);
    else
        return (Vec<T>)vfmaq_f64((float64x2_t)sum, (float64x2_t)a, (float64x2_t)b);
#else
    return sum + a * b;
#endif
}

// Chooses between a and b lane by lane: the bits of a lane are all 1 or all 0.
template <class T>
inline Vec<T> choose(Int<T> yes, Vec<T> a, Vec<T> b) {
    return yes ? a : b;
}

// b where one of them is NaN. (Compilers do not make one instruction of a comparison and a choice.)
template <class T>
inline Vec<T> larger(Vec<T> a, Vec<T> b) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4)
        return (Vec<T>)_mm512_max_ps((__m512)a, (__m512)b);
    else
        return (Vec<T>)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif defined(__AVX2__)
    if constexpr (sizeof(T) == 4)
        return (Vec<T>)_mm256_max_ps((__m256)a, (__m256)b);
    else
        return (Vec<T>)_mm256_max_pd((__m256d)a, (__m256d)b);
#else
    return a > b ? a : b;
#endif
}

template <class T>
inline Vec<T> smaller(Vec<T> a, Vec<T> b) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4)
        return (Vec<T>)_mm512_min_ps((__m512)a, (__m512)b);
    else
        return (Vec<T>)_mm512_min_pd((__m512d)a, (__m512d)b);
#elif defined(__AVX2__)
    if constexpr (sizeof(T) == 4)
        return (Vec<T>)_mm256_min_ps((__m256)a, (__m256)b);
    else
        return (Vec<T>)_mm256_min_pd((__m256d)a, (__m256d)b);
#else
    return a < b ? a : b;
#endif
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

template <class T>
inline Vec<T> size_of(Vec<T> x) {
    return larger<T>(x, -x);
}

template <class T>
inline Vec<T> minus_size_of(Vec<T> x) {
    return from_bits<T>(bits<T>(x) | bits<T>(fill<T>(T(-0.0))));
}

// Calls f(first, n) for every vector of a line of `count` values; n of its lanes are used.
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

// One bit for each lane that is not 0.
template <class T>
inline std::uint32_t nonzero(Vec<T> x) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4)
        return _mm512_cmp_ps_mask((__m512)x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    else
        return _mm512_cmp_pd_mask((__m512d)x, _mm512_setzero_pd(), _CMP_NEQ_UQ);
#elif defined(__AVX2__)
    if constexpr (sizeof(T) == 4)
        return static_cast<std::uint32_t>(
            _mm256_movemask_ps(_mm256_cmp_ps((__m256)x, _mm256_setzero_ps(), _CMP_NEQ_UQ)));
    else
        return static_cast<std::uint32_t>(
            _mm256_movemask_pd(_mm256_cmp_pd((__m256d)x, _mm256_setzero_pd(), _CMP_NEQ_UQ)));
#else
    std::uint32_t found = 0;
    for (int lane = 0; lane < kLanes<T>; ++lane)
        found |= static_cast<std::uint32_t>(x[lane] != 0) << lane;
    return found;
#endif
}

template <class T>
PELLUCID_INLINE inline bool is_finite(T x) {
    return x * T(0) == T(0);  // NaN and infinity times 0 are NaN
}

// Whether no value is NaN or infinite.
template <class T>
inline bool all_finite(const T* x, std::int64_t count) {
    // Bits are joined and not added up, since each addition would wait for the last.
    Int<T> found = {};
    each_vector<T>(count, [&](std::int64_t i, std::int64_t n) {
        found |= bits<T>(load_upto(x + i, n) * Vec<T>{});
    });
    return nonzero<T>(from_bits<T>(found)) == 0;
}

template <class T>
inline Vec<T> shuffle(Vec<T> a, Vec<T> b, Int<T> which) {
#if defined(__clang__)
    Vec<T> both;
    for (int lane = 0; lane < kLanes<T>; ++lane)
        both[lane] = which[lane] < kLanes<T> ? a[which[lane]] : b[which[lane] - kLanes<T>];
    return both;
#else
    return __builtin_shuffle(a, b, which);
#endif
}

// Transposes a square of values by perfect shuffles of its rows.
template <class T>
inline void transpose_square(Vec<T> (&rows)[kLanes<T>]) {
    constexpr int L = kLanes<T>;
    Int<T> low = {}, high = {};
    for (int lane = 0; lane < L; ++lane) {
        low[lane] = lane / 2 + lane % 2 * L;
        high[lane] = low[lane] + L / 2;
    }
    for (int round = 1; round < L; round *= 2) {
        Vec<T> next[L];
        for (int r = 0; r < L / 2; ++r) {
            next[2 * r] = shuffle<T>(rows[r], rows[r + L / 2], low);
            next[2 * r + 1] = shuffle<T>(rows[r], rows[r + L / 2], high);
        }
        for (int r = 0; r < L; ++r) rows[r] = next[r];
    }
}

// The indices of the bits of a byte that are 1, ascending, in one table for all bytes: a look-up
// needs no branch prediction.
struct Places {
    std::uint8_t of[256][8] = {};
    constexpr Places() {
        for (int byte = 0; byte < 256; ++byte)
            for (int bit = 0, n = 0; bit < 8; ++bit)
                if (byte >> bit & 1) of[byte][n++] = static_cast<std::uint8_t>(bit);
    }
};
inline constexpr Places kPlaceTable;

// The number of lanes that `write_places` takes at once.
#if defined(__AVX512F__)
constexpr int kPlaces = 16;
#else
constexpr int kPlaces = 8;
#endif

// Writes the indices of the chosen lanes, counted from `first`, in sequence; may write beyond them,
// up to kPlaces. Returns their number.
inline std::int64_t write_places(std::uint32_t chosen, std::int64_t first, std::int32_t* to) {
#if defined(__AVX512F__)
    const __m512i count = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i places = _mm512_add_epi32(count, _mm512_set1_epi32(static_cast<int>(first)));
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(static_cast<__mmask16>(chosen), places));
#elif defined(__AVX2__)
    const __m128i places =
        _mm_loadl_epi64(reinterpret_cast<const __m128i*>(kPlaceTable.of[chosen]));
    const __m256i sum =
        _mm256_add_epi32(_mm256_cvtepu8_epi32(places), _mm256_set1_epi32(static_cast<int>(first)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), sum);
#else
    for (int i = 0; i < 8; ++i)
        to[i] = static_cast<std::int32_t>(first) + kPlaceTable.of[chosen][i];
#endif
    return __builtin_popcount(chosen);
}

}  // namespace pellucid
