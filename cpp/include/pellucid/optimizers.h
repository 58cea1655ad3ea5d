// The optimizers of core/optimizers.py: how parameters follow their gradients.
#pragma once

#include <cmath>

#include "layers.h"

namespace pellucid {

template <class T>
class Optimizer {
public:
    using Parameter = typename Layer<T>::Parameter;

    PELLUCID_SMALL Optimizer(const OptimizerSpec& spec, const std::vector<Parameter>& parameters)
        : s_(spec), kind_(kind_of(spec.kind)) {
        const bool remembers = kind_ != Kind::sgd || s_.momentum != 0;
        const std::size_t slots = kind_ == Kind::adam ? 2 : remembers ? 1 : 0;
        require(s_.slots.size() == slots,
                s_.kind + " has " + std::to_string(slots) + " arrays of state for each parameter");
        for (const auto& slot : s_.slots) expect_fit(slot, parameters);
        if (s_.ema >= 0) expect_fit(s_.average, parameters);
    }

    // What all values share in one step: `number` counts steps from 1, `ridge` is added to l2, and
    // `share` is what clipping leaves of the gradients.
    struct Step {
        double rate, number, ridge = 0;
        T share = 1;
    };

    // Whether every value moves by its own gradient alone: then it may move as soon as that is
    // known.
    bool one_by_one() const { return s_.clip_norm < 0 && s_.clip_value < 0; }

    // Moves all trainable parameters in place, but those that have moved.
    void update(const std::vector<Parameter>& parameters, Step step, const std::vector<bool>* moved,
                const Threads& threads) const {
        step.share = clipped(parameters);
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            const Parameter& p = parameters[i];
            constexpr std::int64_t block = 1 << 14;
            const std::int64_t blocks = moved && (*moved)[i] ? 0 : (p.size() + block - 1) / block;
            threads.each(blocks, [&](std::int64_t task) {
                const std::int64_t from = task * block;
                move(step, p, i, p.gradient + from, from, std::min(block, p.size() - from));
            });
            if (p.columns && s_.max_norm >= 0) bound(p);
            if (s_.ema >= 0) follow(p, static_cast<T*>(s_.average[i].data));
        }
    }

    // Moves `count` values of a parameter, from index `from` on; their gradient may be changed.
    void move(const Step& step, const Parameter& p, std::size_t index, T* gradient,
              std::int64_t from, std::int64_t count) const {
        T* value = p.value + from;
        const double rate = step.rate;
        const T l2 = static_cast<T>(s_.l2 + step.ridge);
        const bool weights = p.columns != 0;
        if (step.share != 1)
            for (std::int64_t i = 0; i < count; ++i) gradient[i] *= step.share;
        if (weights && (s_.l1 > 0 || l2 > 0)) {
            const T l1 = static_cast<T>(s_.l1);
            for (std::int64_t i = 0; i < count; ++i) {
                const T sign = value[i] > 0 ? T(1) : value[i] < 0 ? T(-1) : T(0);
                gradient[i] += l1 * sign + l2 * value[i];
            }
        }
        const T keep = static_cast<T>(weights ? 1 - rate * s_.weight_decay : 1);
        T* first = s_.slots.empty() ? nullptr : static_cast<T*>(s_.slots[0][index].data) + from;
        T* second = s_.slots.size() < 2 ? nullptr : static_cast<T*>(s_.slots[1][index].data) + from;
        if (kind_ == Kind::sgd)
            sgd(value, gradient, first, count, keep, static_cast<T>(rate));
        else if (kind_ == Kind::rmsprop)
            scaled(value, gradient, first, count, keep, static_cast<T>(rate),
                   static_cast<T>(s_.decay), static_cast<T>(1 - s_.decay));
        else if (kind_ == Kind::adagrad)
            scaled(value, gradient, first, count, keep, static_cast<T>(rate), T(1), T(1));
        else
            adam(value, gradient, first, second, count, keep, rate, step.number);
    }

    // Returns the sum of the squares of all trained weights: of matrices, as l2 takes them.
    static double squares(const std::vector<Parameter>& parameters) {
        double total = 0;
        for (const Parameter& p : parameters) {
            if (!p.columns) continue;
            for (std::int64_t start = 0; start < p.size(); start += kSquares) {
                Vec<T> sum{};
                each_vector<T>(std::min(kSquares, p.size() - start),
                               [&](std::int64_t i, std::int64_t n) {
                                   const Vec<T> value = load_upto(p.value + start + i, n);
                                   sum += value * value;
                               });
                for (int lane = 0; lane < kLanes<T>; ++lane)
                    total += static_cast<double>(sum[lane]);
            }
        }
        return total;
    }

private:
    enum class Kind { sgd, adam, rmsprop, adagrad };

    static Kind kind_of(const std::string& name) {
        if (name == "SGD") return Kind::sgd;
        if (name == "Adam" || name == "AdamW") return Kind::adam;
        if (name == "RMSprop") return Kind::rmsprop;
        require(name == "Adagrad", "no native optimizer " + name);
        return Kind::adagrad;
    }

