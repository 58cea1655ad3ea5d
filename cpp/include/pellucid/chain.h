// Layers in a row: the table of kinds, forward and backward through a list, and Residual, which
// holds a list of its own.
#pragma once

#include "activations.h"
#include "embedding.h"
#include "layers.h"
#include "normalization.h"

namespace pellucid {

template <class T>
std::unique_ptr<Layer<T>> make_layer(const LayerSpec& spec);

template <class T>
class Chain {
public:
    PELLUCID_SMALL explicit Chain(const std::vector<LayerSpec>& specs) {
        require(!specs.empty(), "there are no layers");
        for (std::size_t i = 0; i < specs.size(); ++i) {
            require(i == 0 || specs[i].inputs == specs[i - 1].outputs,
                    specs[i].kind + " does not fit the layer before");
            layers.push_back(make_layer<T>(specs[i]));
        }
        outputs_.resize(layers.size());
    }

    // Runs layers `first` to `end` and keeps their outputs for `backward`; returns the last.
    Matrix<const T> forward(const Pass<T>& pass, Matrix<const T> x, Zeros<T> zeros,
                            std::size_t first, std::size_t end) {
        for (std::size_t i = first; i < end; ++i) {
            Pass<T> own = pass.at(i);
            if (i == first) own.zeros = zeros, own.prefetch = pass.prefetch;
            const Matrix<T> y = output(i, x.N);
            layers[i]->forward(own, x, y);
            x = y;
        }
        return x;
    }

    // Walks back from layer `end`, where dy is the loss's gradient by its input; dx may be without
    // data. Layers before `first` are not trained, nor is anything below them.
    void backward(const Pass<T>& pass, Matrix<const T> x, Zeros<T> zeros, std::size_t first,
                  std::size_t end, Matrix<const T> dy, Matrix<T> dx) {
        for (std::size_t i = end; i-- > first;) {
            Pass<T> own = pass.at(i);
            if (i == first) own.zeros = zeros, own.prefetch = pass.prefetch, own.taker = pass.taker;
            const Matrix<const T> input = i == first ? x : output(i - 1, x.N);
            const Matrix<T> below = i == first ? dx : gradient(i, x.N);
            layers[i]->backward(own, input, output(i, x.N), dy, below);
            dy = below;
        }
    }

    void observe(const Pass<T>& pass, Matrix<const T> x, std::size_t first = 0) {
        for (std::size_t i = first; i < layers.size(); ++i) {
            if (layers[i]->has_buffers && !layers[i]->frozen) layers[i]->observe(pass.at(i), x);
            x = output(i, x.N);
        }
    }

    Matrix<T> output(std::size_t i, std::int64_t N) { return place(outputs_[i], N, layers[i]->H); }

    // Returns what layers `first` to `end` make of x and keeps nothing: `line` holds two matrices
    // as wide as the widest of them.
    Matrix<const T> predict(const Pass<T>& pass, Matrix<const T> x, Zeros<T> zeros,
                            std::size_t first, std::size_t end, Buffer<T>& line) const {
        std::int64_t widest = 0;
        for (std::size_t i = first; i < end; ++i) widest = std::max(widest, padded(layers[i]->H));
        const std::int64_t room = x.N * widest + kPad;
        if (line.size() < static_cast<std::size_t>(2 * room))
            line.resize(static_cast<std::size_t>(2 * room));
        T* next = line.data();
        for (std::size_t i = first; i < end; ++i) {
            Pass<T> own = pass.at(i);
            if (i == first) own.zeros = zeros, own.prefetch = pass.prefetch;
            const Matrix<T> y{next, x.N, layers[i]->H};
            layers[i]->forward(own, x, y);
            next = next == line.data() ? line.data() + room : line.data();
            x = y;
        }
        return x;
    }

    static Matrix<T> place(Buffer<T>& room, std::int64_t N, std::int64_t width) {
        const Matrix<T> matrix{nullptr, N, width};
        const auto needed = static_cast<std::size_t>(matrix.size() + kPad);
        if (room.size() < needed) room.resize(needed);
        return {room.data(), N, width};
    }

    std::vector<std::unique_ptr<Layer<T>>> layers;

private:
    Matrix<T> gradient(std::size_t i, std::int64_t N) {
        // Two in turn: a layer reads one and writes the other.
        return place(gradients_[i % 2], N, layers[i]->D);
    }

