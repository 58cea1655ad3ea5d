// The layers of core/, each with both directions side by side; those that are a function of each
// value are in activations.h. x, y, dx, dy are scratch matrices whose rows are padded to a multiple
// of kPad values; the padding is never used.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "blocked.h"
#include "columns.h"
#include "functions.h"
#include "random.h"
#include "single.h"
#include "spec.h"
#include "strips.h"

namespace pellucid {

// A scratch matrix: N rows of ld values, of which the first `width` count. Rows of the user's own
// memory are a Matrix<const T>.
template <class T>
struct Matrix {
    T* data = nullptr;
    std::int64_t N = 0, width = 0;

    Matrix() = default;
    Matrix(T* data_, std::int64_t N_, std::int64_t width_) : data(data_), N(N_), width(width_) {}
    template <class U, class = std::enable_if_t<std::is_same_v<const U, T>>>
    Matrix(const Matrix<U>& other) : Matrix(other.data, other.N, other.width) {}

    std::int64_t ld() const { return padded(width); }
    T* row(std::int64_t i) const { return data + i * ld(); }
    std::int64_t size() const { return N * ld(); }
};

// The array with that index, which must hold `count` values.
template <class T>
T* array_of(const LayerSpec& spec, std::size_t index, std::int64_t count) {
    require(index < spec.arrays.size() && spec.arrays[index].count == count,
            spec.kind + ": an array has another size than the layer");
    return static_cast<T*>(spec.arrays[index].data);
}

// What a network's first layer may know of its input, where most of it is 0.
template <class T>
struct Zeros {
    Strips<T>* strips = nullptr;  // filled by the layer's forward pass
    const Columns<T>* columns = nullptr;
};

// Takes `count` values of the gradient of a trained parameter, from index `from` on, as soon as
// they are known.
template <class T>
using Taker =
    std::function<void(std::size_t parameter, T* gradient, std::int64_t from, std::int64_t count)>;

// One pass: whether it is for training, the place of its random numbers, and the threads that share
// it.
template <class T>
struct Pass {
    bool training = false;
    Draws draws;
    const Threads* threads = nullptr;
    Zeros<T> zeros;                   // of the layer's own input
    Prefetch* prefetch = nullptr;     // rows to prefetch while the first layer works
    const Taker<T>* taker = nullptr;  // for gradients that a layer then need not keep

    Pass at(std::uint64_t index) const {
        Pass inner = *this;
        inner.draws = draws.at(index);
        inner.zeros = {};
        inner.prefetch = nullptr;
        inner.taker = nullptr;
        return inner;
    }
};

template <class T>
class Layer {
public:
    explicit Layer(const LayerSpec& spec) : D(spec.inputs), H(spec.outputs), frozen(spec.frozen) {}
    virtual ~Layer() = default;

    virtual void forward(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y) const = 0;

    // Fills the gradients, and dx unless its data is null.
    virtual void backward(const Pass<T>& pass, Matrix<const T> x, Matrix<const T> y,
                          Matrix<const T> dy, Matrix<T> dx) = 0;

    // Updates the buffers by the input of a training pass.
    virtual void observe(const Pass<T>&, Matrix<const T>) {}

    // Multiply-adds of a row, roughly.
    std::int64_t work() const {
        return inner_work_ ? inner_work_ : D * (parameters.empty() ? 4 : H);
    }

    struct Parameter {
        T* value;
        std::int64_t rows, columns;  // columns is 0 for a vector
        T* gradient;
        bool trainable;  // its layer is not frozen
        std::int64_t size() const { return columns ? rows * columns : rows; }
    };
    std::vector<Parameter> parameters;
    const std::int64_t D, H;
    const bool frozen;
    bool has_buffers = false;
    // The index of the weights among the trained parameters, if they may go to a taker; whether
    // they did so in the last backward pass.
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    std::size_t taken_as = kNone;
    bool taken = false;

protected:
    // Takes over the parameters of layers within this one.
    PELLUCID_SMALL void take(const std::vector<std::unique_ptr<Layer>>& inner) {
        for (const auto& layer : inner) {
            has_buffers |= layer->has_buffers;
            inner_work_ += layer->work();
            for (const auto& parameter : layer->parameters) {
                parameters.push_back(parameter);
                parameters.back().trainable &= !frozen;
            }
        }
    }

