// Products with a wide first layer's input that is mostly 0, and its transpose; the sums are those of matrix.h, bit for
// bit. A wide layer has so much to do for each number that every single zero is worth passing over.
#pragma once

#include <algorithm>

#include "ahead.h"
#include "matrix.h"

namespace pellucid {

// How many columns make a group, and how many vectors of a row are scattered or gathered at once: as many as the
// registers hold of what stays in them, the group's weights or its sums.
#if defined(__AVX512F__)
constexpr int kGroupColumns = 4, kScattered = 4, kGathered = 4;
#elif defined(__AVX2__)
constexpr int kGroupColumns = 2, kScattered = 6, kGathered = 5;
#else
constexpr int kGroupColumns = 2, kScattered = 4, kGathered = 4;
#endif

// Groups of neighbouring columns, and the rows in which they are not all 0.
template <class T>
class Columns {
public:
    static constexpr std::int64_t kGroup = kGroupColumns;

    struct Group {
        const T* values;            // its columns one after the other, `apart` numbers from each other
        const std::int32_t* index;  // the rows, ascending
        std::int64_t count;
    };

    std::int64_t width() const { return width_; }
    std::int64_t apart() const { return apart_; }
    std::int64_t count() const { return static_cast<std::int64_t>(groups_.size()); }
    std::int64_t numbers() const {
        std::int64_t sum = 0;
        for (const Group& group : groups_) sum += group.count;
        return sum * kGroup;
    }
    const Group& operator[](std::int64_t i) const { return groups_[static_cast<std::size_t>(i)]; }

    // Takes in x, N x width with rows of ld numbers (padded).
    void take(const T* x, std::int64_t N, std::int64_t width, std::int64_t ld) {
        constexpr std::int64_t L = kLanes<T>;
        width_ = width;
        apart_ = padded(N) + kPad;
        groups_.resize(static_cast<std::size_t>((width + kGroup - 1) / kGroup));
        index_.resize(groups_.size() * static_cast<std::size_t>(apart_));
        values_.resize(groups_.size() * static_cast<std::size_t>(kGroup * apart_));
        for (std::int64_t g = 0; g < count(); ++g)
            groups_[static_cast<std::size_t>(g)] = {values_.data() + g * kGroup * apart_, index_.data() + g * apart_, 0};
        for (std::int64_t k = 0; k < width; k += std::max(L, kGroup))
            for (std::int64_t i = 0; i < N; i += L) take_block(x + i * ld + k, std::min(L, N - i), ld, k, i, width - k);
    }

private:
    static constexpr std::int64_t kSquares = kLanes<T> < kGroup ? kGroup / kLanes<T> : 1;  // side by side, to fill a group

    void take_block(const T* x, std::int64_t rows, std::int64_t ld, std::int64_t k, std::int64_t row, std::int64_t columns) {
        constexpr std::int64_t L = kLanes<T>;
        Vec<T> block[kSquares * L];
        Int<T> any = {};
        for (std::int64_t s = 0; s < kSquares; ++s) {
            Vec<T> square[L];
            for (std::int64_t r = 0; r < L; ++r) {
                square[r] = r < rows && s * L < columns ? load(x + r * ld + s * L) : Vec<T>{};
                any |= bits<T>(square[r]);
            }
            turn<T>(square);
            for (std::int64_t c = 0; c < L; ++c) block[s * L + c] = square[c];
        }
        if (alive<T>(from_bits<T>(any)) == 0) return;
        for (std::int64_t c = 0; c < std::min(kSquares * L, columns); c += kGroup) {
            const std::int64_t g = (k + c) / kGroup;
            Int<T> here = {};
            for (std::int64_t n = 0; n < kGroup; ++n) {
                const Vec<T> column = c + n < columns ? block[c + n] : Vec<T>{};
                store(values_.data() + (g * kGroup + n) * apart_ + row, column);
                here |= bits<T>(column);
            }
            std::int64_t& found = groups_[static_cast<std::size_t>(g)].count;
            found += write_places(alive<T>(from_bits<T>(here)), row, index_.data() + g * apart_ + found);
        }
    }

