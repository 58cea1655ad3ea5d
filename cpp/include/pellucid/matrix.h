// Matrix products in register tiles. Every sum runs over k in ascending order in one chain of
// multiply-adds, whatever the tile, the block or the number of threads, and whether zeros are
// skipped or not: the bits are the same. (The sign of a sum of zeros would depend on which zeros
// were added: a last + 0 makes it +0.)
#pragma once

#include <algorithm>

#include "scratch.h"
#include "threads.h"
#include "vector.h"

namespace pellucid {

// The layout of a factor: element (i, k) is data[i * row + k * step].
template <class T>
struct Strided {
    const T* data;
    std::int64_t row;
    std::int64_t step;
};

// A factor or a result: rows of ld values.
template <class T>
struct Lines {
    T* data;
    std::int64_t ld, rows;
    std::int64_t readable;  // values that may be read from `data` on
    bool padded;            // rows may be written up to a multiple of the vector's lanes
};

#if defined(__AVX512F__)
constexpr int kTileRows = 8, kTileVectors = 3, kNarrowRows = 12;
#elif defined(__AVX2__)
constexpr int kTileRows = 4, kTileVectors = 3, kNarrowRows = 12;
#else
constexpr int kTileRows = 4, kTileVectors = 2, kNarrowRows = 8;
#endif

// One product C = start + A B: A is M x K, B and C are K x H and M x H with rows of ldb and ldc
// values.
template <class T>
struct Product {
    std::int64_t M, H, K;
    Strided<T> A;
    const T* B;
    std::int64_t ldb;
    T* C;
    std::int64_t ldc;
    const T* bias = nullptr;  // what every row of C starts from, H values; null for 0
    bool onto = false;        // start from what C holds
    bool padded_c = true;     // C's rows may be written up to a multiple of the vector's lanes
    bool streams = false;     // A is in no near cache: prefetch the rows below a tile
    bool turned = false;      // B is stored as its transpose, H x K: for multiply_blocked only
    // Values that may be read from B on; whole vectors are read before that end.
    std::int64_t readable = 0;
    Address ahead = 0;  // bytes from a value of B to one that is to be prefetched then
};

// Computes one tile of R rows and V vectors. A may be packed: then the values of a strip of
// kTileRows rows are side by side for each k. B may be far: then it is prefetched. Out of line,
// since many callers use the same tiles: inlined they took 15 KB a module, and no less time.
template <class T, int R, int V, bool packed, bool far = false>
__attribute__((noinline)) void tile(const Product<T>& p, std::int64_t row, std::int64_t column) {
    constexpr std::int64_t L = kLanes<T>;
    // Pointers to every third row of A; the two rows after it are reached by the distance of rows.
    // A pointer for every row would not fit into the registers.
    const T* a[(R + 2) / 3];
    for (int r = 0; r < R; r += 3) a[r / 3] = p.A.data + (row + r) * p.A.row;
    const std::int64_t apart = p.A.row, step = p.A.step, ldb = p.ldb;
    const T* const B = p.B + column;
    T* c[R];
    for (int r = 0; r < R; ++r) c[r] = p.C + (row + r) * p.ldc + column;
    const std::int64_t last = std::min<std::int64_t>(L, p.H - column - (V - 1) * L);
    Vec<T> sum[R][V];
    PELLUCID_UNROLL
    for (int v = 0; v < V; ++v) {
        const std::int64_t lanes = v == V - 1 ? last : L;
        const Vec<T> first = p.bias ? load_upto(p.bias + column + v * L, lanes) : Vec<T>{};
        PELLUCID_UNROLL
        for (int r = 0; r < R; ++r) sum[r][v] = p.onto ? load_upto(c[r] + v * L, lanes) : first;
    }
    constexpr std::int64_t size = sizeof(T);
    Address below = address(p.A.data) + (row + (p.streams ? R : 0)) * apart * size;
    const std::int64_t share = p.streams ? R * size : 0;
    auto add = [&](std::int64_t k, auto whole) PELLUCID_INLINE {
        const T* b = B + k * ldb;
        Vec<T> w[V];
        for (int v = 0; v < V; ++v)
            w[v] = whole || v < V - 1 ? load(b + v * L) : load_part(b + v * L, last);
        PELLUCID_UNROLL
        for (int r = 0; r < R; ++r) {
            const Vec<T> x =
                fill<T>(packed ? a[0][k * kTileRows + r] : (a[r / 3] + k * step)[r % 3 * apart]);
            PELLUCID_UNROLL
            for (int v = 0; v < V; ++v) sum[r][v] = add_product<T>(sum[r][v], x, w[v]);
        }
        for (int v = 0; far && v < V; ++v) prefetch(address(b + v * L) + p.ahead);
        if (V <= 2 && !far) {
            prefetch(below);
            below += share;
        }
    };
    // Up to this k a whole last vector can be read: beyond the row, but not beyond the array.
    const std::int64_t room = p.readable - column - V * L, K = p.K;
    const std::int64_t safe = room < 0 ? 0 : room / p.ldb + 1;
    std::int64_t k = 0;
    for (; k < std::min(K, safe); ++k) add(k, std::true_type{});
    for (; k < K; ++k) add(k, std::false_type{});
    PELLUCID_UNROLL
    for (int r = 0; r < R; ++r) PELLUCID_UNROLL
    for (int v = 0; v < V; ++v) {
        if (p.padded_c || v < V - 1)
            store(c[r] + v * L, sum[r][v] + T(0));
        else
            store_upto(c[r] + v * L, sum[r][v] + T(0), last);
    }
}

template <class T, int V, bool packed, bool far>
inline void tile_rows(const Product<T>& p, std::int64_t row, std::int64_t rows,
                      std::int64_t column) {
    if constexpr (V == 1 && !packed)
        for (; rows >= kNarrowRows; rows -= kNarrowRows, row += kNarrowRows)
            tile<T, kNarrowRows, V, packed, far>(p, row, column);
    if constexpr (V == 2 && kTileRows == 4 && kTileVectors == 3 && !packed)
        for (; rows >= 6; rows -= 6, row += 6) tile<T, 6, V, packed, far>(p, row, column);
    if constexpr (kTileRows == 8)
        for (; rows >= 8; rows -= 8, row += 8) tile<T, 8, V, packed, far>(p, row, column);
    for (; rows >= 4; rows -= 4, row += 4)
        tile<T, 4, V, packed && kTileRows == 4, far>(p, row, column);
    for (; rows >= 2; rows -= 2, row += 2) tile<T, 2, V, false, far>(p, row, column);
    if (rows) tile<T, 1, V, false, far>(p, row, column);
}

template <class T, bool packed = false, bool far = false>
inline void panel(const Product<T>& p, std::int64_t row, std::int64_t rows, std::int64_t column) {
    const std::int64_t vectors = (p.H - column + kLanes<T> - 1) / kLanes<T>;
    if (kTileVectors >= 3 && vectors >= 3)
        tile_rows<T, 3, packed, far>(p, row, rows, column);
    else if (vectors >= 2)
        tile_rows<T, 2, packed, far && kTileVectors == 2>(p, row, rows, column);
    else
        tile_rows<T, 1, packed, false>(p, row, rows, column);
}

// Values of a gradient that are computed at once: few, so that they stay in the nearest cache while
// the weights move by them.
template <class T>
constexpr std::int64_t kAtOnce = 16384 / sizeof(T);

// Returns a buffer for so many values, this thread's own until it asks again.
template <class T>
inline T* room_for_rows(std::int64_t count) {
    return of_thread<Room<T>>().of(count);
}

// Multiply-adds below which waking a thread costs more than it gains.
constexpr std::int64_t kWorthThreads = 3 << 17;

// Computes the product; threads share its tiles where that pays.
template <class T>
inline void multiply(const Product<T>& p, const Threads& threads) {
    const std::int64_t width = kTileVectors * kLanes<T>;
    const std::int64_t panels = (p.H + width - 1) / width;
    if (p.M * p.H * p.K < kWorthThreads || threads.count() == 1) {
        for (std::int64_t j = 0; j < panels; ++j) panel(p, 0, p.M, j * width);
        return;
    }
    const std::int64_t share =
        std::max<std::int64_t>(kTileRows, (p.M / (4 * threads.count())) / kTileRows * kTileRows);
    const std::int64_t parts = (p.M + share - 1) / share;
    threads.each(panels * parts, [&](std::int64_t task) {
        const std::int64_t row = task % parts * share;
        panel(p, row, std::min(share, p.M - row), task / parts * width);
    });
}

// Writes the transpose of a K x H matrix (rows of lda values) into an H x K one (rows of ldb), in
// squares.
template <class T>
inline void transpose(const T* a, std::int64_t lda, std::int64_t K, std::int64_t H, T* b,
                      std::int64_t ldb) {
    constexpr std::int64_t L = kLanes<T>;
    for (std::int64_t i = 0; i < K; i += L)
        for (std::int64_t j = 0; j < H; j += L) {
            if (i + L > K || j + L > H) {
                for (std::int64_t h = j; h < std::min(H, j + L); ++h)
                    for (std::int64_t k = i; k < std::min(K, i + L); ++k)
                        b[h * ldb + k] = a[k * lda + h];
                continue;
            }
            Vec<T> square[L];
            for (std::int64_t r = 0; r < L; ++r) square[r] = load(a + (i + r) * lda + j);
            transpose_square<T>(square);
            for (std::int64_t r = 0; r < L; ++r) store(b + (j + r) * ldb + i, square[r]);
        }
}

}  // namespace pellucid
