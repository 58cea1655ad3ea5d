// CategoryEmbedding; see core/categories.py for its meaning.
#pragma once

#include "layers.h"

namespace pellucid {

template <class T>
class CategoryEmbedding final : public Layer<T> {
public:
    // Arrays: W (V, K), sizes (D). The sizes are read here and never again, since Python may
    // write into them.
    explicit CategoryEmbedding(const LayerSpec& spec) : Layer<T>(spec) {
        const T* const sizes = array_of<T>(spec, 1, this->D);
        std::int64_t V = 0;
        for (std::int64_t d = 0; d < this->D; ++d) {
            // NaN fails both, and no sum of what passes them overflows.
            require(sizes[d] >= 0 && sizes[d] <= kMostRows - V, spec.kind + ": a wrong size");
            if (sizes[d] < 1)
                kept_.push_back(d);
            else
                columns_.push_back({d, V, sizes[d]});
            V += static_cast<std::int64_t>(sizes[d]);
        }
        const std::int64_t E = count(columns_), numbers = this->H - count(kept_);
        K_ = numbers / std::max<std::int64_t>(E, 1);
        require(K_ > 0 && numbers == E * K_, spec.kind + ": its arrays do not fit its outputs");
        W_ = array_of<T>(spec, 0, V * K_);
        this->add_parameter(W_, V, K_);
    }

    // By one thread, which copies a few numbers for each row: less than sharing them would take.
    void forward(const Pass<T>&, Matrix<const T> x, Matrix<T> y) const override {
        for (std::int64_t i = 0; i < x.N; ++i) {
            T* to = y.row(i);
            for (const std::int64_t d : kept_) *to++ = x.row(i)[d];
            for (const Column& column : columns_) {
                const T* const own = W_ + column.row(x.row(i)) * K_;
                for (std::int64_t k = 0; k < K_; ++k) *to++ = own[k];
            }
        }
    }

    // The batch's rows are added in ascending order.
    void backward(const Pass<T>&, Matrix<const T> x, Matrix<const T>, Matrix<const T> dy,
                  Matrix<T> dx) override {
        T* const dW = this->parameters[0].gradient;
        std::fill_n(dW, this->parameters[0].size(), T(0));
        if (dx.data) std::fill_n(dx.data, dx.size(), T(0));
        for (std::int64_t i = 0; i < x.N; ++i) {
            const T* from = dy.row(i);
            for (const std::int64_t d : kept_) {
                if (dx.data) dx.row(i)[d] = *from;
                ++from;
            }
            for (const Column& column : columns_) {
                T* const own = dW + column.row(x.row(i)) * K_;
                for (std::int64_t k = 0; k < K_; ++k) own[k] += *from++;
            }
        }
    }

private:
    static constexpr std::int64_t kMostRows = 1 << 20;  // as in core

    struct Column {
        std::int64_t place, begin;
        T size;

        // The row of W, 0 of the column for what is no index of it: NaN, too, fails both
        // comparisons, and only what passes them is converted.
        std::int64_t row(const T* x) const {
            const T index = x[place];
            return begin + (index >= 0 && index < size ? static_cast<std::int64_t>(index) : 0);
        }
    };

    template <class U>
    static std::int64_t count(const std::vector<U>& list) {
        return static_cast<std::int64_t>(list.size());
    }

    std::vector<Column> columns_;
    std::vector<std::int64_t> kept_;
    std::int64_t K_;
    T* W_;
};

}  // namespace pellucid
