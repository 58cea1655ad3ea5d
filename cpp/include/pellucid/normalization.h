// BatchNorm and LayerNorm; see core/normalization.py for the formulas.
#pragma once

#include "layers.h"

namespace pellucid {

template <class T>
class BatchNorm final : public Layer<T> {
public:
    // Options: momentum, epsilon. Arrays: gamma, beta, running mean, running variance.
    PELLUCID_SMALL explicit BatchNorm(const LayerSpec& spec)
        : Layer<T>(spec),
          momentum_(static_cast<T>(option_of(spec.options, "momentum").number)),
          epsilon_(static_cast<T>(option_of(spec.options, "epsilon").number)) {
        gamma_ = array_of<T>(spec, 0, this->H);
        beta_ = array_of<T>(spec, 1, this->H);
        running_mean_ = array_of<T>(spec, 2, this->H);
        running_variance_ = array_of<T>(spec, 3, this->H);
        this->add_parameter(gamma_, this->H, 0);
        this->add_parameter(beta_, this->H, 0);
        this->has_buffers = true;
    }

    void forward(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y) const override {
        const Moments m = moments(pass, x);
        for (std::int64_t i = 0; i < x.N; ++i)
            for (std::int64_t h = 0; h < this->H; ++h)
                y.row(i)[h] =
                    (x.row(i)[h] - m.mean[at(h)]) / m.stddev[at(h)] * gamma_[h] + beta_[h];
    }

    void backward(const Pass<T>& pass, Matrix<const T> x, Matrix<const T>, Matrix<const T> dy,
                  Matrix<T> dx) override {
        const Moments m = moments(pass, x);
        T* dgamma = this->parameters[0].gradient;
        T* dbeta = this->parameters[1].gradient;
        std::fill(dgamma, dgamma + this->H, T(0));
        std::fill(dbeta, dbeta + this->H, T(0));
        auto normal = [&](std::int64_t i, std::int64_t h) {
            return (x.row(i)[h] - m.mean[at(h)]) / m.stddev[at(h)];
        };
        for (std::int64_t i = 0; i < x.N; ++i)
            for (std::int64_t h = 0; h < this->H; ++h) {
                dgamma[h] += dy.row(i)[h] * normal(i, h);
                dbeta[h] += dy.row(i)[h];
            }
        if (!dx.data) return;
        for (std::int64_t i = 0; i < x.N; ++i)
            for (std::int64_t h = 0; h < this->H; ++h) {
                T slope = dy.row(i)[h];
                if (pass.training)
                    slope -= (dbeta[h] + normal(i, h) * dgamma[h]) / static_cast<T>(x.N);
                dx.row(i)[h] = slope * gamma_[h] / m.stddev[at(h)];
            }
    }

    void observe(const Pass<T>&, Matrix<const T> x) override {
        if (x.N == 0) return;
        const Moments m = batch_moments(x);
        for (std::int64_t h = 0; h < this->H; ++h) {
            running_mean_[h] += momentum_ * (m.mean[at(h)] - running_mean_[h]);
            if (x.N == 1) continue;  // one row has no variance
            const T spread = m.variance[at(h)] * static_cast<T>(x.N) / static_cast<T>(x.N - 1);
            running_variance_[h] += momentum_ * (spread - running_variance_[h]);
        }
    }

private:
    struct Moments {
        std::vector<T> mean, variance, stddev;
    };
    static std::size_t at(std::int64_t h) { return static_cast<std::size_t>(h); }

    Moments moments(const Pass<T>& pass, Matrix<const T> x) const {
        Moments m = pass.training && x.N ? batch_moments(x)
                                         : Moments{{running_mean_, running_mean_ + this->H},
                                                   {running_variance_, running_variance_ + this->H},
                                                   {}};
        for (T variance : m.variance) m.stddev.push_back(std::sqrt(variance + epsilon_));
        return m;
    }

    Moments batch_moments(Matrix<const T> x) const {
        Moments m{std::vector<T>(at(this->H)), std::vector<T>(at(this->H)), {}};
        for (std::int64_t i = 0; i < x.N; ++i)
            for (std::int64_t h = 0; h < this->H; ++h) m.mean[at(h)] += x.row(i)[h];
        for (T& mean : m.mean) mean /= static_cast<T>(x.N);
        for (std::int64_t i = 0; i < x.N; ++i)
            for (std::int64_t h = 0; h < this->H; ++h) {
                const T from_mean = x.row(i)[h] - m.mean[at(h)];
                m.variance[at(h)] += from_mean * from_mean;
            }
        for (T& variance : m.variance) variance /= static_cast<T>(x.N);
        return m;
    }

    const T momentum_, epsilon_;
    T *gamma_, *beta_;
    T *running_mean_, *running_variance_;
};

template <class T>
class LayerNorm final : public Layer<T> {
public:
    // Options: epsilon. Arrays: gamma, beta.
    PELLUCID_SMALL explicit LayerNorm(const LayerSpec& spec)
        : Layer<T>(spec), epsilon_(static_cast<T>(option_of(spec.options, "epsilon").number)) {
        gamma_ = array_of<T>(spec, 0, this->H);
        beta_ = array_of<T>(spec, 1, this->H);
        this->add_parameter(gamma_, this->H, 0);
        this->add_parameter(beta_, this->H, 0);
    }

    void forward(const Pass<T>&, Matrix<const T> x, Matrix<T> y) const override {
        for (std::int64_t i = 0; i < x.N; ++i) {
            const auto [mean, stddev] = moments(x.row(i));
            for (std::int64_t h = 0; h < this->H; ++h)
                y.row(i)[h] = (x.row(i)[h] - mean) / stddev * gamma_[h] + beta_[h];
        }
    }

    void backward(const Pass<T>&, Matrix<const T> x, Matrix<const T>, Matrix<const T> dy,
                  Matrix<T> dx) override {
        const std::int64_t H = this->H;
        T* dgamma = this->parameters[0].gradient;
        T* dbeta = this->parameters[1].gradient;
        std::fill(dgamma, dgamma + H, T(0));
        std::fill(dbeta, dbeta + H, T(0));
        for (std::int64_t i = 0; i < x.N; ++i) {
            const auto [mean, stddev] = moments(x.row(i));
            T slope_sum = 0, normal_sum = 0;
            for (std::int64_t h = 0; h < H; ++h) {
                const T normal = (x.row(i)[h] - mean) / stddev, slope = dy.row(i)[h] * gamma_[h];
                dgamma[h] += dy.row(i)[h] * normal;
                dbeta[h] += dy.row(i)[h];
                slope_sum += slope;
                normal_sum += slope * normal;
            }
            if (!dx.data) continue;
            for (std::int64_t h = 0; h < H; ++h) {
                const T normal = (x.row(i)[h] - mean) / stddev, slope = dy.row(i)[h] * gamma_[h];
                dx.row(i)[h] =
                    (slope - (slope_sum + normal * normal_sum) / static_cast<T>(H)) / stddev;
            }
        }
    }

private:
    struct Moments {
        T mean, stddev;
    };

    Moments moments(const T* x) const {
        T sum = 0, squares = 0;
        for (std::int64_t h = 0; h < this->H; ++h) sum += x[h];
        const T mean = sum / static_cast<T>(this->H);
        for (std::int64_t h = 0; h < this->H; ++h) squares += (x[h] - mean) * (x[h] - mean);
        return {mean, std::sqrt(squares / static_cast<T>(this->H) + epsilon_)};
    }

    const T epsilon_;
    T *gamma_, *beta_;
};

}  // namespace pellucid