    std::int64_t width_ = 0, apart_ = 0;
    std::vector<Group> groups_;
    Buffer<std::int32_t> index_;
    Buffer<T> values_;
};

// Calls f(V, column) for at most so many vectors at once.
template <class T, int most, class F>
inline void each_width(std::int64_t column, std::int64_t end, F f) {
    while (column < end) {
        const std::int64_t vectors = (end - column + kLanes<T> - 1) / kLanes<T>;
        auto go = [&](auto V) {
            f(V, column);
            column += V * kLanes<T>;
        };
        if (vectors >= most)
            go(std::integral_constant<int, most>{});
        else if (most > 4 && vectors >= 4)
            go(std::integral_constant<int, 4>{});
        else if (vectors >= 2)
            go(std::integral_constant<int, 2>{});
        else
            go(std::integral_constant<int, 1>{});
    }
}

// V vectors of C = start + X B: group by group of X's columns, their rows of B are added to those of C whose numbers are
// not all 0.
template <class T, int V>
inline void scatter(const Columns<T>& x, std::int64_t H, Lines<const T> B, const T* start, Lines<T> C, std::int64_t column, Ahead* ahead) {
    constexpr std::int64_t L = kLanes<T>, G = Columns<T>::kGroup;
    const std::int64_t last = std::min(L, H - column - (V - 1) * L), apart = x.apart();
    T* const c = C.data + column;
    for (int v = 0; v < V; ++v) {
        const Vec<T> first = start ? load_upto(start + column + v * L, v == V - 1 ? last : L) : Vec<T>{};
        for (std::int64_t i = 0; i < C.rows; ++i) store(c + i * C.ld + v * L, first);
    }
    for (std::int64_t g = 0; g < x.count(); ++g) {
        const auto group = x[g];  // a copy, which what is stored to C cannot change: the loop need not read it again
        Vec<T> w[G][V];
        for (int n = 0; n < G; ++n) {
            const std::int64_t k = std::min(g * G + n, x.width() - 1);
            const T* const b = B.data + k * B.ld + column;
            const bool whole = k * B.ld + column + V * L <= B.readable;
            for (int v = 0; v < V; ++v) w[n][v] = whole || v < V - 1 ? load(b + v * L) : load_part(b + v * L, last);
        }
        for (const std::int32_t *i = group.index, *const end = i + group.count; i < end; ++i) {
            Vec<T> value[G];
            for (int n = 0; n < G; ++n) value[n] = fill<T>(group.values[n * apart + *i]);
            T* const to = c + *i * C.ld;
            for (int v = 0; v < V; ++v) {
                Vec<T> sum = load(to + v * L);
                for (int n = 0; n < G; ++n) sum = add_product<T>(sum, value[n], w[n][v]);
                store(to + v * L, sum);
            }
        }
        if (ahead) ahead->line(), ahead->line();
    }
    for (std::int64_t i = 0; i < C.rows; ++i)
        for (int v = 0; v < V; ++v) store(c + i * C.ld + v * L, load(c + i * C.ld + v * L) + T(0));
}

// C = start + X B, of a padded C.
template <class T>
inline void product(const Columns<T>& x, std::int64_t H, Lines<const T> B, const T* start, Lines<T> C, const Threads& threads, Ahead* ahead) {
    constexpr std::int64_t L = kLanes<T>;
    const std::int64_t vectors = (H + L - 1) / L;
    const bool shared = threads.count() > 1 && x.numbers() * H >= kWorthThreads;
    const std::int64_t wanted = shared ? (vectors + threads.count() - 1) / threads.count() : vectors;
    const std::int64_t rounds = (wanted + kScattered - 1) / kScattered;  // as many for every thread
    const std::int64_t width = (wanted + rounds - 1) / rounds * L, panels = (H + width - 1) / width;
    threads.each(panels, [&](std::int64_t task) {
        each_width<T, kScattered>(task * width, std::min(H, task * width + width), [&](auto V, std::int64_t column) {
            scatter<T, V>(x, H, B, start, C, column, task == 0 ? ahead : nullptr);
        });
    });
}

// V vectors of the rows of C = X^T B that belong to groups `from` to `to`, each a sum of those rows of B whose numbers are
// not all 0; C's first row is that of `from`.
template <class T, int V>
inline void gather(const Columns<T>& x, std::int64_t from, std::int64_t to, std::int64_t H, Lines<const T> B, T* C,
                   std::int64_t column, Ahead* ahead) {
    constexpr std::int64_t L = kLanes<T>, G = Columns<T>::kGroup;
    const std::int64_t last = std::min(L, H - column - (V - 1) * L), apart = x.apart();
    for (std::int64_t g = from; g < to; ++g) {
        const auto& group = x[g];
        Vec<T> sum[G][V];
        for (int n = 0; n < G; ++n)
            for (int v = 0; v < V; ++v) sum[n][v] = Vec<T>{};
        for (std::int64_t j = 0; j < group.count; ++j) {
            const std::int64_t i = group.index[j];
            Vec<T> b[V];
            for (int v = 0; v < V; ++v) b[v] = load(B.data + i * B.ld + column + v * L);
            for (int n = 0; n < G; ++n) {
                const Vec<T> value = fill<T>(group.values[n * apart + i]);
                for (int v = 0; v < V; ++v) sum[n][v] = add_product<T>(sum[n][v], value, b[v]);
            }
        }
        for (int n = 0; n < G; ++n) {
            if (g * G + n >= x.width()) break;
            T* const c = C + ((g - from) * G + n) * H + column;
            for (int v = 0; v < V; ++v) store_upto(c + v * L, sum[n][v] + T(0), v == V - 1 ? last : L);
        }
        if (ahead) ahead->line(), ahead->line();
    }
}

// C = X^T B, of a padded B, some rows at a time, for which done(rows, number of the first, how many) is called. Without a C
// they lie in a place that stays in the nearest cache, and are gone afterwards.
template <class T, class F>
inline void transposed_product(const Columns<T>& x, std::int64_t H, Lines<const T> B, T* C, const Threads& threads, Ahead* ahead, F done) {
    constexpr std::int64_t G = Columns<T>::kGroup;
    const bool shared = threads.count() > 1 && x.numbers() * H >= kWorthThreads;
    const std::int64_t share = std::max<std::int64_t>(4, kAtOnce<T> / (G * H)), parts = (x.count() + share - 1) / share;
    auto one = [&](std::int64_t part) {
        const std::int64_t from = part * share, to = std::min(x.count(), from + share);
        T* const rows = C ? C + from * G * H : room_for_rows<T>(share * G * H);
        auto some = [&](auto V, std::int64_t h) {
            gather<T, V>(x, from, to, H, B, rows, h, h == 0 && (part == 0 || !shared) ? ahead : nullptr);
        };
        if (H % (kGathered * kLanes<T>) == 0)  // so many at once where none is left over
            each_width<T, kGathered>(0, H, some);
        else
            each_width<T, 4>(0, H, some);
        done(rows, from * G, std::min(x.width(), to * G) - from * G);
    };
    threads.each(parts, one, shared);
}

}  // namespace pellucid
