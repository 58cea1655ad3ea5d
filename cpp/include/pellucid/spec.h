// The engine's interface in plain types: no Python, no vectors.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace pellucid {

// For what runs once, as an engine is made, or gains nothing from more code: compiled for size.
#define PELLUCID_SMALL __attribute__((cold))

// Throws std::invalid_argument, which Python sees as ValueError. A text as it is becomes a string
// only where it is thrown: that saves code at every call.
inline void require(bool condition, const std::string& message) {
    if (!condition) throw std::invalid_argument(message);
}
inline void require(bool condition, const char* message) {
    if (!condition) throw std::invalid_argument(message);
}

// An array of the network's floating type that Python owns, and its size; -1 for no array.
struct Numbers {
    void* data = nullptr;
    std::int64_t count = -1;
};

// Settings by name, as `options()` of core's layers and losses returns them. By position, one added
// in front would shift all others without an error.
struct Option {
    std::string name;
    double number = 0;
    std::string text;  // of a setting that is no number
};
using Options = std::vector<Option>;

inline const Option* find(const Options& options, const char* name) {
    for (const Option& option : options)
        if (option.name == name) return &option;
    return nullptr;
}

inline const Option& option_of(const Options& options, const char* name) {
    const Option* const found = find(options, name);
    require(found, std::string("the setting ") + name + " is missing");
    return *found;
}

// One of a table by name; in a table rather than a map, which is built and destroyed by more code.
template <class V>
struct Named {
    const char* name;
    V value;
};

template <class V, std::size_t n>
V find_named(const Named<V> (&table)[n], const std::string& name, const char* missing) {
    for (const auto& entry : table)
        if (name == entry.name) return entry.value;
    throw std::invalid_argument(missing + name);
}

// A layer: its kind, its settings, and where its arrays are. Python owns the arrays.
struct LayerSpec {
    std::string kind;  // the name of the class in core/, such as "Affine"
    Options options;
    std::vector<Numbers> arrays;  // parameters, then buffers, in the order of the class
    std::int64_t inputs = 0;      // D and H at this place of the network
    std::int64_t outputs = 0;
    bool frozen = false;
    std::vector<LayerSpec> inner;  // the layers within a skip
};

// One of core/losses.py by its class name.
struct LossSpec {
    std::string kind;  // empty: none
    Options options;
};

// One of core/optimizers.py by its class name. Settings of None are negative here.
struct OptimizerSpec {
    std::string kind;  // empty: none
    double momentum = 0, beta_1 = 0, beta_2 = 0, epsilon = 0, decay = 0;
    bool nesterov = false, epsilon_hat = false;
    double weight_decay = 0, l1 = 0, l2 = 0;
    double clip_norm = -1, clip_value = -1, max_norm = -1, ema = -1;
    std::vector<std::vector<Numbers>> slots;  // its state: an array for each trainable parameter
    std::vector<Numbers> average;             // the moving average of each trainable parameter
};

enum class Number { uint8, float32, float64 };

// Rows of inputs in the user's array: N rows of `width` values, C-contiguous.
struct Rows {
    const void* data = nullptr;
    Number type = Number::float32;
    std::int64_t count = 0;
    std::int64_t width = 0;
    const std::int64_t* chosen = nullptr;  // the indices of the batch's rows; null: all, in order

    std::int64_t bytes() const {
        return type == Number::uint8 ? 1 : type == Number::float32 ? 4 : 8;
    }

    // The index in the array of row i of the batch.
    std::int64_t place(std::int64_t i) const { return chosen ? chosen[i] : i; }

    // At most N rows from `start` on; none where there are none.
    Rows part(std::int64_t start, std::int64_t N) const {
        Rows rows = *this;
        start = std::min(start, count);
        rows.count = std::min(N, count - start);
        if (chosen)
            rows.chosen += start;
        else if (data)
            rows.data = static_cast<const char*>(data) + start * width * bytes();
        return rows;
    }
};