    void add_parameter(T* value, std::int64_t rows, std::int64_t columns) {
        const std::int64_t size = (columns ? rows * columns : rows) + kPad;
        gradients_.emplace_back(static_cast<std::size_t>(size) * sizeof(T));
        parameters.push_back({value, rows, columns, gradients_.back().begin<T>(), !frozen});
    }

private:
    std::int64_t inner_work_ = 0;
    std::vector<LazyZeros> gradients_;
};

// y = x W + b; dW = x^T dy; db = sum of dy over the rows; dx = dy W^T.
template <class T>
class Affine final : public Layer<T> {
public:
    PELLUCID_SMALL explicit Affine(const LayerSpec& spec) : Layer<T>(spec) {
        W_ = array_of<T>(spec, 0, this->D * this->H);
        this->add_parameter(W_, this->D, this->H);
        const bool biased = spec.arrays.size() > 1 && spec.arrays[1].count >= 0;
        b_ = biased ? array_of<T>(spec, 1, this->H) : nullptr;
        if (biased) this->add_parameter(b_, this->H, 0);
    }

    void forward(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y) const override {
        const std::int64_t D = this->D, H = this->H;
        if (pass.zeros.columns) {
            pellucid::product<T>(*pass.zeros.columns, H, {W_, H, D, D * H, false}, b_, lines(y),
                                 *pass.threads, pass.prefetch);
            return;
        }
        Product<T> p{x.N, H, D, {x.data, x.ld(), 1}, W_, H, y.data, y.ld(), b_};
        p.readable = D * H;
        p.streams = !pass.training;
        if (pass.zeros.strips)
            product(p, *pass.zeros.strips, pass.training, *pass.threads, pass.prefetch);
        else
            product(p, *pass.threads);
    }

    void backward(const Pass<T>& pass, Matrix<const T> x, Matrix<const T>, Matrix<const T> dy,
                  Matrix<T> dx) override {
        const std::int64_t H = this->H;
        if (dx.data) input_gradient(pass, dy, dx);
        weights_gradient(pass, x, dy);  // after dx, since a taker changes the weights
        if (b_) {
            T* db = this->parameters[1].gradient;
            each_vector<T>(H, [&](std::int64_t h, std::int64_t n) {
                Vec<T> sum = {};
                for (std::int64_t i = 0; i < dy.N; ++i) sum += load(dy.row(i) + h);
                store_upto(db + h, sum, n);
            });
        }
    }

private:
    void input_gradient(const Pass<T>& pass, Matrix<const T> dy, Matrix<T> dx) {
        const std::int64_t D = this->D, H = this->H;
        if (dy.N == 1) return turned_row(dy.data, W_, D, H, dx.data, *pass.threads);
        Product<T> p{dy.N, D, H, {dy.data, dy.ld(), 1}, W_, H, dx.data, dx.ld()};
        if (is_far(p)) {
            p.turned = true;
            multiply_blocked(p, *pass.threads);
            return;
        }
        transposed_.resize(static_cast<std::size_t>(H * padded(D)));
        transpose(W_, H, D, H, transposed_.data(), padded(D));
        p.B = transposed_.data();
        p.ldb = padded(D);
        p.readable = H * padded(D);
        product(p, *pass.threads);
    }

