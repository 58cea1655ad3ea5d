// Products with a wide first layer's input that is mostly 0, and its transpose; the sums are those
// of matrix.h, bit for bit. A wide layer does so much work for each input value that skipping every
// single zero pays.
#pragma once

#include <algorithm>

#include "matrix.h"
#include "prefetch.h"

namespace pellucid {

// How many columns form a group, and how many vectors of a row are scattered or gathered at once:
// as many as fit into the registers, where the group's weights, or its sums, stay.
constexpr int kGroup = 3, kVectors = 4;

// A row in which a group's columns are not all 0, and their values: side by side, as every vector
// of a product reads them again.
template <class T>
struct Entry {
    T values[kGroup];
    std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t> row;
};

// Groups of neighbouring columns, each with its entries, the rows ascending.
template <class T>
class Columns {
public:
    struct Group {
        const Entry<T>* entries;
        std::int64_t count;
    };

    std::int64_t width() const { return width_; }
    std::int64_t count() const { return static_cast<std::int64_t>(groups_.size()); }
    std::int64_t numbers() const {
        std::int64_t sum = 0;
        for (const Group& group : groups_) sum += group.count;
        return sum * kGroup;
    }
    std::size_t bytes() const {
        return groups_.capacity() * sizeof(Group) + entries_.capacity() * sizeof(Entry<T>);
    }
    const Group& operator[](std::int64_t i) const { return groups_[static_cast<std::size_t>(i)]; }

    // Reads x, N x width with rows of ld values.
    void take(const T* x, std::int64_t N, std::int64_t width, std::int64_t ld) {
        width_ = width;
        groups_.resize(static_cast<std::size_t>((width + kGroup - 1) / kGroup));
        entries_.resize(
            groups_.size() *
            static_cast<std::size_t>(N + 1));  // the entry after a group's last is written, too
        for (std::int64_t g = 0; g < count(); ++g) {
            Entry<T>* const entries = entries_.data() + g * (N + 1);
            const std::int64_t k = g * kGroup, columns = std::min<std::int64_t>(kGroup, width - k);
            const std::int64_t found = columns == kGroup ? write<kGroup>(x + k, N, ld, entries)
                                       : columns == 2    ? write<2>(x + k, N, ld, entries)
                                                         : write<1>(x + k, N, ld, entries);
            groups_[static_cast<std::size_t>(g)] = {entries, found};
        }
    }

private:
    // Writes an entry for each row, over the last one if that is all 0: there is no branch to
    // predict.
    template <int columns>
    static std::int64_t write(const T* x, std::int64_t N, std::int64_t ld, Entry<T>* to) {
        using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
        const Entry<T>* const begin = to;
        for (std::int64_t i = 0; i < N; ++i, x += ld) {
            Bits any = 0;
            for (int n = 0; n < columns; ++n) {
                Bits one;
                std::memcpy(&one, x + n, sizeof one);
                any |= one;
                to->values[n] = x[n];
            }
            for (int n = columns; n < kGroup; ++n) to->values[n] = 0;
            to->row = static_cast<decltype(to->row)>(i);
            to += (any << 1) != 0;  // -0 is 0
        }
        return to - begin;
    }

