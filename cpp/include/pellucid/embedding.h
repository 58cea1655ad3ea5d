// PeriodicEmbedding; see core/embedding.py for the formulas.
#pragma once

#include "layers.h"

namespace pellucid {

template <class T>
class PeriodicEmbedding final : public Layer<T> {
public:
    // Arrays: frequency and phase (E, 1, F), W (E, F, K), b (E, 1, K), embedded (D).
    PELLUCID_SMALL explicit PeriodicEmbedding(const LayerSpec& spec) : Layer<T>(spec) {
        const T* embedded = array_of<T>(spec, 4, this->D);
        for (std::int64_t d = 0; d < this->D; ++d)
            if (embedded[d] != T(0)) columns_.push_back(d);
        E_ = std::max<std::int64_t>(static_cast<std::int64_t>(columns_.size()), 1);
        F_ = spec.arrays[0].count / E_;
        K_ = (this->H - this->D) / E_;
        const bool fits = !columns_.empty() && F_ > 0 && K_ > 0 && this->H == this->D + E_ * K_;
        require(fits, spec.kind + ": its arrays do not fit its outputs");
        frequency_ = array_of<T>(spec, 0, E_ * F_);
        phase_ = array_of<T>(spec, 1, E_ * F_);
        W_ = array_of<T>(spec, 2, E_ * F_ * K_);
        b_ = array_of<T>(spec, 3, E_ * K_);
        this->add_parameter(frequency_, E_ * F_, 0);
        this->add_parameter(phase_, E_ * F_, 0);
        this->add_parameter(W_, E_ * F_ * K_, 0);
        this->add_parameter(b_, E_ * K_, 0);
    }

    // A vector holds one column of several rows, so every row is computed alike, wherever it is.
    void forward(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y) const override {
        constexpr std::int64_t L = kLanes<T>;
        pass.threads->each((x.N + 31) / 32, [&](std::int64_t task) {
            Buffer<T> waves(static_cast<std::size_t>(F_ * L));
            const std::int64_t end = std::min(x.N, task * 32 + 32);
            for (std::int64_t i = task * 32; i < end; ++i) std::copy_n(x.row(i), this->D, y.row(i));
            for (std::int64_t i = task * 32; i < end; i += L)
                for (std::int64_t e = 0; e < E_; ++e)
                    embed(x, y, i, std::min(L, end - i), e, waves.data());
        });
    }

    // A vector holds waves of one column, and rows are added in ascending order.
    void backward(const Pass<T>& pass, Matrix<const T> x, Matrix<const T>, Matrix<const T> dy,
                  Matrix<T> dx) override {
        if (dx.data)
            for (std::int64_t i = 0; i < x.N; ++i) std::copy_n(dy.row(i), this->D, dx.row(i));
        pass.threads->each(E_, [&](std::int64_t e) { column_gradients(x, dy, dx, e); });
    }

private:
    void embed(Matrix<const T> x, Matrix<T> y, std::int64_t first, std::int64_t rows,
               std::int64_t e, T* waves) const {
        constexpr std::int64_t L = kLanes<T>;
        T line[L] = {};
        for (std::int64_t i = 0; i < rows; ++i) line[i] = x.row(first + i)[column(e)];
        const Vec<T> own = load(line);
        for (std::int64_t f = 0; f < F_; ++f)
            store(waves + f * L, cosine<T>(own * frequency_[e * F_ + f] + phase_[e * F_ + f]));
        for (std::int64_t k = 0; k < K_; ++k) {
            Vec<T> sum = {};
            for (std::int64_t f = 0; f < F_; ++f)
                sum += load(waves + f * L) * W_[(e * F_ + f) * K_ + k];
            store(line, sum + b_[e * K_ + k]);
            for (std::int64_t i = 0; i < rows; ++i)
                y.row(first + i)[this->D + e * K_ + k] = line[i];
        }
    }

    void column_gradients(Matrix<const T> x, Matrix<const T> dy, Matrix<T> dx, std::int64_t e) {
        const std::int64_t ld = padded(F_), D = this->D;
        // Lines of waves, padded: frequency, phase, their gradients, dz f of a row; then the
        // transposes of W and dW, K lines each.
        Buffer<T> room(static_cast<std::size_t>((5 + 2 * K_) * ld));
        T *frequency = room.data(), *phase = frequency + ld, *df = phase + ld, *dphase = df + ld,
          *products = dphase + ld;
        T *W = products + ld, *dW = W + K_ * ld, *db = this->parameters[3].gradient + e * K_;
        std::copy_n(frequency_ + e * F_, F_, frequency);
        std::copy_n(phase_ + e * F_, F_, phase);
        transpose(W_ + e * F_ * K_, K_, F_, K_, W, ld);
        std::fill_n(db, K_, T(0));
        for (std::int64_t i = 0; i < x.N; ++i) {
            const T own = x.row(i)[column(e)];
            const T* de = dy.row(i) + D + e * K_;
            for (std::int64_t f = 0; f < F_; f += kLanes<T>) {
                const Vec<T> z = own * load(frequency + f) + load(phase + f), c = cosine<T>(z);
                Vec<T> dz = {};
                for (std::int64_t k = 0; k < K_; ++k) {
                    dz += load(W + k * ld + f) * de[k];
                    store(dW + k * ld + f, load(dW + k * ld + f) + c * de[k]);
                }
                dz *= T(-6.28318530717958647693) * cosine<T>(z - T(0.25));
                store(df + f, load(df + f) + dz * own);
                store(dphase + f, load(dphase + f) + dz);
                store(products + f, dz * load(frequency + f));
            }
            for (std::int64_t k = 0; k < K_; ++k) db[k] += de[k];
            for (std::int64_t f = 0; dx.data && f < F_; ++f) dx.row(i)[column(e)] += products[f];
        }
        std::copy_n(df, F_, this->parameters[0].gradient + e * F_);
        std::copy_n(dphase, F_, this->parameters[1].gradient + e * F_);
        transpose(dW, ld, K_, F_, this->parameters[2].gradient + e * F_ * K_, K_);
    }

    std::int64_t column(std::int64_t e) const { return columns_[static_cast<std::size_t>(e)]; }

    std::vector<std::int64_t> columns_;
    std::int64_t E_, F_, K_;
    T *frequency_, *phase_, *W_, *b_;
};

}  // namespace pellucid
