// Layers that are a function of each value, value and slope side by side: the activations, Scale
// and SmoothClip. Behind them PReLU, which is trained, and LogSoftmax, a function of a row.
#pragma once

#include <algorithm>
#include <type_traits>

#include "functions.h"
#include "layers.h"

namespace pellucid {

// A function of each value; threads share large batches.
template <class T>
class Elementwise : public Layer<T> {
public:
    using Layer<T>::Layer;

    void forward(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y) const final {
        each(*pass.threads, x.data, y.data, x.size());
    }

    // Applies the function in place to an unpadded line of any number of values.
    void apply_in_place(const Threads& threads, T* line, std::int64_t count) const {
        const std::int64_t rest = count % kPad;
        each(threads, line, line, count - rest);
        T last[kPad] = {};
        std::copy_n(line + count - rest, rest, last);
        values(last, last, kPad);
        std::copy_n(last, rest, line + count - rest);
    }

private:
    void each(const Threads& threads, const T* from, T* to, std::int64_t count) const {
        constexpr std::int64_t block = 1 << 12,
                               work = 16;  // in multiply-adds for each value
        auto one = [&](std::int64_t task) {
            const std::int64_t start = task * block;
            values(from + start, to + start, std::min(block, count - start));
        };
        threads.each((count + block - 1) / block, one, count * work >= kWorthThreads);
    }

    // `count` is a multiple of kPad.
    virtual void values(const T* from, T* to, std::int64_t count) const = 0;
};

template <class T>
struct SigmoidF;

// y = f(x), dx = dy f'(x): F has value(x) and slope(x, y) on vectors.
template <class T, class F>
class Activation final : public Elementwise<T> {
public:
    explicit Activation(const LayerSpec& spec) : Elementwise<T>(spec), f_(spec) {}

    void backward(const Pass<T>&, Matrix<const T> x, Matrix<const T> y, Matrix<const T> dy,
                  Matrix<T> dx) override {
        if (!dx.data) return;
        for (std::int64_t i = 0; i < x.size(); i += kLanes<T>)
            store(dx.data + i, load(dy.data + i) * f_.slope(load(x.data + i), load(y.data + i)));
    }

private:
    void values(const T* from, T* to, std::int64_t count) const override {
        std::int64_t i = 0;
        if constexpr (std::is_same_v<F, SigmoidF<float>>)
            for (constexpr int V = 8; i + V * kLanes<T> <= count; i += V * kLanes<T>) {
                Vec<T> x[V];
                for (int v = 0; v < V; ++v) x[v] = load(from + i + v * kLanes<T>);
                sigmoid<T, V>(x);
                for (int v = 0; v < V; ++v) store(to + i + v * kLanes<T>, x[v]);
            }
        for (; i < count; i += kLanes<T>) store(to + i, f_.value(load(from + i)));
    }

