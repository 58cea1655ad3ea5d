// Layers in a row: forward and backward through a list, and Skip, which holds lists of its own.
#pragma once

#include "layers.h"

namespace pellucid {

// In kinds.h, which knows all layers.
template <class T>
std::unique_ptr<Layer<T>> make_layer(const LayerSpec& spec);

template <class T>
class Chain {
public:
    PELLUCID_SMALL Chain(const LayerSpec* specs, std::size_t count) {
        require(count > 0, "there are no layers");
        for (std::size_t i = 0; i < count; ++i) {
            require(i == 0 || specs[i].inputs == specs[i - 1].outputs,
                    specs[i].kind + " does not fit the layer before");
            layers.push_back(make_layer<T>(specs[i]));
        }
        outputs_.resize(count);
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
            if (i == first) own.zeros = zeros, own.prefetch = pass.prefetch;
            own.taker = pass.taker;
            const Matrix<const T> input = i == first ? x : output(i - 1, x.N);
            const Matrix<T> below = i == first ? dx : gradient(i, x.N);
            layers[i]->backward(own, input, output(i, x.N), dy, below);
            dy = below;
        }
    }

    // Tells each layer which of the trained parameters its weights are, unless another layer has
    // the same: then its backward pass may hand their gradient to a taker.
    void number_weights(const std::vector<typename Layer<T>::Parameter>& trained,
                        const std::vector<typename Layer<T>::Parameter>& all) {
        for (const auto& layer : layers) {
            if (layer->parameters.empty()) continue;
            auto same = [&](const auto& other) {
                return other.value == layer->parameters.front().value;
            };
            const auto found = std::find_if(trained.begin(), trained.end(), same);
            if (found != trained.end() && std::count_if(all.begin(), all.end(), same) == 1)
                layer->taken_as = static_cast<std::size_t>(found - trained.begin());
        }
    }

    // Notes which trained parameters went to a taker in the last backward pass.
    void note_taken(std::vector<bool>& taken) const {
        for (const auto& layer : layers)
            if (layer->taken_as != Layer<T>::kNone) taken[layer->taken_as] = layer->taken;
    }

    void observe(const Pass<T>& pass, Matrix<const T> x, std::size_t first = 0) {
        for (std::size_t i = first; i < layers.size(); ++i) {
            if (layers[i]->has_buffers && !layers[i]->frozen) layers[i]->observe(pass.at(i), x);
            x = output(i, x.N);
        }
    }

    Matrix<T> output(std::size_t i, std::int64_t N) { return place(outputs_[i], N, layers[i]->H); }

