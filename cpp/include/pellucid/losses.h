// The losses of core/losses.py, value and gradient together: from the logits (or outputs) z and the
// targets t of a row.
#pragma once

#include "layers.h"

namespace pellucid {

template <class T>
inline T sum_lanes(Vec<T> v, std::int64_t n) {
    T sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += v[i];
    return sum;
}

// Returns a row's loss, and writes its gradient times `share` over z (K values, padded).
template <class T>
using RowLoss = T (*)(T* z, const T* t, std::int64_t K, T share, double option);

// The losses that are a mean over the K outputs: f(z, t, d) returns the terms of the sum, and
// writes their slopes to d.
template <class T, class F>
inline T mean_of(T* z, const T* t, std::int64_t K, T share, F f) {
    T sum = 0;
    const T scale = share / static_cast<T>(K);
    each_vector<T>(K, [&](std::int64_t k, std::int64_t n) {
        Vec<T> slope;
        sum += sum_lanes<T>(f(load(z + k), load(t + k), slope), n);
        store(z + k, slope * scale);
    });
    return sum / static_cast<T>(K);
}

template <class T>
T cross_entropy(T* z, const T* t, std::int64_t K, T share, double) {
    T most = z[0], total = 0, weighted = 0, sum = 0;
    for (std::int64_t k = 1; k < K; ++k) most = z[k] > most ? z[k] : most;
    for (std::int64_t k = 0; k < K; ++k) {
        total += t[k];
        weighted += t[k] * (z[k] - most);
    }
    each_vector<T>(K, [&](std::int64_t k, std::int64_t) {
        store(z + k, exp_below_zero<T>(load(z + k) - most));
    });
    for (std::int64_t k = 0; k < K; ++k) sum += z[k];
    each_vector<T>(K, [&](std::int64_t k, std::int64_t) {
        store(z + k, (load(z + k) * (total / sum) - load(t + k)) * share);
    });
    return total * std::log(sum) - weighted;
}

// Cross-entropy of a class index, with the bits of its one-hot row.
template <class T>
T cross_entropy_of_class(T* z, std::int64_t chosen, std::int64_t K, T share) {
    T most = z[0], least = z[0], sum = 0;
    for (std::int64_t k = 1; k < K; ++k) {
        most = z[k] > most ? z[k] : most;
        least = z[k] < least ? z[k] : least;
    }
    const T right = z[chosen] - most;
    each_vector<T>(K, [&](std::int64_t k, std::int64_t) {
        store(z + k, exp_below_zero<T>(load(z + k) - most));
    });
    for (std::int64_t k = 0; k < K; ++k) sum += z[k];
    const T scale = 1 / sum, own = z[chosen];
    each_vector<T>(
        K, [&](std::int64_t k, std::int64_t) { store(z + k, load(z + k) * scale * share); });
    z[chosen] = (own * scale - 1) * share;
    return std::log(sum) - right + (least - most) * 0;  // 0 times infinity is NaN, as above
}

template <class T>
T binary_cross_entropy(T* z, const T* t, std::int64_t K, T share, double) {
    return mean_of(z, t, K, share, [](Vec<T> x, Vec<T> target, Vec<T>& slope) {
        slope = sigmoid<T>(x) - target;
        return softplus<T>(x) - target * x;
    });
}

template <class T>
T mean_squared_error(T* z, const T* t, std::int64_t K, T share, double) {
    return mean_of(z, t, K, share, [](Vec<T> x, Vec<T> target, Vec<T>& slope) {
        slope = 2 * (x - target);
        return (x - target) * (x - target);
    });
}

template <class T>
T mean_absolute_error(T* z, const T* t, std::int64_t K, T share, double) {
    return mean_of(z, t, K, share, [](Vec<T> x, Vec<T> target, Vec<T>& slope) {
        const Vec<T> one = fill<T>(1);
        slope = choose<T>(x > target, one,
                          choose<T>(x < target, -one, x - target));  // 0, and NaN stays
        return size_of<T>(x - target);
    });
}

template <class T>
T huber(T* z, const T* t, std::int64_t K, T share, double option) {
    const Vec<T> delta = fill<T>(static_cast<T>(option));
    return mean_of(z, t, K, share, [delta](Vec<T> x, Vec<T> target, Vec<T>& slope) {
        const Vec<T> error = x - target, size = size_of<T>(error), near = smaller<T>(size, delta);
        slope = larger<T>(-delta, smaller<T>(delta, error));  // in this order NaN stays
        return near * (size - near / 2);
    });
}

template <class T>
T poisson(T* z, const T* t, std::int64_t K, T share, double) {
    return mean_of(z, t, K, share, [](Vec<T> x, Vec<T> target, Vec<T>& slope) {
        const Vec<T> rate = exp<T>(x);
        slope = rate - target;
        return rate - target * x;
    });
}

template <class T>
T quantile(T* z, const T* t, std::int64_t K, T share, double option) {
    const T q = static_cast<T>(option);
    return mean_of(z, t, K, share, [q](Vec<T> x, Vec<T> target, Vec<T>& slope) {
        const Vec<T> error = target - x;
        slope = choose<T>(x > target, fill<T>(1 - q), choose<T>(x < target, fill<T>(-q), Vec<T>{}));
        return larger<T>(q * error, (q - 1) * error);
    });
}

template <class T>
class Loss {
public:
    PELLUCID_SMALL explicit Loss(const LossSpec& spec) {
        static constexpr Named<RowLoss<T>> losses[] = {
            {"CrossEntropy", cross_entropy<T>},
            {"BinaryCrossEntropy", binary_cross_entropy<T>},
            {"MeanSquaredError", mean_squared_error<T>},
            {"MeanAbsoluteError", mean_absolute_error<T>},
            {"Huber", huber<T>},
            {"Poisson", poisson<T>},
            {"Quantile", quantile<T>},
        };
        of_row_ = find_named(losses, spec.kind, "no native loss ");
        if (spec.kind == "Huber") option_ = option_of(spec.options, "delta").number;
        if (spec.kind == "Quantile") option_ = option_of(spec.options, "q").number;
        const bool one = spec.kind == "CrossEntropy", each = spec.kind == "BinaryCrossEntropy";
        const Option* const smoothing = find(spec.options, "label_smoothing");
        if ((one || each) && smoothing) smoothing_ = smoothing->number;
        classes_alone_ = one && smoothing_ == 0;
        if (each) halves_ = true, low_ = 0, high_ = 1;
        if (spec.kind == "Poisson") low_ = 0;
    }