    const F f_;
};

template <class T>
struct IdentityF {
    explicit IdentityF(const LayerSpec&) {}
    Vec<T> value(Vec<T> x) const { return x; }
    Vec<T> slope(Vec<T>, Vec<T>) const { return fill<T>(1); }
};

template <class T>
struct SigmoidF {
    explicit SigmoidF(const LayerSpec&) {}
    Vec<T> value(Vec<T> x) const { return sigmoid<T>(x); }
    Vec<T> slope(Vec<T>, Vec<T> y) const { return y * (1 - y); }
};

template <class T>
struct TanhF {
    explicit TanhF(const LayerSpec&) {}
    Vec<T> value(Vec<T> x) const { return tanh<T>(x); }
    Vec<T> slope(Vec<T>, Vec<T> y) const { return 1 - y * y; }
};

template <class T>
struct ReLUF {
    explicit ReLUF(const LayerSpec&) {}
    Vec<T> value(Vec<T> x) const { return choose<T>(x < 0, Vec<T>{}, x); }  // NaN stays
    Vec<T> slope(Vec<T> x, Vec<T>) const { return choose<T>(x > 0, fill<T>(1), Vec<T>{}); }
};

template <class T>
struct LeakyReLUF {
    explicit LeakyReLUF(const LayerSpec& spec)
        : slope_(static_cast<T>(option_of(spec.options, "slope").number)) {}
    Vec<T> value(Vec<T> x) const { return choose<T>(x > 0, x, slope_ * x); }
    Vec<T> slope(Vec<T> x, Vec<T>) const { return choose<T>(x > 0, fill<T>(1), fill<T>(slope_)); }
    const T slope_;
};

template <class T>
struct GELUF {
    explicit GELUF(const LayerSpec& spec)
        : by_tanh_(option_of(spec.options, "approximate").text == "tanh") {}
    static Vec<T> argument(Vec<T> x) {
        return T(0.79788456080286535588) * (x + T(0.044715) * x * x * x);
    }
    Vec<T> value(Vec<T> x) const {
        return by_tanh_ ? T(0.5) * x * (1 + tanh<T>(argument(x))) : x * normal_cumulative<T>(x);
    }
    Vec<T> slope(Vec<T> x, Vec<T>) const {
        if (!by_tanh_) return normal_cumulative<T>(x) + x * normal_density<T>(x);
        const Vec<T> t = tanh<T>(argument(x));
        const Vec<T> near = smaller<T>(larger<T>(x, fill<T>(-100)), fill<T>(100));
        const Vec<T> du = T(0.79788456080286535588) * (1 + T(3 * 0.044715) * near * near);
        return T(0.5) * (1 + t) + T(0.5) * near * (1 - t * t) * du;
    }
    const bool by_tanh_;
};

template <class T>
struct SiLUF {
    explicit SiLUF(const LayerSpec&) {}
    Vec<T> value(Vec<T> x) const { return x * sigmoid<T>(x); }
    Vec<T> slope(Vec<T> x, Vec<T> y) const {
        const Vec<T> s = sigmoid<T>(x);
        return s + y * (1 - s);
    }
};

template <class T>
struct SoftplusF {
    explicit SoftplusF(const LayerSpec&) {}
    Vec<T> value(Vec<T> x) const { return softplus<T>(x); }
    Vec<T> slope(Vec<T> x, Vec<T>) const { return sigmoid<T>(x); }
};

template <class T>
struct ExponentialF {
    explicit ExponentialF(const LayerSpec&) {}
    Vec<T> value(Vec<T> x) const { return exp<T>(x); }
    Vec<T> slope(Vec<T>, Vec<T> y) const { return y; }
};

// y = scale x where x > 0, else scale alpha (exp(x) - 1); SELU is ELU with two fixed numbers.
template <class T>
struct ELUF {
    explicit ELUF(const LayerSpec& spec) {
        const bool scaled = spec.kind == "SELU";
        scale_ = scaled ? T(1.0507009873554805) : T(1);
        below_ = scale_ * (scaled ? T(1.6732632423543772)
                                  : static_cast<T>(option_of(spec.options, "alpha").number));
    }
    Vec<T> value(Vec<T> x) const {
        // In this order NaN stays; a positive number would leave the exponent's range.
        const Vec<T> below = expm1_below_zero<T>(smaller<T>(x, Vec<T>{}));
        return choose<T>(x > 0, scale_ * x, choose<T>(x == x, below_ * below, x));
    }
    Vec<T> slope(Vec<T> x, Vec<T> y) const { return choose<T>(x > 0, fill<T>(scale_), y + below_); }
    T scale_, below_;
};

// y = x w with w = tanh(log(1 + exp(x))), by one exponential as in core.
template <class T>
struct MishF {
    explicit MishF(const LayerSpec&) {}
    static Vec<T> share(Vec<T> x, Vec<T> e) {
        const Vec<T> above = choose<T>(x < 0, e * (e + 2), 1 + 2 * e);
        return above / (above + 2 * choose<T>(x < 0, fill<T>(1), e * e));
    }
    Vec<T> value(Vec<T> x) const { return x * share(x, exp_below_zero<T>(minus_size_of<T>(x))); }
    Vec<T> slope(Vec<T> x, Vec<T>) const {
        const Vec<T> e = exp_below_zero<T>(minus_size_of<T>(x)), w = share(x, e);
        return w + x * (1 - w * w) * choose<T>(x < 0, e, fill<T>(1)) / (1 + e);
    }
};

// y = x min(max(x + 3, 0), 6) / 6.
template <class T>
struct HardswishF {
    explicit HardswishF(const LayerSpec&) {}
    Vec<T> value(Vec<T> x) const {
        const Vec<T> bounded = larger<T>(Vec<T>{}, smaller<T>(fill<T>(6), x + 3));  // NaN stays
        return x * (bounded / 6);
    }
    Vec<T> slope(Vec<T> x, Vec<T>) const {
        const Vec<T> between = choose<T>(x >= 3, fill<T>(1), x / 3 + T(0.5));
        return choose<T>(x <= -3, Vec<T>{}, between);
    }
};

// y = factor x.
template <class T>
struct ScaleF {
    explicit ScaleF(const LayerSpec& spec)
        : factor_(static_cast<T>(option_of(spec.options, "factor").number)) {}
    Vec<T> value(Vec<T> x) const { return x * factor_; }
    Vec<T> slope(Vec<T>, Vec<T>) const { return fill<T>(factor_); }
    const T factor_;
};

// y = x / sqrt(1 + (x / limit)^2). As in core, x / limit is bounded, so that its square does not
// overflow.
template <class T>
struct SmoothClipF {
    explicit SmoothClipF(const LayerSpec& spec)
        : limit_(static_cast<T>(option_of(spec.options, "limit").number)) {}
    Vec<T> share(Vec<T> x) const {
        const Vec<T> near = smaller<T>(larger<T>(x / limit_, fill<T>(-1e8)), fill<T>(1e8));
        return choose<T>(x == x, near, x);
    }
    Vec<T> value(Vec<T> x) const {
        const Vec<T> u = share(x);
        return u / square_root<T>(1 + u * u) * limit_;
    }
    Vec<T> slope(Vec<T> x, Vec<T>) const {
        const Vec<T> u = share(x), square = 1 + u * u;
        return 1 / (square_root<T>(square) * square);
    }
    const T limit_;
};

// y = x where x > 0, else slope x: one trained slope, or one for each column. Written in vectors,
// which are as fast when the rest is compiled for size.
template <class T>
class PReLU final : public Layer<T> {
public:
    PELLUCID_SMALL explicit PReLU(const LayerSpec& spec) : Layer<T>(spec) {
        require(
            !spec.arrays.empty() && (spec.arrays[0].count == 1 || spec.arrays[0].count == this->H),
            "PReLU expects one slope, or one for each column");
        count_ = spec.arrays[0].count;
        slope_ = array_of<T>(spec, 0, count_);
        this->add_parameter(slope_, count_, 0);
    }