    std::int64_t width_ = 0;
    std::vector<Group> groups_;
    Buffer<Entry<T>> entries_;
};

// Calls f(V, column) for at most kVectors vectors at once.
template <class T, class F>
inline void each_width(std::int64_t column, std::int64_t end, F f) {
    while (column < end) {
        const std::int64_t vectors = (end - column + kLanes<T> - 1) / kLanes<T>;
        auto go = [&](auto V) {
            f(V, column);
            column += V * kLanes<T>;
        };
        if (vectors >= kVectors)
            go(std::integral_constant<int, kVectors>{});
        else if (vectors >= 2)
            go(std::integral_constant<int, 2>{});
        else
            go(std::integral_constant<int, 1>{});
    }
}

// Computes V vectors of C = start + X B: group by group of X's columns, adds their rows of B to
// those rows of C whose inputs are not all 0.
template <class T, int V>
inline void scatter(const Columns<T>& x, std::int64_t H, Lines<const T> B, const T* start,
                    Lines<T> C, std::int64_t column, Prefetch* ahead) {
    constexpr std::int64_t L = kLanes<T>;
    constexpr int G = kGroup;
    const std::int64_t last = std::min(L, H - column - (V - 1) * L);
    T* const c = C.data + column;
    for (int v = 0; v < V; ++v) {
        const Vec<T> first =
            start ? load_upto(start + column + v * L, v == V - 1 ? last : L) : Vec<T>{};
        for (std::int64_t i = 0; i < C.rows; ++i) store(c + i * C.ld + v * L, first);
    }
    for (std::int64_t g = 0; g < x.count(); ++g) {
        if (x[g].count == 0) continue;
        Vec<T> w[G][V];
        for (int n = 0; n < G; ++n) {
            const std::int64_t k = std::min(g * G + n, x.width() - 1);
            const T* const b = B.data + k * B.ld + column;
            const bool whole = k * B.ld + column + V * L <= B.readable;
            for (int v = 0; v < V; ++v)
                w[n][v] = whole || v < V - 1 ? load(b + v * L) : load_part(b + v * L, last);
        }
        const Entry<T>* const end = x[g].entries + x[g].count;
        for (const Entry<T>* e = x[g].entries; e < end; ++e) {
            Vec<T> value[G];
            for (int n = 0; n < G; ++n) value[n] = fill<T>(e->values[n]);
            T* to = c + e->row * C.ld;
            asm("" : "+r"(to));  // the address is computed once, not once for each vector
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

// Computes C = start + X B, of a padded C.
template <class T>
inline void product(const Columns<T>& x, std::int64_t H, Lines<const T> B, const T* start,
                    Lines<T> C, const Threads& threads, Prefetch* ahead) {
    constexpr std::int64_t L = kLanes<T>;
    const std::int64_t vectors = (H + L - 1) / L;
    const bool shared = threads.count() > 1 && x.numbers() * H >= kWorthThreads;
    const std::int64_t wanted =
        shared ? (vectors + threads.count() - 1) / threads.count() : vectors;
    const std::int64_t rounds =
        (wanted + kVectors - 1) / kVectors;  // the same number for every thread
    const std::int64_t width = (wanted + rounds - 1) / rounds * L, panels = (H + width - 1) / width;
    threads.each(panels, [&](std::int64_t task) {
        each_width<T>(task * width, std::min(H, task * width + width),
                      [&](auto V, std::int64_t column) {
                          scatter<T, V>(x, H, B, start, C, column, task == 0 ? ahead : nullptr);
                      });
    });
}

// Computes V vectors of the rows of C = X^T B that belong to groups `from` to `to`: each is a sum
// of those rows of B whose inputs are not all 0. C begins with the first row of group `from`.
template <class T, int V>
inline void gather(const Columns<T>& x, std::int64_t from, std::int64_t to, std::int64_t H,
                   Lines<const T> B, T* C, std::int64_t column, Prefetch* ahead) {
    constexpr std::int64_t L = kLanes<T>;
    constexpr int G = kGroup;
    const std::int64_t last = std::min(L, H - column - (V - 1) * L);
    for (std::int64_t g = from; g < to; ++g) {
        const Entry<T>* const end = x[g].entries + x[g].count;
        Vec<T> sum[G][V];
        for (int n = 0; n < G; ++n)
            for (int v = 0; v < V; ++v) sum[n][v] = Vec<T>{};
        for (const Entry<T>* e = x[g].entries; e < end; ++e) {
            Vec<T> value[G];
            for (int n = 0; n < G; ++n) value[n] = fill<T>(e->values[n]);
            const T* const b = B.data + e->row * B.ld + column;
            for (int v = 0; v < V; ++v) {
                const Vec<T> part = load(b + v * L);
                for (int n = 0; n < G; ++n) sum[n][v] = add_product<T>(sum[n][v], value[n], part);
            }
        }
        for (int n = 0; n < G; ++n) {
            if (g * G + n >= x.width()) break;
            T* const c = C + ((g - from) * G + n) * H + column;
            for (int v = 0; v < V; ++v)
                store_upto(c + v * L, sum[n][v] + T(0), v == V - 1 ? last : L);
        }
        if (ahead) ahead->line(), ahead->line();
    }
}

// Computes C = X^T B, of a padded B, some rows at a time, and calls done(rows, index of the first,
// how many) for each part. Without a C the parts share a buffer that stays in the nearest cache.
template <class T, class F>
inline void transposed_product(const Columns<T>& x, std::int64_t H, Lines<const T> B, T* C,
                               const Threads& threads, Prefetch* ahead, F done) {
    constexpr std::int64_t G = kGroup;
    const bool shared = threads.count() > 1 && x.numbers() * H >= kWorthThreads;
    const std::int64_t share =
                           std::max<std::int64_t>(4, kAtOnce<T> / std::max<std::int64_t>(1, G * H)),
                       parts = (x.count() + share - 1) / share;
    auto one = [&](std::int64_t part) {
        const std::int64_t from = part * share, to = std::min(x.count(), from + share);
        T* const rows = C ? C + from * G * H : room_for_rows<T>(share * G * H);
        each_width<T>(0, H, [&](auto V, std::int64_t h) {
            gather<T, V>(x, from, to, H, B, rows, h,
                         h == 0 && (part == 0 || !shared) ? ahead : nullptr);
        });
        done(rows, from * G, std::min(x.width(), to * G) - from * G);
    };
    threads.each(parts, one, shared);
}

}  // namespace pellucid
