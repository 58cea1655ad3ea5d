// The gradients of a single row: a batch of 1. Products in tiles would set up a tile for each few
// multiply-adds, and turn W in memory; the sums and their bits are the same.
#pragma once

#include "matrix.h"

namespace pellucid {

// dx = dy W^T for one row of H values and W, D x H, read as it is: squares of W are turned within
// the registers. Both rows end in padding.
template <class T>
inline void turned_row(const T* dy, const T* W, std::int64_t D, std::int64_t H, T* dx,
                       const Threads& threads) {
    constexpr std::int64_t L = kLanes<T>, block = 4 * L;
    auto some = [&](std::int64_t task) {
        alignas(64) T edge[L * L];
        for (std::int64_t d = task * block; d < std::min(D, (task + 1) * block); d += L) {
            const std::int64_t rows = std::min(L, D - d);
            Vec<T> sum = {};
            for (std::int64_t h = 0; h < H; h += L) {
                const std::int64_t n = std::min(L, H - h);
                const T* from = W + d * H + h;
                std::int64_t apart = H;
                if (rows < L || n < L) {  // at W's edge
                    std::fill_n(edge, L * L, T(0));
                    for (std::int64_t r = 0; r < rows; ++r)
                        std::copy_n(from + r * H, n, edge + r * L);
                    from = edge, apart = L;
                }
                Vec<T> square[L];
                PELLUCID_UNROLL
                for (std::int64_t r = 0; r < L; ++r) square[r] = load(from + r * apart);
                transpose_square<T>(square);
                PELLUCID_UNROLL
                for (std::int64_t k = 0; k < L; ++k)
                    if (k < n) sum = add_product<T>(sum, fill<T>(dy[h + k]), square[k]);
            }
            store_upto(dx + d, sum + T(0), rows);
        }
    };
    threads.each((D + block - 1) / block, some, D * H >= kWorthThreads);
}

// dW = x^T dy, D x H, for one row, and done(rows, index of the first, how many) for each part;
// without dW the parts are in a buffer that stays in the nearest cache.
template <class T, class F>
inline void outer_row(const T* x, std::int64_t D, const T* dy, std::int64_t H, T* dW,
                      const Threads& threads, F done) {
    const std::int64_t at_once =
        std::max<std::int64_t>(1, kAtOnce<T> / std::max<std::int64_t>(H, 1));
    auto some = [&](std::int64_t task) {
        const std::int64_t first = task * at_once, rows = std::min(at_once, D - first);
        T* const to = dW ? dW + first * H : room_for_rows<T>(at_once * H + kPad);
        for (std::int64_t r = 0; r < rows; ++r) {
            const Vec<T> factor = fill<T>(x[first + r]);
            each_vector<T>(H, [&](std::int64_t h, std::int64_t n) PELLUCID_INLINE {
                const Vec<T> product = add_product<T>(Vec<T>{}, factor, load(dy + h));
                store_upto(to + r * H + h, product + T(0), n);
            });
        }
        done(to, first, rows);
    };
    threads.each((D + at_once - 1) / at_once, some, D * H >= kWorthThreads);
}

}  // namespace pellucid
