// Products with a narrow first layer's input that is mostly 0, and its transpose; the sums are
// those of matrix.h, bit for bit. A narrow layer does little work for each input value, so it skips
// the columns in which a few rows are 0 together.
#pragma once

#include <algorithm>
#include <limits>

#include "bytes.h"
#include "matrix.h"
#include "prefetch.h"

namespace pellucid {

// Rows of an input in strips as high as a tile, and the columns in which the rows of each strip are
// not all 0. Values of the network's own type stay where they are; bytes are packed side by side,
// those of these columns only.
template <class T>
class Strips {
public:
    static constexpr std::int64_t kRows = kTileRows;
    // A short ring leaves the nearest cache to the weights.
    static constexpr std::int64_t kRing = 64 * kRows;
    // In float64, which is for exactness, bytes are converted as they are gathered.
    static constexpr bool kTakesBytes = sizeof(T) == 4;

    struct Strip {
        std::int64_t first, rows;
        const std::int32_t* columns;  // ascending
        std::int64_t count;
        const T* at[kRows];         // the rows; rows beyond the last are 0
        const std::uint8_t* bytes;  // of bytes instead: kRows for each of the columns,
        T* values;                  // and their values in the product: all of a kept strip,
        std::int64_t ring;          // else the last ones, in a ring with this highest index
        Address next;  // what to prefetch meanwhile: the next strip, unless strips are kept
    };

    // Takes the rows of x, ld values apart, each value to be multiplied by `factor` (1 unless they
    // are bytes). Kept strips serve the backward pass; others are used in turn and share one place,
    // which so stays in the nearest cache.
    void begin(const Rows& x, std::int64_t ld, T factor, bool kept) {
        x_ = x, ld_ = ld, factor_ = factor, kept_ = kept;
        room_ = padded(x.width) + kPad;
        strips_.resize(static_cast<std::size_t>((x.count + kRows - 1) / kRows));
        const std::size_t places = kept ? strips_.size() : 1;
        columns_.resize(places * static_cast<std::size_t>(room_));
        if (x.type == Number::uint8) {
            bytes_.resize(places * static_cast<std::size_t>(kRows * room_));
            values_.resize(kept ? bytes_.size() : kRing);
        }
        nothing_.resize(static_cast<std::size_t>(room_));
    }

    // Finds the columns of strip i; several threads may do so for kept strips.
    const Strip& look(std::int64_t i) {
        Strip& strip = strips_[static_cast<std::size_t>(i)];
        const std::int64_t place = kept_ ? i * room_ : 0;
        strip.first = i * kRows;
        strip.rows = std::min(kRows, x_.count - strip.first);
        strip.columns = columns_.data() + place;
        if constexpr (kTakesBytes)
            if (packed()) {
                strip.values = values_.data() + place * kRows;
                strip.ring = kept_ ? std::numeric_limits<std::int64_t>::max() : kRing - 1;
                look_at_bytes(strip, columns_.data() + place, bytes_.data() + place * kRows);
                return strip;
            }
        look_at_numbers(strip, columns_.data() + place);
        return strip;
    }

    std::size_t bytes() const {
        return strips_.capacity() * sizeof(Strip) + columns_.capacity() * sizeof(std::int32_t) +
               bytes_.capacity() + (values_.capacity() + nothing_.capacity()) * sizeof(T);
    }

    bool packed() const { return x_.type == Number::uint8; }  // whether the strips have values
    T factor() const { return factor_; }

    // Calls f with std::true_type if the strips are packed, else with std::false_type.
    template <class F>
    void with_form(F f) const {
        if constexpr (kTakesBytes)
            if (packed()) return f(std::true_type{});
        f(std::false_type{});
    }
    std::int64_t count() const { return static_cast<std::int64_t>(strips_.size()); }
    const Strip& operator[](std::int64_t i) const { return strips_[static_cast<std::size_t>(i)]; }

