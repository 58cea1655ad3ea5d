// Tests of functions, of losses' targets and of products: each way to the same numbers against the
// plainest one.
#pragma once

#include "check.h"
#include "pellucid/engine.h"

namespace {

using namespace pellucid;

// The functions against the C library in long double, in units of the type's precision.
template <class T, class F, class G>
void function_agrees(const char* name, F ours, G theirs, double low, double high, double bound) {
    double worst = 0;
    for (int i = 0; i < 20000; ++i) {
        const T x = static_cast<T>(low + (high - low) * i / 20000.0);
        const T y = ours(fill<T>(x))[0];
        const long double truth = theirs(static_cast<long double>(x));
        const double error =
            static_cast<double>(std::abs((static_cast<long double>(y) - truth) / truth));
        if (std::abs(truth) > 1e4L * static_cast<long double>(std::numeric_limits<T>::min()))
            worst = std::max(worst, error);
    }
    worst /= static_cast<double>(std::numeric_limits<T>::epsilon());
    CHECK(worst < bound, "%s is off by %.2f units", name, worst);
}

// Qualified, since libc++ has templates of these names in the global namespace.
template <class T>
void functions_are_right() {
    const double far = sizeof(T) == 4 ? 87 : 708;
    function_agrees<T>(
        "exp", pellucid::exp<T>, [](long double x) { return std::exp(x); }, -far, far, 2.5);
    function_agrees<T>(
        "sigmoid", sigmoid<T>, [](long double x) { return 1 / (1 + std::exp(-x)); }, -far, far, 5);
    function_agrees<T>(
        "tanh", pellucid::tanh<T>, [](long double x) { return std::tanh(x); }, -20, 20.001, 5);
    function_agrees<T>(
        "softplus", softplus<T>, [](long double x) { return std::log1p(std::exp(x)); }, -far, far,
        5);
    function_agrees<T>(
        "erfc", pellucid::erfc<T>, [](long double x) { return std::erfc(x); }, -6,
        sizeof(T) == 4 ? 8 : 25, 30);
    // Near its zeros a wave has no digits of its own: 2 is added.
    function_agrees<T>(
        "cosine", [](Vec<T> x) { return cosine<T>(x) + 2; },
        [](long double x) { return std::cos(2 * std::acos(-1.0L) * x) + 2; }, -300, 300, 3);
    const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
    CHECK(pellucid::exp<T>(fill(inf))[0] == inf && pellucid::exp<T>(fill(-inf))[0] == 0 &&
              std::isnan(pellucid::exp<T>(fill(nan))[0]),
          "exp at the ends");
    CHECK(sigmoid<T>(fill(inf))[0] == 1 && sigmoid<T>(fill(-inf))[0] == 0, "sigmoid at the ends");
    const T far_out = cosine<T>(fill(std::numeric_limits<T>::max()))[0];
    CHECK(std::abs(far_out - 1) < T(1e-6) && std::isnan(cosine<T>(fill(inf))[0]),
          "cosine at the ends");
    for (auto f : {sigmoid<T>, pellucid::tanh<T>, softplus<T>, pellucid::erfc<T>, pellucid::exp<T>,
                   cosine<T>})
        CHECK(std::isnan(f(fill(nan))[0]), "NaN is lost");
}

// A class as a target has the bits of its one-hot row, and NaN where that has.
template <class T>
void a_class_is_its_row() {
    for (int trial = 0; trial < 200; ++trial) {
        const std::int64_t K = whole(1, 40), chosen = whole(0, int(K) - 1), room = padded(K) + kPad;
        std::vector<T> z = normal<T>(room, trial % 3 ? 1 : 30), other = z,
                       t(static_cast<std::size_t>(room));
        t[static_cast<std::size_t>(chosen)] = 1;
        const T share = T(1) / static_cast<T>(whole(1, 64));
        const T loss = cross_entropy(z.data(), t.data(), K, share, 0),
                found = cross_entropy_of_class(other.data(), chosen, K, share);
        const bool same =
            std::memcmp(z.data(), other.data(), static_cast<std::size_t>(K) * sizeof(T)) == 0;
        CHECK(same && loss == found, "class %d of %d: %g instead of %g", int(chosen), int(K),
              double(found), double(loss));
    }
    for (const T odd : {std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity(),
                        std::numeric_limits<T>::quiet_NaN()}) {
        std::vector<T> z(kPad), t(kPad);
        z[2] = odd, t[1] = 1;
        std::vector<T> other = z;
        CHECK(std::isnan(cross_entropy(z.data(), t.data(), 3, T(1), 0)) &&
                  std::isnan(cross_entropy_of_class(other.data(), 1, 3, T(1))),
              "%g is lost", double(odd));
    }
}

template <class T>
Rows rows_of(const T* data, std::int64_t count, std::int64_t width) {
    Rows rows;
    rows.data = data, rows.count = count, rows.width = width;
    rows.type = sizeof(T) == 1 ? Number::uint8 : sizeof(T) == 4 ? Number::float32 : Number::float64;
    return rows;
}

// Strips of bytes, chosen from more rows, have the products of the values that these bytes become,
// bit for bit.
template <class T>
void strips_take_bytes() {
    const Threads one(1), some(3);
    for (int trial = 0; trial < trials; ++trial) {
        const bool shared = trial % 12 == 0;  // so many that the threads share them
        const std::int64_t M = shared ? whole(300, 400) : whole(1, 70),
                           K = shared ? whole(500, 800) : whole(1, 200);
        const std::int64_t H = whole(shared ? 9 : 1, 40), ldc = padded(H), all = M + whole(0, 20);
        const T factor = T(1) / 255;
        std::vector<std::uint8_t> bytes(static_cast<std::size_t>(all * K));
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(whole(0, 4) ? 0 : whole(0, 255));
        std::vector<std::int64_t> chosen(static_cast<std::size_t>(M));
        for (auto& row : chosen) row = whole(0, static_cast<int>(all) - 1);
        std::vector<T> A(static_cast<std::size_t>(M * K)),
            B = normal<T>(K * H), bias = normal<T>(H), dy = normal<T>(M * ldc);
        for (std::int64_t i = 0; i < M; ++i)
            for (std::int64_t k = 0; k < K; ++k)
                A[static_cast<std::size_t>(i * K + k)] =
                    static_cast<T>(bytes[static_cast<std::size_t>(
                        chosen[static_cast<std::size_t>(i)] * K + k)]) *
                    factor;
        std::vector<T> plain(static_cast<std::size_t>(M * ldc)),
            other = plain, dW(static_cast<std::size_t>(K * H)), other_dW = dW;
        Product<T> p{M, H, K, {A.data(), K, 1}, B.data(), H, plain.data(), ldc, bias.data()};
        p.readable = K * H;
        Product<T> back{K, H, M, {A.data(), 1, K}, dy.data(), ldc, dW.data(), H};
        back.padded_c = false, back.readable = M * ldc;
        multiply(p, one);
        multiply(back, one);
        Rows rows = rows_of(bytes.data(), M, K);
        rows.chosen = chosen.data();
        Strips<T> strips;
        p.C = other.data();
        for (const bool kept : {false, true}) {
            strips.begin(rows, K, factor, kept);
            std::fill(other.begin(), other.end(), T(0));
            product(p, strips, kept, some, nullptr);
            for (std::int64_t i = 0; i < M; ++i)
                CHECK(std::memcmp(&plain[static_cast<std::size_t>(i * ldc)],
                                  &other[static_cast<std::size_t>(i * ldc)],
                                  static_cast<std::size_t>(H) * sizeof(T)) == 0,
                      "bytes%s differ in row %d (%d x %d x %d)", kept ? ", kept," : "", int(i),
                      int(M), int(H), int(K));
        }
        transposed_product<T>(strips, H, K, {dy.data(), ldc, M, M * ldc, true}, other_dW.data(),
                              some, nullptr, [](T*, std::int64_t, std::int64_t) {});
        CHECK(dW == other_dW, "bytes, transposed, differ (%d x %d x %d)", int(M), int(H), int(K));
    }
}

// C = A^T B by strips, by columns and as a plain product, for an A of M x K and a B of M x H, both
// with padded rows.
template <class T>
void transposed_products_have_the_same_bits(const std::vector<T>& A, std::int64_t M, std::int64_t K,
                                            Strips<T>& strips, const Columns<T>& columns,
                                            const std::vector<T>& B, std::int64_t H,
                                            const Threads& some) {
    const std::int64_t lda = padded(K), ldb = padded(H);
    std::vector<T> plain(static_cast<std::size_t>(K * H)), other(plain);
    Product<T> p{K, H, M, {A.data(), 1, lda}, B.data(), ldb, plain.data(), H};
    p.padded_c = false;
    p.readable = M * ldb;
    multiply(p, Threads(1));
    const Lines<const T> from{B.data(), ldb, M, M * ldb, true};
    for (std::int64_t i = 0; i < strips.count(); ++i) strips.look(i);
    Prefetch ahead(rows_of(A.data(), M, K));
    auto same = [&](const char* how) {
        CHECK(std::memcmp(plain.data(), other.data(), plain.size() * sizeof(T)) == 0,
              "%s, transposed, differ (%d x %d x %d)", how, int(M), int(K), int(H));
    };
    auto nothing = [](T*, std::int64_t, std::int64_t) {};
    auto copy = [&](const T* rows, std::int64_t first, std::int64_t count) {
        std::copy_n(rows, count * H, other.data() + first * H);
    };
    transposed_product<T>(strips, H, K, from, other.data(), some, &ahead, nothing);
    same("strips with rows ahead");
    other.assign(other.size(), T(7));
    transposed_product<T>(strips, H, K, from, nullptr, some, nullptr, copy);
    same("strips, some at a time,");
    other.assign(other.size(), T(7));
    multiply_by_rows(p, some, copy);
    same("some rows at a time");
    transposed_product<T>(columns, H, from, other.data(), some, &ahead, nothing);
    same("columns");
    other.assign(other.size(), T(7));
    transposed_product<T>(columns, H, from, nullptr, some, nullptr, copy);
    same("columns, some at a time,");
}

// Every way to compute a product has the bits of one chain of multiply-adds.
template <class T>
void products_have_the_same_bits() {
    Columns<T> columns;  // one for all, as an engine has: what it took in before must not matter
    for (int trial = 0; trial < trials; ++trial) {
        const std::int64_t M = whole(1, 130), H = whole(1, 70),
                           K = trial % 7 ? whole(1, 200) : whole(500, 700);
        const std::int64_t lda = padded(K), ldc = padded(H);
        std::vector<T> A = normal<T>(M * lda, 0.8), B = normal<T>(K * H), bias = normal<T>(H);
        std::vector<T> plain(static_cast<std::size_t>(M * ldc + kPad)), other = plain;
        Product<T> p{M, H, K, {A.data(), lda, 1}, B.data(), H, plain.data(), ldc, bias.data()};
        p.readable = K * H;
        const Threads one(1), some(whole(2, 4));
        multiply(p, one);
        auto same = [&](const char* how) {
            for (std::int64_t i = 0; i < M; ++i)
                CHECK(std::memcmp(&plain[static_cast<std::size_t>(i * ldc)],
                                  &other[static_cast<std::size_t>(i * ldc)],
                                  static_cast<std::size_t>(H) * sizeof(T)) == 0,
                      "%s differs in row %d (%d x %d x %d)", how, int(i), int(M), int(K), int(H));
        };
        p.C = other.data();
        multiply_blocked(p, some);
        same("blocked");
        for (const std::int64_t rows : {M, std::int64_t(1)}) {
            std::fill(other.begin(), other.end(), T(7));
            p.M = rows;
            multiply_few(p, some);
            std::copy_n(plain.data() + rows * ldc, (M - rows) * ldc, other.data() + rows * ldc);
            same(rows == 1 ? "one row" : "few rows");
        }
        p.M = M;
        std::vector<T> turned_B(static_cast<std::size_t>(H * K));
        transpose(B.data(), H, K, H, turned_B.data(), K);
        p.B = turned_B.data(), p.ldb = K, p.turned = true;
        std::fill(other.begin(), other.end(), T(7));
        multiply_blocked(p, some);
        same("blocked, B turned");
        p.B = B.data(), p.ldb = H, p.turned = false;
        std::vector<T> turned(static_cast<std::size_t>(K * M));
        transpose(A.data(), lda, M, K, turned.data(), M);
        p.A = {turned.data(), 1, M};
        multiply_blocked(p, some);
        same("blocked, columns of A side by side");
        Strips<T> strips;
        for (bool kept : {false, true}) {
            strips.begin(rows_of(A.data(), M, K), lda, T(1), kept);
            Prefetch ahead(rows_of(A.data(), M, K));
            product(p, strips, kept, some, kept ? &ahead : nullptr);
            same(kept ? "strips, kept" : "strips");
        }
        columns.take(A.data(), M, K, lda);
        Prefetch ahead(rows_of(A.data(), M, K));
        product<T>(columns, H, {B.data(), H, K, K * H, false}, bias.data(),
                   {other.data(), ldc, M, M * ldc, true}, some, &ahead);
        same("columns");
        transposed_products_have_the_same_bits(A, M, K, strips, columns, plain, H, some);
        for (std::int64_t i = 0; i < M; ++i)
            for (std::int64_t h = 0; h < H; ++h) {
                double sum = bias[static_cast<std::size_t>(h)], size = 1;
                for (std::int64_t k = 0; k < K; ++k) {
                    const double term = double(A[static_cast<std::size_t>(i * lda + k)]) *
                                        double(B[static_cast<std::size_t>(k * H + h)]);
                    sum += term;
                    size += std::abs(term);
                }
                const double error =
                    std::abs(sum - double(plain[static_cast<std::size_t>(i * ldc + h)]));
                CHECK(error < 100 * std::numeric_limits<T>::epsilon() * size, "wrong by %g", error);
            }
    }
}

}  // namespace
