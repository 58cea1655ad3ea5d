// Sixteen bytes at a time, as pictures have them: which are not 0, shuffles, and numbers made of them.
#pragma once

#include "vector.h"

namespace pellucid {

typedef std::uint8_t Bytes __attribute__((vector_size(16)));

// The first n of sixteen bytes, the rest 0.
inline Bytes load_bytes(const std::uint8_t* p, std::int64_t n) {
    Bytes bytes = {};
    if (n == 16)
        std::memcpy(&bytes, p, 16);
    else
        std::memcpy(&bytes, p, static_cast<std::size_t>(n));
    return bytes;
}

// One bit for each byte that is not 0.
inline std::uint32_t alive(Bytes x) {
#if defined(__x86_64__)
    return 0xffffu & ~static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8((__m128i)x, _mm_setzero_si128())));
#else
    std::uint32_t found = 0;
    for (int i = 0; i < 16; ++i) found |= static_cast<std::uint32_t>(x[i] != 0) << i;
    return found;
#endif
}

// The lower, or upper, halves of a and b, byte by byte in turn.
inline Bytes lower_bytes(Bytes a, Bytes b) {
#if defined(__clang__)
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
#else
    return __builtin_shuffle(a, b, Bytes{0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23});
#endif
}
inline Bytes upper_bytes(Bytes a, Bytes b) {
#if defined(__clang__)
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#else
    return __builtin_shuffle(a, b, Bytes{8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31});
#endif
}

// The N bytes at `from`, and the N at `other`, as numbers, each times `factor`.
template <class T, int N>
inline void to_numbers(const std::uint8_t* from, const std::uint8_t* other, T factor, T* to) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4 && N == 8) {
        const __m128i first = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
        const __m128i both = _mm_unpacklo_epi64(first, _mm_loadl_epi64(reinterpret_cast<const __m128i*>(other)));
        _mm512_storeu_ps(to, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(both)) * factor);
        return;
    }
#elif defined(__AVX2__)
    if constexpr (sizeof(T) == 4 && N == 4) {
        std::int32_t four[2];
        std::memcpy(&four[0], from, 4);
        std::memcpy(&four[1], other, 4);
        const __m128i both = _mm_insert_epi32(_mm_cvtsi32_si128(four[0]), four[1], 1);
        _mm256_storeu_ps(to, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(both)) * factor);
        return;
    }
#endif
    for (int i = 0; i < N; ++i) {
        to[i] = static_cast<T>(from[i]) * factor;
        to[N + i] = static_cast<T>(other[i]) * factor;
    }
}

}  // namespace pellucid