    std::vector<Buffer<T>> outputs_;
    Buffer<T> gradients_[2];
};

// y = x + layers(x); dx = dy + the layers' own dx. As in core, the backward pass computes the
// layers' outputs again.
template <class T>
class Residual final : public Layer<T> {
public:
    PELLUCID_SMALL explicit Residual(const LayerSpec& spec) : Layer<T>(spec), chain_(spec.inner) {
        require(spec.inner.front().inputs == this->D && spec.inner.back().outputs == this->D,
                "Residual: its layers change the width");
        for (const auto& layer : chain_.layers) {
            this->has_buffers |= layer->has_buffers;
            for (const auto& parameter : layer->parameters) {
                this->parameters.push_back(parameter);
                this->parameters.back().trainable &= !this->frozen;
            }
        }
    }

    void forward(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y) const override {
        Buffer<T> line;
        sum(x, chain_.predict(pass, x, {}, 0, chain_.layers.size(), line), y);
    }

    void backward(const Pass<T>& pass, Matrix<const T> x, Matrix<const T>, Matrix<const T> dy,
                  Matrix<T> dx) override {
        chain_.forward(pass, x, {}, 0, chain_.layers.size());
        const Matrix<T> own =
            dx.data ? Chain<T>::place(own_, x.N, x.width) : Matrix<T>{nullptr, x.N, x.width};
        chain_.backward(pass, x, {}, 0, chain_.layers.size(), dy, own);
        if (dx.data) sum(dy, own, dx);
    }

    void observe(const Pass<T>& pass, Matrix<const T> x) override {
        chain_.forward(pass, x, {}, 0, chain_.layers.size());
        chain_.observe(pass, x);
    }

private:
    static void sum(Matrix<const T> a, Matrix<const T> b, Matrix<T> c) {
        for (std::int64_t i = 0; i < a.size(); i += kLanes<T>)
            store(c.data + i, load(a.data + i) + load(b.data + i));
    }

    Chain<T> chain_;
    Buffer<T> own_;
};

template <class T, template <class> class L>
PELLUCID_SMALL std::unique_ptr<Layer<T>> make(const LayerSpec& spec) {
    return std::make_unique<L<T>>(spec);
}

template <class T, template <class> class F>
PELLUCID_SMALL std::unique_ptr<Layer<T>> make_activation(const LayerSpec& spec) {
    return std::make_unique<Activation<T, F<T>>>(spec);
}

// All layers, by the names of core's classes.
template <class T>
PELLUCID_SMALL std::unique_ptr<Layer<T>> make_layer(const LayerSpec& spec) {
    using Maker = std::unique_ptr<Layer<T>> (*)(const LayerSpec&);
    static constexpr Named<Maker> makers[] = {
        {"Affine", make<T, Affine>},
        {"Identity", make_activation<T, IdentityF>},
        {"Sigmoid", make_activation<T, SigmoidF>},
        {"Tanh", make_activation<T, TanhF>},
        {"ReLU", make_activation<T, ReLUF>},
        {"LeakyReLU", make_activation<T, LeakyReLUF>},
        {"GELU", make_activation<T, GELUF>},
        {"SiLU", make_activation<T, SiLUF>},
        {"Softplus", make_activation<T, SoftplusF>},
        {"Exponential", make_activation<T, ExponentialF>},
        {"ELU", make_activation<T, ELUF>},
        {"SELU", make_activation<T, ELUF>},
        {"PReLU", make<T, PReLU>},
        {"Mish", make_activation<T, MishF>},
        {"Hardswish", make_activation<T, HardswishF>},
        {"Softmax", make<T, Softmax>},
        {"LogSoftmax", make<T, LogSoftmax>},
        {"Flatten", make_activation<T, IdentityF>},
        {"Scale", make_activation<T, ScaleF>},
        {"Standardize", make<T, Standardize>},
        {"SmoothClip", make_activation<T, SmoothClipF>},
        {"PeriodicEmbedding", make<T, PeriodicEmbedding>},
        {"BatchNorm", make<T, BatchNorm>},
        {"LayerNorm", make<T, LayerNorm>},
        {"Dropout", make<T, Dropout>},
        {"Residual", make<T, Residual>},
    };
    // Columns have 32-bit indices, and the number of a layer's weights must not overflow.
    constexpr std::int64_t widest = 1 << 30;
    const Maker maker = find_named(makers, spec.kind, "no native layer ");
    require(
        spec.inputs >= 0 && spec.outputs >= 0 && spec.inputs <= widest && spec.outputs <= widest,
        spec.kind + ": a width must be 0 to " + std::to_string(widest));
    const bool widens = spec.kind == "Affine" || spec.kind == "PeriodicEmbedding";
    require(widens || spec.inputs == spec.outputs, spec.kind + " has as many outputs as inputs");
    return maker(spec);
}

}  // namespace pellucid