    // Returns what layers `first` to `end` make of x and keeps nothing: `line` holds two matrices
    // as wide as the widest of them. `finite` becomes false where the first output of the first
    // layer is not finite for a row.
    Matrix<const T> predict(const Pass<T>& pass, Matrix<const T> x, Zeros<T> zeros,
                            std::size_t first, std::size_t end, Buffer<T>& line,
                            bool* finite = nullptr) const {
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
            if (i == first && finite)
                for (std::int64_t row = 0; row < y.N; ++row)
                    if (!is_finite(*y.row(row))) *finite = false;
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

// Two ways from x, whose results are added up (Residual) or put side by side (Concatenate): the
// layers, and the projection, which is x itself where there are no such layers. As in core, the
// backward pass computes the layers' outputs again.
template <class T>
class Skip final : public Layer<T> {
public:
    // Options: projection, the number of layers at the end of `inner` that are the projection.
    PELLUCID_SMALL explicit Skip(const LayerSpec& spec)
        : Layer<T>(spec),
          joins_(spec.kind == "Concatenate"),
          chain_(spec.inner.data(), own_layers(spec)) {
        const std::size_t first = chain_.layers.size(), rest = spec.inner.size() - first;
        if (rest) projection_ = std::make_unique<Chain<T>>(spec.inner.data() + first, rest);
        hold(chain_);
        if (projection_) hold(*projection_);
        const std::int64_t own = chain_.layers.back()->H;
        side_ = projection_ ? projection_->layers.back()->H : this->D;
        require(joins_ ? side_ + own == this->H : side_ == this->H && own == this->H,
                spec.kind + ": its layers have another width");
    }

    PELLUCID_SMALL void forward(const Pass<T>& pass, Matrix<const T> x,
                                Matrix<T> y) const override {
        Buffer<T> line, other;
        const Matrix<const T> own = chain_.predict(pass, x, {}, 0, chain_.layers.size(), line);
        const Matrix<const T> side =
            projection_
                ? projection_->predict(beside(pass), x, {}, 0, projection_->layers.size(), other)
                : x;
        if (!joins_) return sum(side, own, y);
        for (std::int64_t i = 0; i < x.N; ++i) {
            std::copy_n(side.row(i), side_, y.row(i));
            std::copy_n(own.row(i), own.width, y.row(i) + side_);
        }
    }

    PELLUCID_SMALL void backward(const Pass<T>& pass, Matrix<const T> x, Matrix<const T>,
                                 Matrix<const T> dy, Matrix<T> dx) override {
        const std::size_t end = chain_.layers.size();
        chain_.forward(pass, x, {}, 0, end);
        const Matrix<T> own =
            dx.data ? Chain<T>::place(own_, x.N, x.width) : Matrix<T>{nullptr, x.N, x.width};
        const Matrix<const T> side = joins_ ? columns(dy, 0, side_, side_dy_) : dy;
        chain_.backward(pass, x, {}, 0, end,
                        joins_ ? columns(dy, side_, this->H - side_, own_dy_) : dy, own);
        if (projection_) {
            const Pass<T> its = beside(pass);
            const std::size_t last = projection_->layers.size();
            projection_->forward(its, x, {}, 0, last);
            projection_->backward(its, x, {}, 0, last, side, dx);
        }
        if (dx.data) sum(projection_ ? Matrix<const T>(dx) : side, own, dx);
    }

    PELLUCID_SMALL void observe(const Pass<T>& pass, Matrix<const T> x) override {
        see(chain_, pass, x);
        if (projection_) see(*projection_, beside(pass), x);
    }

private:
    static std::size_t own_layers(const LayerSpec& spec) {
        const Option* const option = find(spec.options, "projection");
        const auto count = static_cast<std::size_t>(option ? option->number : 0);
        require(count < spec.inner.size(), "a skip goes around at least one layer");
        return spec.inner.size() - count;
    }

    // The projection draws at a place of its own, behind the layers.
    Pass<T> beside(const Pass<T>& pass) const { return pass.at(chain_.layers.size()); }

    void hold(const Chain<T>& chain) {
        require(chain.layers.front()->D == this->D, "a skip's layers expect another input");
        this->take(chain.layers);
    }

    static void see(Chain<T>& chain, const Pass<T>& pass, Matrix<const T> x) {
        chain.forward(pass, x, {}, 0, chain.layers.size());
        chain.observe(pass, x);
    }

    static Matrix<const T> columns(Matrix<const T> from, std::int64_t first, std::int64_t width,
                                   Buffer<T>& room) {
        const Matrix<T> to = Chain<T>::place(room, from.N, width);
        for (std::int64_t i = 0; i < from.N; ++i)
            std::copy_n(from.row(i) + first, width, to.row(i));
        return to;
    }

    static void sum(Matrix<const T> a, Matrix<const T> b, Matrix<T> c) {
        for (std::int64_t i = 0; i < a.size(); i += kLanes<T>)
            store(c.data + i, load(a.data + i) + load(b.data + i));
    }

    const bool joins_;
    std::int64_t side_;
    Chain<T> chain_;
    std::unique_ptr<Chain<T>> projection_;
    Buffer<T> own_, own_dy_, side_dy_;
};

}  // namespace pellucid