    // Squares that one float32 adds up: few, so that it keeps its digits.
    static constexpr std::int64_t kSquares = 1 << 12;

    static void expect_fit(const std::vector<Numbers>& memory,
                           const std::vector<Parameter>& parameters) {
        bool fits = memory.size() == parameters.size();
        for (std::size_t i = 0; fits && i < memory.size(); ++i)
            fits = memory[i].count == parameters[i].size();
        require(
            fits,
            "the optimizer's state does not fit the trainable parameters: it was made for other "
            "layers, or before a layer was frozen");
    }

    // Clips by value in place; returns the share of the gradients that clipping by norm leaves.
    T clipped(const std::vector<Parameter>& parameters) const {
        const T most = static_cast<T>(s_.clip_value);
        double squares = 0;
        for (const Parameter& p : parameters) {
            if (s_.clip_value >= 0)
                for (std::int64_t i = 0; i < p.size(); ++i)
                    p.gradient[i] = std::min(std::max(p.gradient[i], -most), most);
            if (s_.clip_norm >= 0) {
                double own = 0;
                for (std::int64_t i = 0; i < p.size(); ++i)
                    own += static_cast<double>(p.gradient[i]) * static_cast<double>(p.gradient[i]);
                squares += own;
            }
        }
        const double share = s_.clip_norm >= 0 ? s_.clip_norm / (std::sqrt(squares) + 1e-6) : 1;
        return static_cast<T>(share < 1 ? share : 1);
    }

    void sgd(T* p, const T* g, T* v, std::int64_t count, T keep, T rate) const {
        const T momentum = static_cast<T>(s_.momentum);
        each_vector<T>(count, [&](std::int64_t i, std::int64_t n) {
            Vec<T> slope = load_upto(g + i, n);
            if (v) {
                const Vec<T> velocity = momentum * load_upto(v + i, n) + slope;
                store_upto(v + i, velocity, n);
                slope = s_.nesterov ? slope + momentum * velocity : velocity;
            }
            store_upto(p + i, load_upto(p + i, n) * keep - rate * slope, n);
        });
    }

    void adam(T* p, const T* g, T* m, T* v, std::int64_t count, T keep, double rate,
              double step) const {
        const T pull = static_cast<T>(1 - s_.beta_1), beta = static_cast<T>(s_.beta_2),
                push = static_cast<T>(1 - s_.beta_2);
        const T root = static_cast<T>(std::sqrt(1 - std::pow(s_.beta_2, step)));
        const T epsilon =
            s_.epsilon_hat ? static_cast<T>(s_.epsilon) / root : static_cast<T>(s_.epsilon);
        const T size = static_cast<T>(rate / (1 - std::pow(s_.beta_1, step)));
        each_vector<T>(count, [&](std::int64_t i, std::int64_t n) {
            const Vec<T> slope = load_upto(g + i, n), before = load_upto(m + i, n);
            const Vec<T> mean = before + pull * (slope - before);
            const Vec<T> square = beta * load_upto(v + i, n) + push * slope * slope;
            store_upto(m + i, mean, n);
            store_upto(v + i, square, n);
            const Vec<T> spread = square_root<T>(square) / root + epsilon;
            store_upto(p + i, load_upto(p + i, n) * keep - size * mean / spread, n);
        });
    }

    // RMSprop and Adagrad: steps divided by the root of a sum of squares, old * before + fresh *
    // g^2.
    void scaled(T* p, const T* g, T* squares, std::int64_t count, T keep, T rate, T old,
                T fresh) const {
        const T epsilon = static_cast<T>(s_.epsilon);
        each_vector<T>(count, [&](std::int64_t i, std::int64_t n) {
            const Vec<T> slope = load_upto(g + i, n);
            const Vec<T> sum = old * load_upto(squares + i, n) + fresh * slope * slope;
            store_upto(squares + i, sum, n);
            store_upto(p + i,
                       load_upto(p + i, n) * keep - rate * slope / (square_root<T>(sum) + epsilon),
                       n);
        });
    }

    void bound(const Parameter& p) const {
        Buffer<T> norms(static_cast<std::size_t>(p.columns));
        T* const norm = norms.data();
        for (std::int64_t r = 0; r < p.rows; ++r) {
            const T* const row = p.value + r * p.columns;
            for (std::int64_t c = 0; c < p.columns; ++c) norm[c] += row[c] * row[c];
        }
        for (std::int64_t c = 0; c < p.columns; ++c) {
            const T length = std::max(std::sqrt(norm[c]), std::numeric_limits<T>::min());
            norm[c] = std::min(T(1), static_cast<T>(s_.max_norm) / length);
        }
        for (std::int64_t r = 0; r < p.rows; ++r) {
            T* const row = p.value + r * p.columns;
            for (std::int64_t c = 0; c < p.columns; ++c) row[c] *= norm[c];
        }
    }

    void follow(const Parameter& p, T* average) const {
        const T pull = static_cast<T>(1 - s_.ema);
        for (std::int64_t i = 0; i < p.size(); ++i) average[i] += pull * (p.value[i] - average[i]);
    }

    const OptimizerSpec s_;
    const Kind kind_;
};

}  // namespace pellucid
