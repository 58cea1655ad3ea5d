// Matrix products in register tiles. Every sum runs over k in ascending order in one chain of multiply-adds, whatever
// the tile, the block or the number of threads, and whether zeros are skipped or not: the bits are the same. (Whether a
// sum of zeros is 0 or -0 would depend on which were added: a last 0 makes it 0.)
#pragma once

#include <algorithm>
#include <vector>

#include "threads.h"
#include "vector.h"

namespace pellucid {

// Where a factor's numbers are: element (i, k) at data[i * row + k * step].
template <class T>
struct Strided {
    const T* data;
    std::int64_t row;
    std::int64_t step;
};

#if defined(__AVX512F__)
constexpr int kTileRows = 8, kTileVectors = 3;
#elif defined(__AVX2__)
constexpr int kTileRows = 4, kTileVectors = 3;
#else
constexpr int kTileRows = 4, kTileVectors = 2;
#endif

// One product C = start + A B: A is M x K, B and C are K x H and M x H with rows of ldb and ldc numbers.
template <class T>
struct Product {
    std::int64_t M, H, K;
    Strided<T> A;
    const T* B;
    std::int64_t ldb;
    T* C;
    std::int64_t ldc;
    const T* bias = nullptr;             // what every row of C starts from, H numbers; null for 0
    bool onto = false;                   // start from what C holds
    bool padded_c = true;                // C's rows may be written up to a multiple of the vector's lanes
    const std::int32_t* only_k = nullptr;     // the K values of k to sum over; null for 0 to K - 1
    const std::int32_t* only_rows = nullptr;  // the M rows of A and C to compute; null for 0 to M - 1
    std::int64_t readable = 0;           // numbers that may be read from B on; whole vectors are read before that end
};

template <class T, int R, int V>
inline void tile(const Product<T>& p, std::int64_t row, std::int64_t column) {
    constexpr std::int64_t L = kLanes<T>;
    const T* a[R];
    T* c[R];
    for (int r = 0; r < R; ++r) {
        const std::int64_t i = p.only_rows ? p.only_rows[row + r] : row + r;
        a[r] = p.A.data + i * p.A.row;
        c[r] = p.C + i * p.ldc + column;
    }
    const std::int64_t last = std::min<std::int64_t>(L, p.H - column - (V - 1) * L);  // lanes of the last vector
    Vec<T> sum[R][V];
    for (int v = 0; v < V; ++v) {
        const std::int64_t lanes = v == V - 1 ? last : L;
        const Vec<T> first = p.bias ? load_upto(p.bias + column + v * L, lanes) : Vec<T>{};
        for (int r = 0; r < R; ++r) sum[r][v] = p.onto ? load_upto(c[r] + v * L, lanes) : first;
    }
    auto add = [&](std::int64_t k, auto whole) {
        const T* b = p.B + k * p.ldb + column;
        Vec<T> w[V];
        for (int v = 0; v < V; ++v) w[v] = whole || v < V - 1 ? load(b + v * L) : load_part(b + v * L, last);
        for (int r = 0; r < R; ++r) {
            const Vec<T> x = fill<T>(a[r][k * p.A.step]);
            for (int v = 0; v < V; ++v) sum[r][v] += x * w[v];
        }
    };
    // Up to this k, a whole last vector can be read: beyond the row, but not beyond the array.
    const std::int64_t room = p.readable - column - V * L;
    const std::int64_t safe = room < 0 ? 0 : room / p.ldb + 1;
    if (p.only_k) {
        std::int64_t j = 0;
        for (; j < p.K && p.only_k[j] < safe; ++j) add(p.only_k[j], std::true_type{});
        for (; j < p.K; ++j) add(p.only_k[j], std::false_type{});
    } else {
        std::int64_t k = 0;
        for (; k < std::min(p.K, safe); ++k) add(k, std::true_type{});
        for (; k < p.K; ++k) add(k, std::false_type{});
    }
    for (int r = 0; r < R; ++r)
        for (int v = 0; v < V; ++v) {
            if (p.padded_c || v < V - 1)
                store(c[r] + v * L, sum[r][v] + T(0));
            else
                store_upto(c[r] + v * L, sum[r][v] + T(0), last);
        }
}

template <class T, int V>
inline void tile_rows(const Product<T>& p, std::int64_t row, std::int64_t rows, std::int64_t column) {
    if constexpr (kTileRows == 8)
        for (; rows >= 8; rows -= 8, row += 8) tile<T, 8, V>(p, row, column);
    for (; rows >= 4; rows -= 4, row += 4) tile<T, 4, V>(p, row, column);
    for (; rows >= 2; rows -= 2, row += 2) tile<T, 2, V>(p, row, column);
    if (rows) tile<T, 1, V>(p, row, column);
}

template <class T>
inline void panel(const Product<T>& p, std::int64_t row, std::int64_t rows, std::int64_t column) {
    const std::int64_t vectors = (p.H - column + kLanes<T> - 1) / kLanes<T>;
    if (kTileVectors >= 3 && vectors >= 3)
        tile_rows<T, 3>(p, row, rows, column);
    else if (vectors >= 2)
        tile_rows<T, 2>(p, row, rows, column);
    else
        tile_rows<T, 1>(p, row, rows, column);
}

constexpr std::int64_t kWorthThreads = 1 << 18;  // multiply-adds below which waking a thread costs more than it gives

// Computes the product, its tiles shared out over threads where that pays.
template <class T>
inline void multiply(const Product<T>& p, const Threads& threads) {
    const std::int64_t width = kTileVectors * kLanes<T>;
    const std::int64_t panels = (p.H + width - 1) / width;
    if (p.M * p.H * p.K < kWorthThreads || threads.count() == 1) {
        for (std::int64_t j = 0; j < panels; ++j) panel(p, 0, p.M, j * width);
        return;
    }
    const std::int64_t share = std::max<std::int64_t>(kTileRows, (p.M / (4 * threads.count())) / kTileRows * kTileRows);
    const std::int64_t parts = (p.M + share - 1) / share;
    threads.each(panels * parts, [&](std::int64_t task) {
        const std::int64_t row = task % parts * share;
        panel(p, row, std::min(share, p.M - row), task / parts * width);
    });
}

// Copies rows k to k + K of A's strip (the rows of a tile) and B's panel (its columns) so that a tile reads them in order.
template <class T>
inline void pack_strip(const Product<T>& p, std::int64_t first, std::int64_t k, std::int64_t K, T* to) {
    const std::int64_t rows = std::min<std::int64_t>(kTileRows, p.M - first);
    for (std::int64_t r = 0; r < rows; ++r) {
        const T* from = p.A.data + (first + r) * p.A.row + k * p.A.step;
        for (std::int64_t i = 0; i < K; ++i) to[i * kTileRows + r] = from[i * p.A.step];
    }
}

template <class T>
inline void pack_panel(const Product<T>& p, std::int64_t column, std::int64_t k, std::int64_t K, T* to) {
    constexpr std::int64_t width = kTileVectors * kLanes<T>;
    const std::int64_t columns = std::min(width, p.H - column);
    for (std::int64_t i = 0; i < K; ++i, to += width) {
        std::copy_n(p.B + (k + i) * p.ldb + column, columns, to);
        std::fill(to + columns, to + width, T(0));
    }
}

// The same for large matrices, after Goto and van de Geijn ("Anatomy of high-performance matrix multiplication", ACM
// TOMS 34, 2008): k in blocks, for which A and B are packed; then blocks of rows that stay in a core's own cache.
template <class T>
inline void multiply_blocked(const Product<T>& p, const Threads& threads) {
    constexpr std::int64_t depth = 512, width = kTileVectors * kLanes<T>, strips_a_block = 128 / kTileRows;
    const std::int64_t panels = (p.H + width - 1) / width, strips = (p.M + kTileRows - 1) / kTileRows;
    const std::int64_t blocks = (strips + strips_a_block - 1) / strips_a_block;
    static thread_local std::vector<T> packed;
    packed.resize(static_cast<std::size_t>((strips * kTileRows + panels * width) * depth));
    T* const A = packed.data();
    T* const B = A + strips * kTileRows * depth;
    for (std::int64_t k = 0; k < p.K; k += depth) {
        const std::int64_t K = std::min(depth, p.K - k);
        threads.each(strips + panels, [&](std::int64_t i) {
            if (i < strips)
                pack_strip(p, i * kTileRows, k, K, A + i * kTileRows * depth);
            else
                pack_panel(p, (i - strips) * width, k, K, B + (i - strips) * width * depth);
        });
        threads.each(blocks * panels, [&](std::int64_t task) {
            const std::int64_t j = task % panels, from = task / panels * strips_a_block;
            Product<T> part = p;
            part.H = std::min(width, p.H - j * width);
            part.K = K;
            part.B = B + j * width * depth;
            part.ldb = width;
            part.bias = k == 0 && p.bias ? p.bias + j * width : nullptr;
            part.onto = k > 0 || p.onto;
            part.readable = depth * width;
            for (std::int64_t strip = from; strip < std::min(strips, from + strips_a_block); ++strip) {
                part.A = {A + strip * kTileRows * depth, 1, kTileRows};
                part.C = p.C + strip * kTileRows * p.ldc + j * width;
                panel(part, 0, std::min<std::int64_t>(kTileRows, p.M - strip * kTileRows), 0);
            }
        });
    }
}

template <class T>
inline void product(const Product<T>& p, const Threads& threads) {
    const bool large = p.M >= 192 && p.H >= 192 && p.K >= 64 && !p.only_k && !p.only_rows;
    if (large)
        multiply_blocked(p, threads);
    else
        multiply(p, threads);
}

// The numbers of a matrix that are not 0: for row i, columns and values from first[i] to first[i + 1].
template <class T>
class Sparse {
public:
    std::vector<std::int32_t> first, column;
    std::vector<T> value;

