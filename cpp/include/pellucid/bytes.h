// Rows of bytes, as images have them, a block of columns at a time: which columns are not all 0,
// their bytes side by side, and floating values made of these.
#pragma once

#include "vector.h"

namespace pellucid {

// The number of columns in a block.
#if defined(__AVX2__) && !defined(__AVX512F__)
constexpr int kByteBlock = 32;
#else
constexpr int kByteBlock = 16;
#endif
typedef std::uint8_t Bytes __attribute__((vector_size(kByteBlock)));

// The first n bytes of a block, the rest 0.
inline Bytes load_bytes(const std::uint8_t* p, std::int64_t n) {
    Bytes bytes = {};
    if (n == kByteBlock)
        std::memcpy(&bytes, p, kByteBlock);
    else
        std::memcpy(&bytes, p, static_cast<std::size_t>(n));
    return bytes;
}

// One bit for each byte that is not 0.
inline std::uint32_t nonzero(Bytes x) {
#if defined(__AVX2__) && !defined(__AVX512F__)
    return ~static_cast<std::uint32_t>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8((__m256i)x, _mm256_setzero_si256())));
#elif defined(__x86_64__)
    return 0xffffu & ~static_cast<std::uint32_t>(
                         _mm_movemask_epi8(_mm_cmpeq_epi8((__m128i)x, _mm_setzero_si128())));
#else
    std::uint32_t found = 0;
    for (int i = 0; i < 16; ++i) found |= static_cast<std::uint32_t>(x[i] != 0) << i;
    return found;
#endif
}

#if defined(__AVX2__) && !defined(__AVX512F__)

// Of the block of columns from k on, writes the indices of the chosen columns, and the bytes of
// each, in sequence; may write beyond them, up to eight columns. Returns their number.
template <int R>
inline std::int64_t write_columns(const Bytes (&rows)[R], std::uint32_t chosen, std::int64_t k,
                                  std::int32_t* places, std::uint8_t* bytes) {
    static_assert(R == 4);
    const __m256i x[4] = {(__m256i)rows[0], (__m256i)rows[1], (__m256i)rows[2], (__m256i)rows[3]};
    const __m256i even = _mm256_unpacklo_epi8(x[0], x[2]), odd = _mm256_unpacklo_epi8(x[1], x[3]);
    const __m256i upper_even = _mm256_unpackhi_epi8(x[0], x[2]),
                  upper_odd = _mm256_unpackhi_epi8(x[1], x[3]);
    const __m256i a = _mm256_unpacklo_epi8(even, odd),
                  b = _mm256_unpackhi_epi8(even, odd);  // columns 0 to 7, 16 to 23
    const __m256i c = _mm256_unpacklo_epi8(upper_even, upper_odd),
                  d = _mm256_unpackhi_epi8(upper_even, upper_odd);
    const __m256i eights[] = {
        _mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(c, d, 0x20),
        _mm256_permute2x128_si256(a, b, 0x31), _mm256_permute2x128_si256(c, d, 0x31)};
    __m256i first = _mm256_set1_epi32(static_cast<int>(k));
    std::int64_t found = 0;
    for (const __m256i& eight : eights) {
        const std::uint8_t* const of = kPlaceTable.of[chosen & 255];
        const __m256i lanes =
            _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(of)));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(places + found),
                            _mm256_add_epi32(first, lanes));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(bytes + found * R),
                            _mm256_permutevar8x32_epi32(eight, lanes));
        found += __builtin_popcount(chosen & 255);
        first = _mm256_add_epi32(first, _mm256_set1_epi32(8));
        chosen >>= 8;
    }
    return found;
}

#else

// Interleaves the lower, or upper, halves of a and b byte by byte.
inline Bytes lower_bytes(Bytes a, Bytes b) {
#if defined(__clang__)
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
#else
    return __builtin_shuffle(a, b, Bytes{0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23});
#endif
}
inline Bytes upper_bytes(Bytes a, Bytes b) {
#if defined(__clang__)
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                   31);
#else
    return __builtin_shuffle(a, b,
                             Bytes{8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31});
#endif
}

// Transposes rows into columns, in sequence: perfect shuffles of the rows' bytes.
template <int R>
inline void mix(Bytes (&rows)[R]) {
    for (int round = 1; round < R; round *= 2) {
        Bytes next[R];
        for (int r = 0; r < R / 2; ++r) {
            next[2 * r] = lower_bytes(rows[r], rows[r + R / 2]);
            next[2 * r + 1] = upper_bytes(rows[r], rows[r + R / 2]);
        }
        for (int r = 0; r < R; ++r) rows[r] = next[r];
    }
}

// Of the block of columns from k on, writes the indices of the chosen columns, and the bytes of
// each, in sequence; may write beyond them, up to kPlaces columns. Returns their number.
template <int R>
inline std::int64_t write_columns(Bytes (&rows)[R], std::uint32_t chosen, std::int64_t k,
                                  std::int32_t* places, std::uint8_t* bytes) {
    mix(rows);
    std::int64_t found = 0;
    for (int half = 0; half < 2; ++half) {
        const std::uint32_t part = chosen >> (8 * half) & 255;
#if defined(__AVX512F__)
        static_assert(R == 8);
        const __m128i* const x = reinterpret_cast<const __m128i*>(rows) + 4 * half;
        const __m512i eight = _mm512_inserti64x4(
            _mm512_castsi256_si512(_mm256_set_m128i(x[1], x[0])), _mm256_set_m128i(x[3], x[2]), 1);
        _mm512_storeu_si512(bytes + found * R,
                            _mm512_maskz_compress_epi64(static_cast<__mmask8>(part), eight));
#else
        const std::uint8_t* const eight =
            reinterpret_cast<const std::uint8_t*>(rows) + half * 8 * R;
        for (int i = 0; i < 8; ++i)
            std::memcpy(bytes + (found + i) * R, eight + kPlaceTable.of[part][i] * R, R);
#endif
        found += __builtin_popcount(part);
    }
    for (int half = 0; half < 16; half += kPlaces)
        places += write_places(chosen >> half & ((1u << kPlaces) - 1), k + half, places);
    return found;
}

#endif

// Converts the 2 N bytes at `from` to floating values, each times `factor`.
template <class T, int N>
inline void to_numbers(const std::uint8_t* from, T factor, T* to) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4 && N == 8) {
        const __m128i both = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        _mm512_storeu_ps(to, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(both)) * factor);
        return;
    }
#elif defined(__AVX2__)
    if constexpr (sizeof(T) == 4 && N == 4) {
        const __m128i both = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
        _mm256_storeu_ps(to, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(both)) * factor);
        return;
    }
#endif
    for (int i = 0; i < 2 * N; ++i) to[i] = static_cast<T>(from[i]) * factor;
}

}  // namespace pellucid