    PELLUCID_SMALL void forward(const Pass<T>&, Matrix<const T> x, Matrix<T> y) const override {
        for (std::int64_t i = 0; i < x.N; ++i)
            each_vector<T>(this->H, [&](std::int64_t h, std::int64_t n) {
                const Vec<T> own = load(x.row(i) + h);
                store(y.row(i) + h, choose<T>(own > 0, own, slope(h, n) * own));
            });
    }

    // A column's rows are added in ascending order; one slope's columns after that.
    PELLUCID_SMALL void backward(const Pass<T>&, Matrix<const T> x, Matrix<const T>,
                                 Matrix<const T> dy, Matrix<T> dx) override {
        T* const dslope = this->parameters[0].gradient;
        std::fill(dslope, dslope + count_, T(0));
        each_vector<T>(this->H, [&](std::int64_t h, std::int64_t n) {
            Vec<T> sum = {};
            for (std::int64_t i = 0; i < x.N; ++i) {
                const Vec<T> own = load(x.row(i) + h), given = load(dy.row(i) + h);
                sum += choose<T>(own > 0, Vec<T>{}, given * own);
                if (dx.data) store(dx.row(i) + h, choose<T>(own > 0, given, slope(h, n) * given));
            }
            for (std::int64_t j = 0; j < n; ++j) dslope[count_ == 1 ? 0 : h + j] += sum[j];
        });
    }

private:
    Vec<T> slope(std::int64_t h, std::int64_t n) const {
        return count_ == 1 ? fill<T>(*slope_) : load_upto(slope_ + h, n);
    }

    std::int64_t count_;
    T* slope_;
};

// y = x - log sum exp(x), for a row; y may be x.
template <class T>
void log_softmax_row(const T* x, T* y, std::int64_t H) {
    const T most = H ? *std::max_element(x, x + H) : T(0);
    T sum = 0;
    each_vector<T>(H, [&](std::int64_t h, std::int64_t n) {
        const Vec<T> e = exp_below_zero<T>(load(x + h) - most);
        for (std::int64_t j = 0; j < n; ++j) sum += e[j];
    });
    const T whole = std::log(sum);
    each_vector<T>(H,
                   [&](std::int64_t h, std::int64_t) { store(y + h, load(x + h) - most - whole); });
}

// Each row as log-probabilities; dx = dy - exp(y) sum(dy).
template <class T>
class LogSoftmax final : public Layer<T> {
public:
    PELLUCID_SMALL explicit LogSoftmax(const LayerSpec& spec) : Layer<T>(spec) {}

    PELLUCID_SMALL void forward(const Pass<T>&, Matrix<const T> x, Matrix<T> y) const override {
        for (std::int64_t i = 0; i < x.N; ++i) log_softmax_row(x.row(i), y.row(i), this->H);
    }

    PELLUCID_SMALL void backward(const Pass<T>&, Matrix<const T>, Matrix<const T> y,
                                 Matrix<const T> dy, Matrix<T> dx) override {
        if (!dx.data) return;
        for (std::int64_t i = 0; i < y.N; ++i) {
            T sum = 0;
            for (std::int64_t h = 0; h < this->H; ++h) sum += dy.row(i)[h];
            each_vector<T>(this->H, [&](std::int64_t h, std::int64_t) {
                store(dx.row(i) + h,
                      load(dy.row(i) + h) - exp_below_zero<T>(load(y.row(i) + h)) * sum);
            });
        }
    }
};

}  // namespace pellucid