    std::int64_t rows() const { return static_cast<std::int64_t>(first.size()) - 1; }
    std::int64_t count() const { return first.back(); }

    void clear(std::int64_t rows, std::int64_t width) {
        first.assign(1, 0);
        make_room(rows * width + 8);
    }

    // Takes a row in; zeros are passed over in eights.
    void append(const T* x, std::int64_t width) {
        std::int32_t* columns = column.data() + first.back();
        T* values = value.data() + first.back();
        std::int64_t n = 0, k = 0;
        auto take = [&](std::int64_t i) {  // written always, counted only if it is not 0: no branch to guess
            columns[n] = static_cast<std::int32_t>(i);
            values[n] = x[i];
            n += x[i] != 0;
        };
        for (; k + 8 <= width; k += 8) {
            std::uint64_t words[sizeof(T)], any = 0;
            std::memcpy(words, x + k, sizeof words);
            for (std::uint64_t word : words) any |= word;
            if (any)
                for (std::int64_t i = k; i < k + 8; ++i) take(i);
        }
        for (; k < width; ++k) take(k);
        first.push_back(first.back() + static_cast<std::int32_t>(n));
    }

    // The same numbers, column by column, rows ascending.
    void transpose_into(Sparse& other, std::int64_t width) const {
        other.make_room(count());
        other.first.assign(static_cast<std::size_t>(width) + 1, 0);
        for (std::int32_t j = 0; j < first.back(); ++j) ++other.first[at(column[at(j)]) + 1];
        for (std::int64_t k = 0; k < width; ++k) other.first[at(k) + 1] += other.first[at(k)];
        other.place_.assign(other.first.begin(), other.first.end() - 1);
        for (std::int64_t i = 0; i < rows(); ++i)
            for (std::int32_t j = first[at(i)]; j < first[at(i) + 1]; ++j) {
                const std::int32_t to = other.place_[at(column[at(j)])]++;
                other.column[at(to)] = static_cast<std::int32_t>(i);
                other.value[at(to)] = value[at(j)];
            }
    }

private:
    static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