// Targets of all rows: class indices, or values of the network's floating type.
struct Targets {
    const std::int64_t* classes = nullptr;
    const void* values = nullptr;
    std::int64_t width = 0;           // values in each row
    const double* weights = nullptr;  // the sample weight of each row, or null
    std::int64_t size = 4;            // bytes of each of the values

    Targets from(std::int64_t row) const {
        Targets t = *this;
        if (classes) t.classes += row;
        if (values) t.values = static_cast<const char*>(values) + row * width * size;
        if (weights) t.weights += row;
        return t;
    }
};

// An L2 penalty that differs from batch to batch, as scikit-learn's alpha / n needs it (see `Ridge`
// in engines/protocol.py); null for none.
struct Ridge {
    const double* l2 = nullptr;  // for each batch, what is added to the optimizer's own l2
    double* squares = nullptr;   // for each batch, filled with the sum of squared weights before it
};

// An engine for one list of layers. Only `predict` may be called from several threads at once. What
// does not fit together throws std::invalid_argument and changes nothing.
class Engine {
public:
    virtual ~Engine() = default;

    // The floating type of the arithmetic.
    virtual Number type() const = 0;

    // The widths of a row of x, of y, and of what the loss takes.
    virtual std::int64_t inputs() const = 0;
    virtual std::int64_t outputs() const = 0;
    virtual std::int64_t loss_inputs() const = 0;

    // How many rows are predicted in about a tenth of a second by one thread. A caller that must
    // look for Ctrl-C predicts so many at a time; the bits are the same.
    virtual std::int64_t rows_at_once() const = 0;
    virtual std::int64_t work_per_row() const = 0;

    // Predicts all rows into y, (N, K). Returns whether all of x, in the engine's type, and all of
    // y is finite: neither NaN nor infinity.
    virtual bool predict(const Rows& x, void* y) const = 0;

    // A training pass over N rows: fills the gradients and y, and returns the loss. The rows of x
    // must stay in place until `observe` or `forget`. `row` is the number of the first of them in
    // their batch, of which they may be a shard.
    virtual double gradients(const Rows& x, const Targets& t, std::int64_t N, std::uint64_t step,
                             void* y, std::uint64_t row = 0) = 0;

    // Trains on batches of `batch` rows of x in turn, each with its own learning rate; `step`
    // counts from 0. Fills losses, and y unless it is null; returns the number of batches done. A
    // loss that is not finite is the last one, and its batch changes nothing. No rows at all are
    // one batch. No gradients are left.
    virtual std::int64_t train_steps(const Rows& x, const Targets& t, std::int64_t batch,
                                     std::uint64_t step, void* y, const double* rates,
                                     double* losses, Ridge ridge = {}) = 0;

    // The two halves of `gradients`, for a loss that is computed elsewhere: z is what the loss
    // takes, (N, K). The engine keeps the rows of x.
    virtual void forward(const Rows& x, std::int64_t N, std::uint64_t step, void* z, void* y,
                         std::uint64_t row = 0) = 0;
    virtual void backward(const void* dz) = 0;

    // The number of rows in the last pass, to which `backward` and `observe` belong; `forget` makes
    // it 0.
    virtual std::int64_t rows() const = 0;
    virtual void forget() = 0;

    // Copies the gradients of all parameters out, or others in.
    virtual void read_gradients(const std::vector<Numbers>& grads) const = 0;
    virtual void write_gradients(const std::vector<Numbers>& grads) = 0;

    // Whether there is an optimizer, without which `update` is refused.
    virtual bool updates() const = 0;

    // Moves the parameters by the gradients; `step` counts from 1, and l2 is added to the
    // optimizer's own.
    virtual void update(double learning_rate, std::uint64_t step, double l2 = 0) = 0;

    // Updates running means by the last training pass.
    virtual void observe() = 0;
};

struct Plan {
    Number type = Number::float32;
    std::vector<LayerSpec> layers;
    LossSpec loss;
    OptimizerSpec optimizer;
    std::int64_t depth = 0;  // the number of layers before the loss
    std::uint64_t seed = 0;
    int threads = 1;
};

std::unique_ptr<Engine> make_engine(const Plan& plan);

}  // namespace pellucid