    void weights_gradient(const Pass<T>& pass, Matrix<const T> x, Matrix<const T> dy) {
        const std::int64_t D = this->D, H = this->H;
        T* const dW = this->parameters[0].gradient;
        const bool zeros = pass.zeros.columns || pass.zeros.strips;
        const bool far = D * H * static_cast<std::int64_t>(sizeof(T)) >= kFar && x.N <= kMostTaken;
        const bool soon = zeros || far || x.N == 1;
        this->taken = pass.taker && this->taken_as != this->kNone && soon;
        auto done = [&](T* rows, std::int64_t first, std::int64_t count) {
            if (this->taken) (*pass.taker)(this->taken_as, rows, first* H, count* H);
        };
        T* const kept = this->taken ? nullptr : dW;
        if (pass.zeros.columns) {
            transposed_product<T>(*pass.zeros.columns, H, lines(dy), kept, *pass.threads,
                                  pass.prefetch, done);
            return;
        }
        if (pass.zeros.strips) {
            transposed_product<T>(*pass.zeros.strips, H, D, lines(dy), kept, *pass.threads,
                                  pass.prefetch, done);
            return;
        }
        if (x.N == 1) return outer_row(x.data, D, dy.data, H, kept, *pass.threads, done);
        Product<T> p{D, H, x.N, {x.data, 1, x.ld()}, dy.data, dy.ld(), dW, H};
        p.padded_c = false;
        p.readable = dy.size();
        if (this->taken)
            multiply_by_rows(p, *pass.threads, done);
        else
            product(p, *pass.threads);
    }

    template <class U>
    static Lines<U> lines(Matrix<U> m) {
        return {m.data, m.ld(), m.N, m.size(), true};
    }

    // Bytes of a layer's weights from which their gradient is not written to memory and read again,
    // and the rows of a batch up to which that pays.
    static constexpr std::int64_t kFar = 2 << 20, kMostTaken = 512;

    T *W_, *b_;
    Buffer<T> transposed_;
};

// Each row as probabilities: y = exp(x) / sum exp(x); dx = y (dy - sum of dy y).
template <class T>
void softmax_row(const T* x, T* y, std::int64_t H) {
    T most = x[0];
    for (std::int64_t h = 1; h < H; ++h) most = x[h] > most ? x[h] : most;
    each_vector<T>(H, [&](std::int64_t h, std::int64_t) {
        store(y + h, exp_below_zero<T>(load(x + h) - most));
    });
    T sum = 0;
    for (std::int64_t h = 0; h < H; ++h) sum += y[h];
    each_vector<T>(H, [&](std::int64_t h, std::int64_t) { store(y + h, load(y + h) / sum); });
}

template <class T>
class Softmax final : public Layer<T> {
public:
    explicit Softmax(const LayerSpec& spec) : Layer<T>(spec) {}

    void forward(const Pass<T>&, Matrix<const T> x, Matrix<T> y) const override {
        for (std::int64_t i = 0; i < x.N; ++i) softmax_row(x.row(i), y.row(i), this->H);
    }

    void backward(const Pass<T>&, Matrix<const T>, Matrix<const T> y, Matrix<const T> dy,
                  Matrix<T> dx) override {
        if (!dx.data) return;
        for (std::int64_t i = 0; i < y.N; ++i) {
            T sum = 0;
            for (std::int64_t h = 0; h < this->H; ++h) sum += dy.row(i)[h] * y.row(i)[h];
            each_vector<T>(this->H, [&](std::int64_t h, std::int64_t) {
                store(dx.row(i) + h, load(y.row(i) + h) * (load(dy.row(i) + h) - sum));
            });
        }
    }
};

// In training, a random share of the values becomes 0 and the others grow by as much. The factors
// are kept for the backward pass: drawing them takes longer than a small layer's product.
template <class T>
class Dropout final : public Layer<T> {
public:
    explicit Dropout(const LayerSpec& spec) : Layer<T>(spec) {
        const double rate = option_of(spec.options, "rate").number;
        // A number of 53 random bits is at least the rate: whole numbers tell it as exactly.
        const double least = rate >= 0 && rate < 1 ? std::ceil(rate * 0x1p53) : 0x1p53 - 1;
        least_ = static_cast<std::uint64_t>(least) << 11;
        grown_ = static_cast<T>(1 / (1 - rate));
    }