    void make_room(std::int64_t numbers) {
        if (column.size() < at(numbers)) {
            column.resize(at(numbers));
            value.resize(at(numbers));
        }
    }

    std::vector<std::int32_t> place_;
};

template <class T, int V>
inline void sparse_line(const Sparse<T>& A, std::int64_t i, const T* B, std::int64_t ldb, std::int64_t readable,
                        const T* bias, T* c, std::int64_t lanes, bool padded_c) {
    constexpr std::int64_t L = kLanes<T>;
    Vec<T> sum[V];
    for (int v = 0; v < V; ++v) sum[v] = bias ? load_upto(bias + v * L, v == V - 1 ? lanes : L) : Vec<T>{};
    const std::int32_t* column = A.column.data();
    const T* value = A.value.data();
    const std::int32_t end = A.first[static_cast<std::size_t>(i) + 1];
    for (std::int32_t j = A.first[static_cast<std::size_t>(i)]; j < end; ++j) {
        const std::int64_t offset = column[j] * ldb;
        const Vec<T> x = fill<T>(value[j]);
        const bool whole = offset + V * L <= readable;
        for (int v = 0; v < V; ++v)
            sum[v] += x * (whole || v < V - 1 ? load(B + offset + v * L) : load_part(B + offset + v * L, lanes));
    }
    for (int v = 0; v < V; ++v) {
        if (padded_c || v < V - 1)
            store(c + v * L, sum[v] + T(0));
        else
            store_upto(c + v * L, sum[v] + T(0), lanes);
    }
}

// C = bias + A B for an A that is mostly 0; the bits are those of `product`. All rows pass by one panel of B, as wide
// as the registers hold sums, before the next: a panel of a few hundred rows stays in a core's own cache.
template <class T>
inline void sparse_product(const Sparse<T>& A, std::int64_t H, const T* B, std::int64_t ldb, std::int64_t readable,
                           const T* bias, T* C, std::int64_t ldc, bool padded_c, const Threads& threads) {
    constexpr std::int64_t L = kLanes<T>, width = 8 * L;
    const std::int64_t rows = A.rows(), panels = (H + width - 1) / width;
    auto rows_by_panel = [&](std::int64_t first, std::int64_t last, std::int64_t column) {
        for (std::int64_t h = column; h < std::min(H, column + width);) {
            const std::int64_t vectors = (std::min(H, column + width) - h + L - 1) / L;
            auto go = [&](auto V) {
                constexpr int n = decltype(V)::value;
                const std::int64_t lanes = std::min(L, H - h - (n - 1) * L);
                for (std::int64_t i = first; i < last; ++i)
                    sparse_line<T, n>(A, i, B + h, ldb, readable - h, bias ? bias + h : nullptr, C + i * ldc + h, lanes,
                                      padded_c);
                h += n * L;
            };
            if (vectors >= 8)
                go(std::integral_constant<int, 8>{});
            else if (vectors >= 4)
                go(std::integral_constant<int, 4>{});
            else if (vectors >= 2)
                go(std::integral_constant<int, 2>{});
            else
                go(std::integral_constant<int, 1>{});
        }
    };
    if (A.count() * H < kWorthThreads || threads.count() == 1) {
        for (std::int64_t j = 0; j < panels; ++j) rows_by_panel(0, rows, j * width);
        return;
    }
    const std::int64_t share = std::max<std::int64_t>(8, rows / (2 * threads.count())), parts = (rows + share - 1) / share;
    threads.each(panels * parts, [&](std::int64_t task) {
        const std::int64_t first = task % parts * share;
        rows_by_panel(first, std::min(rows, first + share), task / parts * width);
    });
}

// Writes the transpose of a K x H matrix (rows of lda numbers) into an H x K one (rows of ldb), in square blocks.
template <class T>
inline void transpose(const T* a, std::int64_t lda, std::int64_t K, std::int64_t H, T* b, std::int64_t ldb) {
    constexpr std::int64_t block = 16;
    for (std::int64_t i = 0; i < K; i += block)
        for (std::int64_t j = 0; j < H; j += block)
            for (std::int64_t h = j; h < std::min(H, j + block); ++h)
                for (std::int64_t k = i; k < std::min(K, i + block); ++k) b[h * ldb + k] = a[k * lda + h];
}

}  // namespace pellucid