    // Returns how many of these lines to prefetch at a time, so that all are at the end of the
    // strips: as the strips are, or were in the batch before.
    std::int64_t share(std::int64_t lines) const {
        std::int64_t found = 1;
        for (const Strip& strip : strips_) found += strip.count;
        return std::min<std::int64_t>(lines * kBetweenLines / found + 1, kBetweenLines);
    }

private:
    template <class From>
    const From* row(const Strip& strip, std::int64_t r) const {
        if (r >= strip.rows) return reinterpret_cast<const From*>(nothing_.data());
        return static_cast<const From*>(x_.data) + x_.place(strip.first + r) * ld_;
    }

    void look_at_numbers(Strip& strip, std::int32_t* columns) const {
        constexpr std::int64_t L = kLanes<T>;
        Address next[kRows];  // of the next strip
        for (std::int64_t r = 0; r < kRows; ++r) {
            strip.at[r] = row<T>(strip, r);
            next[r] = address(strip.at[r]) + kRows * ld_ * static_cast<Address>(sizeof(T));
        }
        strip.values = nullptr;
        std::int64_t found = 0;
        auto look = [&](std::int64_t k, auto load_one) PELLUCID_INLINE {
            Int<T> any = {};
            for (std::int64_t r = 0; r < kRows; ++r) {
                any |= bits<T>(load_one(strip.at[r] + k));
                if (!kept_) prefetch(next[r] + k * static_cast<Address>(sizeof(T)));
            }
            found += write_places(nonzero<T>(from_bits<T>(any)), k, columns + found);
        };
        const std::int64_t width = x_.width, whole = width / L * L;
        for (std::int64_t k = 0; k < whole; k += L) look(k, [](const T* p) { return load(p); });
        if (whole < width) look(whole, [&](const T* p) { return load_part(p, width - whole); });
        strip.count = found;
    }

    void look_at_bytes(Strip& strip, std::int32_t* columns, std::uint8_t* bytes) const {
        const std::uint8_t* at[kRows];
        for (std::int64_t r = 0; r < kRows; ++r) at[r] = row<std::uint8_t>(strip, r);
        strip.bytes = bytes;
        // Rows are too short for the hardware to predict the next. The prefetch begins a third of a
        // strip further on: a product prefetches more than one strip's length, so the strip before
        // has covered that third.
        strip.next = kept_ ? address(bytes) : address(at[0]) + kRows * ld_ * 4 / 3;
        std::int64_t found = 0;
        auto look = [&](std::int64_t k, std::uint32_t asked, auto load_one) PELLUCID_INLINE {
            Bytes rows[kRows], any = {};
            for (std::int64_t r = 0; r < kRows; ++r) {
                rows[r] = load_one(at[r] + k);
                any |= rows[r];
            }
            const std::uint32_t chosen = nonzero(any) & asked;
            if (chosen)
                found += write_columns(rows, chosen, k, columns + found, bytes + found * kRows);
        };
        auto whole = [](const std::uint8_t* p) { return load_bytes(p, kByteBlock); };
        const std::int64_t width = x_.width, rest = width % kByteBlock;
        std::int64_t k = 0;
        for (; k < width - rest; k += kByteBlock) look(k, ~0u, whole);
        if (rest && k)
            // A whole block, some of whose columns the block before had.
            look(width - kByteBlock, ~0u << (kByteBlock - rest), whole);
        else if (rest)
            look(0, ~0u, [&](const std::uint8_t* p) { return load_bytes(p, rest); });
        strip.count = found;
    }