    void forward(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y) const override {
        if (!pass.training) {
            std::copy_n(x.data, x.size(), y.data);
            return;
        }
        const std::uint64_t stream = pass.draws.stream();
        if (factors_.size() < static_cast<std::size_t>(x.size()))
            factors_.resize(static_cast<std::size_t>(x.size()));
        pass.threads->each((x.N + 31) / 32, [&](std::int64_t task) {
            for (std::int64_t i = task * 32; i < std::min(x.N, task * 32 + 32); ++i) {
                const auto row = pass.draws.row + static_cast<std::uint64_t>(i);
                T* const factors = factors_.data() + i * x.ld();
                draw(stream, row * static_cast<std::uint64_t>(this->H), factors);
                times(x.row(i), factors, y.row(i), this->H);
            }
        });
    }

    void backward(const Pass<T>& pass, Matrix<const T>, Matrix<const T>, Matrix<const T> dy,
                  Matrix<T> dx) override {
        if (!dx.data) return;
        if (pass.training)
            times(dy.data, factors_.data(), dx.data, dy.size());
        else
            std::copy_n(dy.data, dy.size(), dx.data);
    }

private:
    static constexpr int kDrawn = kBytes / 8;  // random numbers of a vector
    typedef std::uint64_t Random __attribute__((vector_size(kBytes)));
    typedef std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t> Whole;
    typedef Whole Chosen __attribute__((vector_size(kDrawn * sizeof(T))));

    // Fills the factors of a row, whose first number has that place in the stream.
    void draw(std::uint64_t stream, std::uint64_t place, T* factors) const {
        Random counter;
        for (int j = 0; j < kDrawn; ++j)
            counter[j] = (place + static_cast<std::uint64_t>(j) + 1) * kGolden + stream;
        Whole grown;
        std::memcpy(&grown, &grown_, sizeof grown);
        for (std::int64_t h = 0; h < this->H; h += kDrawn, counter += kDrawn * kGolden) {
            const Chosen kept = __builtin_convertvector(mix(counter) >= least_, Chosen) & grown;
            std::memcpy(factors + h, &kept, sizeof kept);  // the row's padding takes the rest
        }
    }

    static void times(const T* a, const T* b, T* c, std::int64_t count) {
        for (std::int64_t i = 0; i < count; i += kLanes<T>) store(c + i, load(a + i) * load(b + i));
    }

    std::uint64_t least_;
    T grown_;
    mutable Buffer<T> factors_;  // of a training pass, of which there is one at a time
};

// y = (x - mean) / std, column by column.
template <class T>
class Standardize final : public Layer<T> {
public:
    explicit Standardize(const LayerSpec& spec)
        : Layer<T>(spec),
          mean_(array_of<T>(spec, 0, spec.inputs)),
          std_(array_of<T>(spec, 1, spec.inputs)) {}

    void forward(const Pass<T>&, Matrix<const T> x, Matrix<T> y) const override {
        for (std::int64_t i = 0; i < x.N; ++i)
            for (std::int64_t h = 0; h < this->H; ++h)
                y.row(i)[h] = (x.row(i)[h] - mean_[h]) / std_[h];
    }

    void backward(const Pass<T>&, Matrix<const T>, Matrix<const T>, Matrix<const T> dy,
                  Matrix<T> dx) override {
        if (!dx.data) return;
        for (std::int64_t i = 0; i < dy.N; ++i)
            for (std::int64_t h = 0; h < this->H; ++h) dx.row(i)[h] = dy.row(i)[h] / std_[h];
    }

private:
    const T *mean_, *std_;
};

}  // namespace pellucid
