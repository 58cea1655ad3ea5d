// What an engine is told and asked, in plain types: no Python, no vectors.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace pellucid {

inline void require(bool condition, const std::string& otherwise) {
    if (!condition) throw std::invalid_argument(otherwise);
}

// An array of the network's floating type that Python owns, and how many numbers it holds; -1 for
// none.
struct Numbers {
    void* data = nullptr;
    std::int64_t count = -1;
};

// A layer: its kind, its settings, and where its arrays are. The arrays are owned by the Python
// layers.
struct LayerSpec {
    std::string kind;             // the name of the class in core/layers.py, such as "Affine"
    std::vector<double> options;  // its settings, in the order of the constructor's arguments
    std::vector<Numbers> arrays;  // its parameters, then its buffers, in the order of the class
    std::int64_t inputs = 0;      // D and H of this place in the network
    std::int64_t outputs = 0;
    bool frozen = false;
    std::vector<LayerSpec> inner;  // the layers within a Residual
};

// One of core/losses.py by its class name; `option` is its only setting, `label_smoothing`, `delta`
// or `q`.
struct LossSpec {
    std::string kind;  // empty: none
    double option = 0;
};

// One of core/optimizers.py by its class name. Settings of None are negative here.
struct OptimizerSpec {
    std::string kind;  // empty: none
    double momentum = 0, beta_1 = 0, beta_2 = 0, epsilon = 0, decay = 0;
    bool nesterov = false, epsilon_hat = false;
    double weight_decay = 0, l1 = 0, l2 = 0;
    double clip_norm = -1, clip_value = -1, max_norm = -1, ema = -1;
    std::vector<std::vector<Numbers>> slots;  // its memory, an array for each parameter that learns
    std::vector<Numbers> average;             // the moving average of each parameter that learns
};

enum class Number { uint8, float32, float64 };

// Rows of inputs as they lie in the user's array: N rows of `width` numbers, C-contiguous.
struct Rows {
    const void* data = nullptr;
    Number type = Number::float32;
    std::int64_t count = 0;
    std::int64_t width = 0;
    const std::int64_t* chosen = nullptr;  // which rows make the batch; null for all, in order

    std::int64_t bytes() const {
        return type == Number::uint8 ? 1 : type == Number::float32 ? 4 : 8;
    }

    // Where in the array row i of the batch is.
    std::int64_t place(std::int64_t i) const { return chosen ? chosen[i] : i; }

    // At most N rows from `start` on.
    Rows part(std::int64_t start, std::int64_t N) const {
        Rows rows = *this;
        rows.count = std::min(N, count - start);
        if (chosen)
            rows.chosen += start;
        else
            rows.data = static_cast<const char*>(data) + start * width * bytes();
        return rows;
    }
};

// Targets of all rows: class indices, or values of the network's floating type.
struct Targets {
    const std::int64_t* classes = nullptr;
    const void* values = nullptr;
    std::int64_t width = 0;           // numbers in each row of `values`
    const double* weights = nullptr;  // a weight for each row, or null
    std::int64_t size = 4;            // bytes of each of the values

    Targets from(std::int64_t row) const {
        Targets t = *this;
        if (classes) t.classes += row;
        if (values) t.values = static_cast<const char*>(values) + row * width * size;
        if (weights) t.weights += row;
        return t;
    }
};

// L2 of weights whose strength differs from batch to batch; null for none.
struct Ridge {
    const double* l2 = nullptr;  // for each batch, what is added to the optimizer's own l2
    double* squares =
        nullptr;  // for each batch, filled with the sum of the weights' squares before it
};

// An engine for one list of layers. Not safe for two threads at once, but for `answer`. What does
// not fit together raises std::invalid_argument, and changes nothing.
class Engine {
public:
    virtual ~Engine() = default;

    // The floating type in which it computes.
    virtual Number type() const = 0;

    // Numbers in each row of x, of y, and of what the loss takes.
    virtual std::int64_t inputs() const = 0;
    virtual std::int64_t outputs() const = 0;
    virtual std::int64_t sums() const = 0;

    // Answers for all rows into y, (N, K).
    virtual void answer(const Rows& x, void* y) const = 0;

    // A learning pass over N rows: fills the gradients and y; gives the loss. The rows of x must
    // stay where they are until `observe` or `forget`.
    virtual double gradients(const Rows& x, const Targets& t, std::int64_t N, std::uint64_t step,
                             void* y) = 0;

    // Learns batches of `batch` rows of x one after the other, each with its own learning rate;
    // `step` counts from 0. Fills y, unless it is null, and losses; gives how many batches were
    // done. The last of them may have a loss that is not finite: such a batch changes nothing, and
    // ends it. No rows at all are one batch. Leaves no gradients.
    virtual std::int64_t learn(const Rows& x, const Targets& t, std::int64_t batch,
                               std::uint64_t step, void* y, const double* rates, double* losses,
                               Ridge ridge = {}) = 0;

    // The two halves of `gradients`, for a loss that is computed elsewhere: sums are what the loss
    // takes, (N, K). The rows of x are kept.
    virtual void forward(const Rows& x, std::int64_t N, std::uint64_t step, void* sums,
                         void* y) = 0;
    virtual void backward(const void* dy) = 0;

    // Rows in the last pass, to which `backward` and `observe` belong; `forget` makes them 0.
    virtual std::int64_t rows() const = 0;
    virtual void forget() = 0;

    // Copies the gradients of all parameters out, or takes others in their place.
    virtual void read_gradients(const std::vector<Numbers>& grads) const = 0;
    virtual void write_gradients(const std::vector<Numbers>& grads) = 0;

    // Whether there is an optimizer, without which `update` is refused.
    virtual bool updates() const = 0;

    // Moves the parameters by the gradients; `step` counts from 1, and l2 is added to the
    // optimizer's own.
    virtual void update(double learning_rate, std::uint64_t step, double l2 = 0) = 0;

    // Brings running means up to date with the last learning pass.
    virtual void observe() = 0;
};

struct Plan {
    std::vector<LayerSpec> layers;
    LossSpec loss;
    OptimizerSpec optimizer;
    std::int64_t depth = 0;  // how many layers come before the loss
    std::uint64_t seed = 0;
    int threads = 1;
};

}  // namespace pellucid