    Rows x_;
    std::int64_t ld_ = 0, room_ = 0;
    T factor_ = 1;
    bool kept_ = false;
    std::vector<Strip> strips_;
    Buffer<std::int32_t> columns_;
    Buffer<std::uint8_t> bytes_;
    Buffer<T> values_, nothing_;
};

// Computes V vectors from `column` on of R rows of C = start + X B, for one strip of X. Bytes are
// converted some columns ahead of their products, unless they are kept from the first vectors: the
// processor does one while the other waits.
template <class T, int R, int V, bool packed>
inline void multiply_strip(const typename Strips<T>::Strip& strip, const Product<T>& p,
                           std::int64_t column, T factor, Prefetch* ahead, std::int64_t lines) {
    constexpr std::int64_t L = kLanes<T>, apart = Strips<T>::kRows;
    const std::int64_t last = std::min<std::int64_t>(L, p.H - column - (V - 1) * L), ldb = p.ldb;
    const T* const B = p.B + column;
    Vec<T> sum[R][V];
    for (int v = 0; v < V; ++v) {
        const Vec<T> first =
            p.bias ? load_upto(p.bias + column + v * L, v == V - 1 ? last : L) : Vec<T>{};
        for (int r = 0; r < R; ++r) sum[r][v] = first;
    }
    const T* a[R];
    for (int r = 0; r < R; ++r) a[r] = strip.at[r];
    T* const values = strip.values;
    const T* value = values;
    const std::uint8_t* bytes = strip.bytes;
    Address next = strip.next;
    const std::int64_t ring = strip.ring,
                       ready = column == 0 || ring < Strips<T>::kRing ? strip.count * apart : 0;
    std::int64_t fresh = 0, used = 0;
    // Converts the next eight columns unless enough are ahead; there is room for as many.
    auto convert = [&]() PELLUCID_INLINE {
        if (!packed || fresh >= ready || fresh > used + 8 * apart) return;
        T* const to = values + (fresh & ring);
        for (int i = 0; i < 8; i += 2)
            to_numbers<T, apart>(bytes + i * apart, factor, to + i * apart);
        bytes += 8 * apart, fresh += 8 * apart;
    };
    auto go_on = [&](std::int64_t columns) PELLUCID_INLINE {
        if (packed) value = values + ((used += columns * apart) & ring);
    };
    auto add = [&](std::int64_t k, auto whole) PELLUCID_INLINE {
        const T* const b = B + k * ldb;
        Vec<T> w[V];
        for (int v = 0; v < V; ++v)
            w[v] = whole || v < V - 1 ? load(b + v * L) : load_part(b + v * L, last);
        for (int r = 0; r < R; ++r) {
            const Vec<T> x = fill<T>(packed ? value[r] : a[r][k]);
            for (int v = 0; v < V; ++v) sum[r][v] = add_product<T>(sum[r][v], x, w[v]);
        }
        if (packed) value += apart;
    };
    const std::int32_t *k = strip.columns, *const end = k + strip.count, *whole = end;
    // Up to this column a whole last vector can be read: beyond the row, but not beyond the array.
    const std::int64_t room = p.readable - column - V * L, safe = room < 0 ? 0 : room / ldb + 1;
    while (whole > k && whole[-1] >= safe) --whole;
    // Several columns, which do not pass the end of the ring: eights come first.
    auto several = [&](auto n) PELLUCID_INLINE {
        convert();
        // Prefetched all at once, when a strip is read, these lines would be waited for.
        if (packed && n == 8) {
            prefetch(next), prefetch(next + 64);
            next += 128;
        }
        for (int i = 0; i < n; ++i) add(k[i], std::true_type{});
        k += n;
        go_on(n);
    };
    convert();
    while (whole - k >= 2) {
        const std::int32_t* const stop =
            ahead && whole - k > kBetweenLines ? k + kBetweenLines : whole;
        if constexpr (R > 1 && sizeof(T) == 4)
            while (!ahead && stop - k >= 8) several(std::integral_constant<int, 8>{});
        while (stop - k >= 2) several(std::integral_constant<int, 2>{});
        if (ahead) ahead->lines(lines);
    }
    if (k < whole) add(*k++, std::true_type{}), go_on(1);
    for (; k < end; ++k) {
        convert();
        add(*k, std::false_type{});
        go_on(1);
    }
    for (std::int64_t r = 0; r < std::min<std::int64_t>(R, strip.rows); ++r)
        for (int v = 0; v < V; ++v)
            store(p.C + (strip.first + r) * p.ldc + column + v * L, sum[r][v] + T(0));
}

// Calls f(V, column) for two vectors at a time, or one: the layers are narrow.
template <class T, class F>
inline void each_pair(std::int64_t H, F f) {
    constexpr std::int64_t L = kLanes<T>;
    std::int64_t column = 0;
    for (; column + L < H; column += 2 * L) f(std::integral_constant<int, 2>{}, column);
    if (column < H) f(std::integral_constant<int, 1>{}, column);
}

// Computes the product `whole` of the strips' rows, and finds their columns on the way; C is
// padded. Half of the next batch is prefetched here if the backward pass cannot prefetch all of its
// lines without waiting.
template <class T>
inline void product(const Product<T>& whole, Strips<T>& strips, bool kept, const Threads& threads,
                    Prefetch* ahead) {
    const bool shared =
        kept && threads.count() > 1 && whole.M * whole.H * whole.K / 4 >= kWorthThreads;
    const std::int64_t lines = ahead ? strips.share(ahead->left()) / 2 : 0;
    if (shared || lines < kManyLines) ahead = nullptr;
    auto one = [&](std::int64_t i) {
        const auto& strip = strips.look(i);
        each_pair<T>(whole.H, [&](auto V, std::int64_t column) {
            strips.with_form([&](auto packed) {
                if (strip.rows == 1)
                    multiply_strip<T, 1, V, packed>(strip, whole, column, strips.factor(), nullptr,
                                                    0);
                else
                    multiply_strip<T, Strips<T>::kRows, V, packed>(strip, whole, column,
                                                                   strips.factor(), ahead, lines);
            });
        });
    };
    threads.each(strips.count(), one, shared);
}

// Adds to the rows of C, V vectors of them, that belong to a strip's columns from k to `stop`, but
// below `to`, their products with b, a vector of B for each of the strip's rows. C is the address
// of the row of column 0, which may be outside the array; `value` points to the values of column k,
// or is null. Returns the first column that is left.
template <class T, int V, bool packed, bool partly>
PELLUCID_INLINE inline const std::int32_t* add_columns(const T* const (&at)[Strips<T>::kRows],
                                                       const T* value, const std::int32_t* k,
                                                       const std::int32_t* stop, std::int64_t to,
                                                       const Vec<T> (&b)[Strips<T>::kRows][V],
                                                       Address C, std::int64_t ld,
                                                       std::int64_t last) {
    constexpr std::int64_t L = kLanes<T>, R = Strips<T>::kRows;
    // n columns at once, whose chains of multiply-adds overlap.
    auto add = [&](auto n) PELLUCID_INLINE {
        T* c[n];
        Vec<T> sum[n][V];
        for (int i = 0; i < n; ++i) {
            c[i] = reinterpret_cast<T*>(C + k[i] * ld * static_cast<Address>(sizeof(T)));
            for (int v = 0; v < V; ++v)
                sum[i][v] =
                    partly && v == V - 1 ? load_part(c[i] + v * L, last) : load(c[i] + v * L);
        }
        for (std::int64_t r = 0; r < R; ++r)
            for (int i = 0; i < n; ++i) {
                const Vec<T> x = fill<T>(packed ? value[i * R + r] : at[r][k[i]]);
                for (int v = 0; v < V; ++v) sum[i][v] = add_product<T>(sum[i][v], x, b[r][v]);
            }
        for (int i = 0; i < n; ++i)
            for (int v = 0; v < V; ++v) {
                if (partly && v == V - 1)
                    store_part(c[i] + v * L, sum[i][v] + T(0), last);
                else
                    store(c[i] + v * L, sum[i][v] + T(0));
            }
        k += n;
        if (packed) value += n * R;
    };
    while (stop - k >= 3 && k[2] < to) add(std::integral_constant<int, 3>{});
    while (k < stop && *k < to) add(std::integral_constant<int, 1>{});
    return k;
}

// Does the same for one strip, from its column k on, and prefetches lines of the next batch.
template <class T, int V, bool packed, bool partly>
inline const std::int32_t* add_strip(const typename Strips<T>::Strip& strip, Lines<const T> B,
                                     Address C, std::int64_t ld, std::int64_t column,
                                     std::int64_t last, const std::int32_t* k, std::int64_t to,
                                     Prefetch* ahead, std::int64_t lines) {
    constexpr std::int64_t L = kLanes<T>, R = Strips<T>::kRows;
    Vec<T> b[R][V];
    const T* at[R];
    for (std::int64_t r = 0; r < R; ++r) {
        at[r] = strip.at[r];
        for (int v = 0; v < V; ++v)
            b[r][v] = r < strip.rows ? load(B.data + (strip.first + r) * B.ld + column + v * L)
                                     : Vec<T>{};
    }
    const Address first = C + column * static_cast<Address>(sizeof(T));
    const std::int32_t* const end = strip.columns + strip.count;
    while (k < end && *k < to) {
        const std::int32_t* const stop = ahead && end - k > kBetweenLines ? k + kBetweenLines : end;
        const T* const values = packed ? strip.values + (k - strip.columns) * R : nullptr;
        k = add_columns<T, V, packed, partly>(at, values, k, stop, to, b, first, ld, last);
        if (ahead) ahead->lines(lines);
    }
    return k;
}

// Computes C = X^T B, of a padded B, for rows X in strips whose columns are known: D columns of X,
// some at a time, and calls done(rows of C, index of the first, how many) for each part. Without a
// C the parts share a buffer that stays in the nearest cache.
template <class T, class F>
inline void transposed_product(const Strips<T>& strips, std::int64_t H, std::int64_t D,
                               Lines<const T> B, T* C, const Threads& threads, Prefetch* ahead,
                               F done) {
    const std::int64_t lines = ahead ? strips.share(ahead->left()) : 0;
    const std::int64_t wanted = std::max<std::int64_t>(1, (D * H + kAtOnce<T> - 1) / kAtOnce<T>);
    const std::int64_t share = (D + wanted - 1) / wanted, parts = (D + share - 1) / share;
    // Parts `first` to `end` in turn: in each strip a part begins where the one before ended.
    auto some = [&](std::int64_t first, std::int64_t end, Prefetch* ahead) {
        static thread_local std::vector<const std::int32_t*> next;
        next.resize(static_cast<std::size_t>(strips.count()));
        for (std::int64_t part = first; part < end; ++part) {
            const std::int64_t from = part * share, to = std::min(D, from + share);
            T* const rows = C ? C + from * H : room_for_rows<T>(share * H);
            const Address zeroth = address(rows) - from * H * static_cast<Address>(sizeof(T));
            std::fill(rows, rows + (to - from) * H, T(0));
            for (std::int64_t i = 0; i < strips.count(); ++i) {
                const auto& strip = strips[i];
                const std::int32_t*& begin = next[static_cast<std::size_t>(i)];
                if (part == first)
                    begin = std::lower_bound(strip.columns, strip.columns + strip.count,
                                             static_cast<std::int32_t>(from));
                const std::int32_t* reached = begin;
                each_pair<T>(H, [&](auto V, std::int64_t column) {
                    const std::int64_t last =
                        std::min<std::int64_t>(kLanes<T>, H - column - (V - 1) * kLanes<T>);
                    strips.with_form([&](auto packed) {
                        if (last == kLanes<T>)
                            reached = add_strip<T, V, packed, false>(strip, B, zeroth, H, column,
                                                                     last, begin, to, ahead, lines);
                        else
                            reached = add_strip<T, V, packed, true>(strip, B, zeroth, H, column,
                                                                    last, begin, to, ahead, lines);
                    });
                });
                begin = reached;
            }
            done(rows, from, to - from);
        }
    };
    const bool shared = threads.count() > 1 && D * H * B.rows / 4 >= kWorthThreads;
    const std::int64_t together = shared ? 1 : parts;
    threads.each(parts / together, [&](std::int64_t task) {
        some(task * together, (task + 1) * together, task == 0 ? ahead : nullptr);
    });
}

}  // namespace pellucid