    // Takes the targets of the batch well before they are needed: they are scattered over the
    // memory.
    void take(const Targets& t, const std::int64_t* chosen, std::int64_t N) {
        classes_.resize(t.classes ? static_cast<std::size_t>(N) : 0);
        weights_.resize(t.weights ? static_cast<std::size_t>(N) : 0);
        values_.resize(t.values ? static_cast<std::size_t>(N) : 0);
        for (std::int64_t i = 0; i < N; ++i) {
            const std::int64_t row = chosen ? chosen[i] : i;
            const auto place = static_cast<std::size_t>(i);
            if (t.classes) classes_[place] = t.classes[row];
            if (t.weights) weights_[place] = t.weights[row];
            if (!t.values) continue;
            values_[place] = static_cast<const T*>(t.values) + row * t.width;
            if (chosen) __builtin_prefetch(values_[place]);
        }
    }

    // Returns the loss of the rows of z against these targets, and writes its gradient over z.
    double operator()(Matrix<T> z) {
        line_.assign(static_cast<std::size_t>(z.ld()), T(0));
        double total = 0, loss = 0;
        for (const double weight : weights_) total += weight;
        for (std::int64_t i = 0; i < z.N; ++i) {
            const auto place = static_cast<std::size_t>(i);
            const double weight = weights_.empty() ? 1.0 / static_cast<double>(z.N)
                                  : total != 0     ? weights_[place] / total
                                                   : 0;
            if (classes_alone_ && !classes_.empty()) {
                const T found = cross_entropy_of_class(z.row(i), class_of(place, z.width), z.width,
                                                       static_cast<T>(weight));
                loss += weight * static_cast<double>(found);
                continue;
            }
            read_target(place, z.width);
            loss += weight * static_cast<double>(of_row_(z.row(i), line_.data(), z.width,
                                                         static_cast<T>(weight), option_));
        }
        return loss;
    }

private:
    std::int64_t class_of(std::size_t place, std::int64_t K) const {
        const std::int64_t chosen = classes_[place];
        if (chosen < 0 || chosen >= K) throw std::invalid_argument("a class index has no output");
        return chosen;
    }

    void read_target(std::size_t place, std::int64_t K) {
        T* line = line_.data();
        if (!classes_.empty()) {
            std::fill(line, line + K, T(0));
            line[class_of(place, K)] = T(1);
        } else {
            std::copy_n(values_[place], K, line);
            // NaN is in no range, but passes where there is no upper end, as in core.
            for (std::int64_t k = 0; k < K; ++k)
                if (line[k] < low_ || !(line[k] <= high_ || std::isinf(high_)))
                    throw std::invalid_argument("a target is outside the loss's range");
        }
        if (smoothing_ > 0) {
            const T keep = static_cast<T>(1 - smoothing_);
            const T give = static_cast<T>(smoothing_ / (halves_ ? 2.0 : static_cast<double>(K)));
            for (std::int64_t k = 0; k < K; ++k) line[k] = line[k] * keep + give;
        }
    }

    RowLoss<T> of_row_;
    double option_ = 0, smoothing_ = 0;
    bool halves_ = false, classes_alone_ = false;
    T low_ = -std::numeric_limits<T>::infinity(), high_ = std::numeric_limits<T>::infinity();
    // Of the batch: class indices, or pointers to values; and sample weights, if there are any.
    std::vector<std::int64_t> classes_;
    std::vector<const T*> values_;
    std::vector<double> weights_;
    Buffer<T> line_;
};

}  // namespace pellucid
