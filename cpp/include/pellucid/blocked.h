// Products with a factor too large for the nearest caches: packed in blocks, or read in order where
// there are few rows. The sums are those of matrix.h, with the same bits.
#pragma once

#include "matrix.h"

namespace pellucid {

// Copies rows k to k + K of A's strip (the rows of a tile) so that a tile reads them in order. The
// compiler knows the sizes of a whole strip: five times as fast as the loop for the last one.
template <class T>
inline void pack_strip(const Product<T>& p, std::int64_t first, std::int64_t k, std::int64_t K,
                       T* __restrict to) {
    const std::int64_t rows = std::min<std::int64_t>(kTileRows, p.M - first), apart = p.A.row,
                       step = p.A.step;
    const T* const from = p.A.data + first * apart + k * step;
    if (rows == kTileRows && step == 1)
        for (std::int64_t i = 0; i < K; ++i) PELLUCID_UNROLL
    for (std::int64_t r = 0; r < kTileRows; ++r) to[i * kTileRows + r] = from[r * apart + i];
    else if (rows == kTileRows && apart == 1) for (std::int64_t i = 0; i < K; ++i)
        std::copy_n(from + i * step, kTileRows, to + i * kTileRows);
    else for (std::int64_t i = 0; i < K; ++i) for (std::int64_t r = 0; r < rows; ++r)
        to[i * kTileRows + r] = from[r * apart + i * step];
}

// The columns of a packed panel of B.
template <class T>
constexpr std::int64_t kPanel = kTileVectors * kLanes<T>;

// Copies rows k to k + K of B's panel in the same way, with zeros after B's last column.
template <class T>
inline void pack_panel(const Product<T>& p, std::int64_t column, std::int64_t k, std::int64_t K,
                       T* __restrict to) {
    constexpr std::int64_t width = kPanel<T>;
    const std::int64_t columns = std::min(width, p.H - column);
    if (p.turned) {
        transpose(p.B + column * p.ldb + k, p.ldb, columns, K, to, width);
        for (std::int64_t i = 0; columns < width && i < K; ++i)
            std::fill(to + i * width + columns, to + (i + 1) * width, T(0));
        return;
    }
    const T* from = p.B + k * p.ldb + column;
    if (columns == width)
        for (std::int64_t i = 0; i < K; ++i, from += p.ldb, to += width)
            std::copy_n(from, width, to);
    else
        for (std::int64_t i = 0; i < K; ++i, from += p.ldb, to += width) {
            std::copy_n(from, columns, to);
            std::fill(to + columns, to + width, T(0));
        }
}

// Computes a strip of a packed panel. Out of line: the tiles take much space, and are not to be
// there once for each caller.
template <class T>
__attribute__((noinline)) void packed_panel(const Product<T>& p, std::int64_t rows) {
    panel<T, true>(p, 0, std::min<std::int64_t>(kTileRows, rows), 0);
}

// A part of B in memory: rows of `apart` values, of which `size` count.
template <class T>
struct Block {
    const T* data;
    std::int64_t rows, size, apart;
};

// The part of B that pack_panel reads, without what is beyond B's end.
template <class T>
inline Block<T> block_of(const Product<T>& p, std::int64_t column, std::int64_t k, std::int64_t K) {
    const std::int64_t columns = std::clamp<std::int64_t>(p.H - column, 0, kPanel<T>);
    K = std::clamp<std::int64_t>(p.K - k, 0, K);
    if (p.turned) return {p.B + column * p.ldb + k, columns, K, p.ldb};
    return {p.B + k * p.ldb + column, K, columns, p.ldb};
}

// Prefetches, for the i-th of n tiles, its share of the block that is packed after them, and C's
// rows below the tile: they are in no near cache. (Inlined by force: GCC drops a call that only
// prefetches, as one without effect.)
template <class T>
PELLUCID_INLINE inline void prefetch_next(const Product<T>& p, std::int64_t rows,
                                          const Block<T>& next, std::int64_t i, std::int64_t n) {
    constexpr std::int64_t line = 64 / sizeof(T);
    for (std::int64_t r = kTileRows; r < rows; ++r)
        for (std::int64_t h = 0; h < p.H; h += line) __builtin_prefetch(p.C + r * p.ldc + h, 1);
    for (std::int64_t r = next.rows * i / n; r < next.rows * (i + 1) / n; ++r)
        for (std::int64_t h = 0; h < next.size; h += line)
            __builtin_prefetch(next.data + r * next.apart + h, 0, 2);
}

// The same for large matrices, after Goto and van de Geijn ("Anatomy of high-performance matrix
// multiplication", ACM TOMS 34, 2008): k in blocks, for which A is packed; then blocks of rows that
// stay in a core's own cache, with one panel of B after the other, packed just before its tiles
// while it stays in that cache, too.
template <class T>
inline void multiply_blocked(const Product<T>& p, const Threads& threads) {
    constexpr std::int64_t depth = 512, panel_depth = 128, width = kPanel<T>,
                           strips_a_block = 128 / kTileRows;
    const std::int64_t panels = (p.H + width - 1) / width,
                       strips = (p.M + kTileRows - 1) / kTileRows;
    const std::int64_t blocks = (strips + strips_a_block - 1) / strips_a_block;
    T* const A = of_thread<Packed<T>>().of(strips * kTileRows * std::min(depth, p.K));
    for (std::int64_t first = 0; first < p.K; first += depth) {
        const std::int64_t end = std::min(p.K, first + depth);
        threads.each(strips, [&](std::int64_t i) {
            pack_strip(p, i * kTileRows, first, end - first, A + i * kTileRows * (end - first));
        });
        threads.each(blocks * panels, [&](std::int64_t task) {
            T* const B = of_thread<Panel<T>>().of(panel_depth * width);
            const std::int64_t j = task % panels * width, from = task / panels * strips_a_block;
            Product<T> part = p;
            part.H = std::min(width, p.H - j);
            part.B = B;
            part.ldb = width;
            part.bias = p.bias ? p.bias + j : nullptr;
            part.readable = panel_depth * width;
            for (std::int64_t k = first; k < end; k += panel_depth) {
                part.K = std::min(panel_depth, end - k);
                pack_panel(p, j, k, part.K, B);
                part.onto = k > 0 || p.onto;
                if (k > 0) part.bias = nullptr;
                const bool last = k + panel_depth >= end;
                const Block<T> next = last ? block_of(p, j + width, first, panel_depth)
                                           : block_of(p, j, k + panel_depth, panel_depth);
                const std::int64_t n = std::min(strips_a_block, strips - from);
                for (std::int64_t i = 0; i < n; ++i) {
                    const std::int64_t row = (from + i) * kTileRows;
                    part.A = {A + row * (end - first) + (k - first) * kTileRows, 1, kTileRows};
                    part.C = p.C + row * p.ldc + j;
                    prefetch_next(part, std::min<std::int64_t>(2 * kTileRows, p.M - row), next, i,
                                  n);
                    packed_panel(part, p.M - row);
                }
            }
        });
    }
}

// The rows of C that multiply_by_rows computes at once.
constexpr std::int64_t kRowsAtOnce = 16;

// Computes C some rows at a time in a buffer that stays in a core's own cache, and calls
// done(rows, index of the first, how many) for each part: p.C is not used. B is packed whole, so it
// must be small: the gradients of a batch.
template <class T, class F>
inline void multiply_by_rows(const Product<T>& p, const Threads& threads, F done) {
    constexpr std::int64_t width = kPanel<T>;
    const std::int64_t panels = (p.H + width - 1) / width;
    const bool shared = p.M * p.H * p.K >= kWorthThreads;
    T* const B = of_thread<Packed<T>>().of(panels * width * p.K);
    threads.each(
        panels, [&](std::int64_t i) { pack_panel(p, i * width, 0, p.K, B + i * width * p.K); },
        shared);
    auto some = [&](std::int64_t task) {
        const std::int64_t first = task * kRowsAtOnce, rows = std::min(kRowsAtOnce, p.M - first);
        T* const A = of_thread<Panel<T>>().of(kRowsAtOnce * p.K);
        T* const C = room_for_rows<T>(kRowsAtOnce * p.H + kPad);
        for (std::int64_t r = 0; r < rows; r += kTileRows)
            pack_strip(p, first + r, 0, p.K, A + r * p.K);
        Product<T> part = p;
        part.ldb = width;
        part.readable = width * p.K;
        for (std::int64_t i = 0; i < panels; ++i) {
            part.H = std::min(width, p.H - i * width);
            part.B = B + i * width * p.K;
            for (std::int64_t r = 0; r < rows; r += kTileRows) {
                part.A = {A + r * p.K, 1, kTileRows};
                part.C = C + r * p.H + i * width;
                part.ldc = p.H;
                packed_panel(part, rows - r);
            }
        }
        done(C, first, rows);
    };
    threads.each((p.M + kRowsAtOnce - 1) / kRowsAtOnce, some, shared);
}

// y += x B for one row and R rows of B, with `start` as what y holds before.
template <class T, int R>
inline void add_rows(const T* x, std::int64_t step, const T* B, std::int64_t ldb, const T* start,
                     T* y, std::int64_t columns) {
    Vec<T> factors[R];
    for (int r = 0; r < R; ++r) factors[r] = fill<T>(x[r * step]);
    each_vector<T>(columns, [&](std::int64_t j, std::int64_t lanes) PELLUCID_INLINE {
        Vec<T> sum = start ? load_upto(start + j, lanes) : Vec<T>{};
        PELLUCID_UNROLL
        for (int r = 0; r < R; ++r)
            sum = add_product<T>(sum, factors[r], load_upto(B + r * ldb + j, lanes));
        store_upto(y + j, sum + T(0), lanes);
    });
}

// The same for few rows and weights that are in no near cache: the weights are read once, in order,
// a few rows of B at a time, while C stays in the cache. A panel of all of B's rows would be read
// in strides of a row: caches, prefetchers and page tables all serve that badly.
template <class T>
inline void multiply_few(const Product<T>& p, const Threads& threads) {
    constexpr std::int64_t width = kPanel<T>, at_once = 8;
    const std::int64_t depth = std::clamp<std::int64_t>((1 << 16) / p.ldb, 8, 128);
    const std::int64_t share = (p.H + threads.count() - 1) / threads.count();
    const std::int64_t longest = (p.M == 1 ? 4096 : 1024) / width * width;
    const std::int64_t columns = std::min(longest, (share + width - 1) / width * width);
    auto one_row = [&](std::int64_t j, std::int64_t n) {
        const T* start = p.onto ? p.C + j : p.bias ? p.bias + j : nullptr;
        const T *x = p.A.data, *B = p.B + j;
        std::int64_t k = 0;
        for (; k + at_once <= p.K; k += at_once, start = p.C + j)
            add_rows<T, at_once>(x + k * p.A.step, p.A.step, B + k * p.ldb, p.ldb, start, p.C + j,
                                 n);
        for (; k < p.K; ++k, start = p.C + j)
            add_rows<T, 1>(x + k * p.A.step, p.A.step, B + k * p.ldb, p.ldb, start, p.C + j, n);
    };
    auto some_rows = [&](std::int64_t first, std::int64_t n) {
        Product<T> part = p;
        part.ahead = depth * p.ldb * static_cast<Address>(sizeof(T));
        for (std::int64_t k = 0; k < p.K; k += depth) {
            part.K = std::min(depth, p.K - k);
            part.A.data = p.A.data + k * p.A.step;
            part.B = p.B + k * p.ldb;
            part.readable = p.readable - k * p.ldb;
            part.onto = k > 0 || p.onto;
            for (std::int64_t j = first; j < first + n; j += width) {
                panel<T, false, true>(part, 0, p.M, j);
            }
        }
    };
    auto share_out = [&](std::int64_t task) {
        const std::int64_t j = task * columns, n = std::min(columns, p.H - j);
        p.M == 1 && p.K > 0 ? one_row(j, n) : some_rows(j, n);
    };
    threads.each((p.H + columns - 1) / columns, share_out, p.M * p.H * p.K >= kWorthThreads);
}

// Whether rows of ld values map to the same cache sets and cause conflict misses, unless they are
// packed: their distance is a large power of two.
inline bool conflicts(std::int64_t ld) { return ld % 512 == 0; }

// Whether B is in no near cache, neither as it is nor for its strides: then it is read in order.
template <class T>
inline bool is_far(const Product<T>& p) {
    const std::int64_t bytes = p.H * p.K * static_cast<std::int64_t>(sizeof(T));
    return p.H >= 192 && p.K >= 64 && bytes >= (conflicts(p.ldb) ? 2 << 20 : 8 << 20);
}

template <class T>
inline void product(const Product<T>& p, const Threads& threads) {
    const bool far = is_far(p);
    const std::int64_t least = far ? 6 * kTileRows : conflicts(p.ldb) ? 64 : 192;
    if (p.M >= least && p.H >= 192 && p.K >= 64)
        multiply_blocked(p, threads);
    else if (far || (p.M == 1 && p.H >= 128 && p.K >= 64))
        multiply_few(p, threads);
    else
        multiply(p, threads);
}

}  // namespace pellucid
