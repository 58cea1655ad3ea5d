// Layers that are a function of each value: the activations, Scale and SmoothClip, value and slope
// side by side.
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

}  // namespace pellucid
