// What Python sees of the engine: a list of functions. One module is compiled for each instruction
// set.
#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <numpy/arrayobject.h>

#include <cmath>

#include "handle.h"
#include "pellucid/order.h"
#include "pellucid/processor.h"
#include "pellucid/scan.h"
#include "predictor.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace pellucid;

namespace {

// Makes sure of a matrix of N rows of `width` values of the engine's type.
template <class A>
void expect_matrix(const Engine& engine, const A& array, std::int64_t N, std::int64_t width) {
    const nb::dlpack::dtype type =
        engine.type() == Number::float64 ? nb::dtype<double>() : nb::dtype<float>();
    const bool fits = array.ndim() == 2 && static_cast<std::int64_t>(array.shape(0)) == N &&
                      static_cast<std::int64_t>(array.shape(1)) == width && array.dtype() == type;
    expect(fits, "an array has another shape or type than the engine expects");
    expect_aligned(array);
}

struct Given {
    std::optional<Indices> classes;
    std::optional<Input> values;
    std::optional<Weights> weights;
};

// Targets of all N rows of x; class indices and ranges are checked when they are used.
Targets targets_of(const Engine& engine, std::int64_t N, const Given& given) {
    Targets t;
    expect(given.classes.has_value() != given.values.has_value(),
           "targets must be either classes or values");
    if (given.classes) {
        expect(static_cast<std::int64_t>(given.classes->shape(0)) == N,
               "there must be a target for each row");
        expect_aligned(*given.classes);
        t.classes = given.classes->data();
    } else {
        expect_matrix(engine, *given.values, N, engine.loss_inputs());
        t.values = given.values->data();
        t.width = engine.loss_inputs();
        t.size = engine.type() == Number::float64 ? 8 : 4;
    }
    if (given.weights) {
        expect(static_cast<std::int64_t>(given.weights->shape(0)) == N,
               "there must be a sample weight for each row");
        expect_aligned(*given.weights);
        t.weights = given.weights->data();
    }
    return t;
}

// The arrays of a list, where None is an array that is not there. A copy in another type or order
// would be lost, so only arrays as they are will do; `kept` keeps them.
std::vector<Numbers> numbers_of(nb::handle list, Number type, Kept& kept) {
    std::vector<Numbers> found;
    const nb::tuple arrays(
        nb::borrow(list));  // of its own: looking at an array may run Python code
    for (nb::handle array : arrays) {
        if (array.is_none()) {
            found.emplace_back();
            continue;
        }
        Array numbers;
        expect(nb::try_cast<Array>(array, numbers, false) && numbers.is_valid(),
               "an array must be C-contiguous and writable");
        expect(
            numbers.dtype() == (type == Number::float64 ? nb::dtype<double>() : nb::dtype<float>()),
            "an array has another type than the engine");
        expect_aligned(numbers);
        kept.add(array, numbers);
        found.push_back({numbers.data(), static_cast<std::int64_t>(numbers.size())});
    }
    return found;
}

template <class T>
T field(nb::handle record, const char* name) {
    const nb::object value = record[name];
    T found;
    if (!nb::try_cast<T>(value, found))
        nb::raise_type_error("\"%s\" has another type than the engine expects", name);
    return found;
}

Options options_of(const nb::dict& given) {
    Options options;
    for (auto [key, value] : given) {
        Option option;
        const bool number = nb::try_cast<double>(value, option.number);
        expect(nb::try_cast<std::string>(key, option.name) &&
                   (number || nb::try_cast<std::string>(value, option.text)),
               "a setting must be a number or text, by its name");
        options.push_back(option);
    }
    return options;
}

// A layer and those within it. Lists that contain themselves would never end.
LayerSpec layer_spec(nb::handle entry, Number type, Kept& kept, int level = 0) {
    require(level < 1000, "layers are nested more than 1000 deep");
    LayerSpec spec;
    spec.kind = field<std::string>(entry, "kind");
    spec.options = options_of(field<nb::dict>(entry, "options"));
    spec.inputs = field<std::int64_t>(entry, "inputs");
    spec.outputs = field<std::int64_t>(entry, "outputs");
    spec.frozen = field<bool>(entry, "frozen");
    spec.arrays = numbers_of(nb::object(entry["arrays"]), type, kept);
    for (nb::handle inner : nb::tuple(nb::object(entry["inner"])))
        spec.inner.push_back(layer_spec(inner, type, kept, level + 1));
    return spec;
}

OptimizerSpec optimizer_spec(const nb::dict& o, Number type, Kept& kept) {
    OptimizerSpec s;
    s.kind = field<std::string>(o, "kind");
    auto number = [&o](const char* name, double& into) {
        if (o.contains(name) && !nb::object(o[name]).is_none()) into = field<double>(o, name);
    };
    number("momentum", s.momentum);
    number("beta_1", s.beta_1);
    number("beta_2", s.beta_2);
    number("epsilon", s.epsilon);
    number("decay", s.decay);
    number("weight_decay", s.weight_decay);
    number("l1", s.l1);
    number("l2", s.l2);
    number("clip_norm", s.clip_norm);
    number("clip_value", s.clip_value);
    number("max_norm", s.max_norm);
    number("ema", s.ema);
    if (o.contains("nesterov")) s.nesterov = field<bool>(o, "nesterov");
    if (o.contains("epsilon_hat")) s.epsilon_hat = field<bool>(o, "epsilon_hat");
    for (nb::handle slot : nb::tuple(nb::object(o["slots"])))
        s.slots.push_back(numbers_of(slot, type, kept));
    s.average = numbers_of(nb::object(o["average"]), type, kept);
    return s;
}

std::unique_ptr<Handle> make_handle(bool wide, const nb::list& layers, const std::string& loss,
                                    const nb::dict& loss_options,
                                    const std::optional<nb::dict>& optimizer, std::int64_t depth,
                                    std::uint64_t seed, int threads) {
    auto handle = std::make_unique<Handle>();
    const Number type = wide ? Number::float64 : Number::float32;
    Plan plan;
    plan.type = type;
    for (nb::handle entry : nb::tuple(layers))
        plan.layers.push_back(layer_spec(entry, type, handle->kept));
    plan.loss = {loss, options_of(loss_options)};
    if (optimizer) plan.optimizer = optimizer_spec(*optimizer, type, handle->kept);
    plan.depth = depth;
    plan.seed = seed;
    plan.threads = threads;
    handle->engine = make_engine(plan);
    return handle;
}

// Returns whether all of x and y is finite.
bool predict_into(const Handle& handle, const Input& x, const Array& y) {
    const Engine& engine = *handle.engine;
    const Rows rows = rows_of(engine, x);
    expect_matrix(engine, y, rows.count, engine.outputs());
    bool finite = true;
    if (!predict_rows(engine, rows, y.data(), finite)) throw nb::python_error();
    return finite;
}

// Returns the loss of one batch; the engine keeps the gradients.
double gradients(Handle& handle, const Input& x, const std::optional<Indices>& classes,
                 const std::optional<Input>& values, const std::optional<Weights>& weights,
                 const std::optional<Indices>& chosen, std::uint64_t step, const Array& y,
                 std::uint64_t row) {
    const Turn turn(handle);
    Engine& engine = *handle.engine;
    const Rows rows = rows_of(handle, x, chosen);
    expect_matrix(engine, y, rows.count, engine.outputs());
    const Targets t =
        targets_of(engine, static_cast<std::int64_t>(x.shape(0)), {classes, values, weights});
    const Forget afterwards(engine);
    const WithoutGil released;
    const double loss = engine.gradients(rows, t, rows.count, step, y.data(), row);
    if (std::isfinite(loss)) engine.observe();
    return loss;
}

// Trains on as many batches as there are rates; returns how many were done.
std::int64_t train_steps(Handle& handle, const Input& x, const std::optional<Indices>& classes,
                         const std::optional<Input>& values, const std::optional<Weights>& weights,
                         const std::optional<Indices>& chosen, std::int64_t batch,
                         std::uint64_t step, const Weights& rates, const Reals& losses,
                         const std::optional<Array>& y, const std::optional<Weights>& l2,
                         const std::optional<Reals>& squares) {
    const Turn turn(handle);
    Engine& engine = *handle.engine;
    const Rows rows = rows_of(handle, x, chosen);
    if (y) expect_matrix(engine, *y, rows.count, engine.outputs());
    expect(batch > 0, "a batch must have at least one row");
    const std::int64_t whole = rows.count / batch + (rows.count % batch != 0);
    const auto batches = static_cast<std::size_t>(std::max<std::int64_t>(1, whole));
    expect(rates.shape(0) == batches && losses.shape(0) == batches,
           "there must be a learning rate and a loss for each batch");
    expect((!l2 || l2->shape(0) == batches) && (!squares || squares->shape(0) == batches),
           "there must be an l2 and a sum of squares for each batch");
    expect_aligned(rates);
    expect_aligned(losses);
    if (l2) expect_aligned(*l2);
    if (squares) expect_aligned(*squares);
    const Ridge ridge{l2 ? l2->data() : nullptr, squares ? squares->data() : nullptr};
    const Targets t =
        targets_of(engine, static_cast<std::int64_t>(x.shape(0)), {classes, values, weights});
    const Forget afterwards(engine);
    const WithoutGil released;
    return engine.train_steps(rows, t, batch, step, y ? y->data() : nullptr, rates.data(),
                              losses.data(), ridge);
}

void forward(Handle& handle, const Input& x, const std::optional<Indices>& chosen,
             std::uint64_t step, const Array& z, const Array& y, std::uint64_t row) {
    const Turn turn(handle);
    Engine& engine = *handle.engine;
    const Rows rows = rows_of(handle, x, chosen);
    expect_matrix(engine, z, rows.count, engine.loss_inputs());
    expect_matrix(engine, y, rows.count, engine.outputs());
    Forget if_it_fails(engine);
    const WithoutGil released;
    engine.forward(rows, rows.count, step, z.data(), y.data(), row);
    if_it_fails.cancel();  // `backward` and `observe` need the rows, of which the engine has a copy
}

void backward(Handle& handle, const Input& dz) {
    const Turn turn(handle);
    expect_matrix(*handle.engine, dz, handle.engine->rows(), handle.engine->loss_inputs());
    const WithoutGil released;
    handle.engine->backward(dz.data());
}

void read_gradients(Handle& handle, const nb::list& grads) {
    Kept kept;
    const std::vector<Numbers> numbers = numbers_of(grads, handle.engine->type(), kept);
    const Turn turn(handle);
    handle.engine->read_gradients(numbers);
}

void write_gradients(Handle& handle, const nb::list& grads) {
    Kept kept;
    const std::vector<Numbers> numbers = numbers_of(grads, handle.engine->type(), kept);
    const Turn turn(handle);
    handle.engine->write_gradients(numbers);
}

void update(Handle& handle, double learning_rate, std::uint64_t step, double l2) {
    const Turn turn(handle);
    const WithoutGil released;
    handle.engine->update(learning_rate, step, l2);
}

void observe(Handle& handle) {
    const Turn turn(handle);
    handle.engine->observe();
}

// Returns whether all floats are finite, and their least and greatest.
nb::tuple scan_into(const Octets& bytes, int size, const Lanes& lanes) {
    expect(size == 0 || size == 4 || size == 8, "floats have 4 or 8 bytes, others 0");
    expect(lanes.shape(0) == kHashLanes, "a hash has eight lanes");
    expect_aligned(lanes);
    const auto count = static_cast<std::int64_t>(bytes.shape(0));
    expect(size == 0 || count % size == 0, "the bytes must be whole floats");
    Range range;
    {
        const MaybeWithoutGil released(count);
        range = scan(bytes.data(), count, size, lanes.data());
    }
    return nb::make_tuple(range.finite, range.low, range.high);
}

// Fills `order` with the numbers from 0 on in the order of a stream of random keys.
void permute(std::uint64_t stream, const Lanes& order) {
    expect_aligned(order);
    const auto count = static_cast<std::int64_t>(order.shape(0));
    const MaybeWithoutGil released(count * 8);
    permutation(stream, count, order.data());
}

// A subinterpreter's GIL is not the one that nanobind takes when it lets go of an array: the first
// call would wait for itself.
void expect_main_interpreter() {
    // The main interpreter has ID 0. PyInterpreterState_Main is not in the stable ABI.
    if (PyInterpreterState_GetID(PyInterpreterState_Get()) == 0) return;
    PyErr_SetString(PyExc_ImportError, "the native engine works in Python's main interpreter only");
    throw nb::python_error();
}

bool supported(const std::string& set) {
    expect_main_interpreter();
    return processor_supports(set);
}

}  // namespace

NB_MODULE(PELLUCID_MODULE, m) {
    expect_main_interpreter();
    if (_import_array() < 0) throw nb::python_error();
    // A network may well live to the end of the process, in a thread or a closure.
    nb::set_leak_warnings(false);
    m.doc() = "The native engine, compiled for one instruction set.";
    nb::class_<Handle>(m, "Engine",
                       "Predicts and trains for one list of layers; see engines/protocol.py.\n\n"
                       "It keeps the arrays that it was made from. `predict` may be called from "
                       "several threads at once; anything else while the engine is at work raises "
                       "RuntimeError.")
        .def("predict", &predict_into, "x"_a.noconvert(), "y"_a.noconvert())
        .def("gradients", &gradients, "x"_a.noconvert(), "classes"_a.none().noconvert(),
             "values"_a.none().noconvert(), "weights"_a.none().noconvert(),
             "rows"_a.none().noconvert(), "step"_a, "y"_a.noconvert(), "row"_a = 0)
        .def("train_steps", &train_steps, "x"_a.noconvert(), "classes"_a.none().noconvert(),
             "values"_a.none().noconvert(), "weights"_a.none().noconvert(),
             "rows"_a.none().noconvert(), "batch"_a, "step"_a, "rates"_a.noconvert(),
             "losses"_a.noconvert(), "y"_a.none().noconvert(),
             "l2"_a.none().noconvert() = nb::none(), "squares"_a.none().noconvert() = nb::none())
        .def("forward", &forward, "x"_a.noconvert(), "rows"_a.none().noconvert(), "step"_a,
             "z"_a.noconvert(), "y"_a.noconvert(), "row"_a = 0)
        .def("backward", &backward, "dz"_a.noconvert())
        .def("read_gradients", &read_gradients, "grads"_a)
        .def("write_gradients", &write_gradients, "grads"_a)
        .def("update", &update, "learning_rate"_a, "step"_a, "l2"_a = 0.0)
        .def("observe", &observe);
    m.def("make_engine", &make_handle, "float64"_a, "layers"_a, "loss"_a, "loss_options"_a,
          "optimizer"_a.none(), "depth"_a, "seed"_a, "threads"_a,
          "Return an engine that works on the arrays of the layers, which it keeps.");
    m.def(
        "make_predictor",
        [type = nb::steal(predictor_type())](const nb::object& engine, const nb::object& otherwise,
                                             bool floats, bool bytes, bool images) {
            const Engine* const made = nb::cast<const Handle&>(engine).engine.get();
            PyObject* predictor =
                make_predictor(reinterpret_cast<PyTypeObject*>(type.ptr()), made, engine.ptr(),
                               otherwise.ptr(), floats, bytes, images);
            if (predictor == nullptr) throw nb::python_error();
            return nb::steal(predictor);
        },
        "engine"_a, "otherwise"_a, "floats"_a, "bytes"_a, "images"_a,
        nb::sig("def make_predictor(engine: Engine, otherwise: object, floats: bool, bytes: bool, "
                "images: bool) -> object"),
        "Return a function of C-contiguous rows, (N, D), that itself predicts `floats` of the "
        "engine's type, `bytes`, and `images` of more axes, and leaves all others to `otherwise`, "
        "also where x or a prediction is not finite.");
    m.def("scan", &scan_into, "bytes"_a.noconvert(), "size"_a, "lanes"_a.noconvert(),
          nb::sig("def scan(bytes: NDArray[numpy.uint8], size: int, lanes: NDArray[numpy.uint64]) "
                  "-> tuple[bool, float, float]"),
          "Append bytes to the hash in `lanes`, in whole blocks but for the last; return whether "
          "the floats of `size` bytes that they are (0: no floats) are finite, and their range.");
    m.def("permutation", &permute, "stream"_a, "order"_a.noconvert(),
          nb::sig("def permutation(stream: int, order: NDArray[numpy.uint64]) -> None"),
          "Fill `order` with 0 to N - 1 in random order: that of core's splitmix.permutation.");
    m.def("supported", &supported, "instruction_set"_a,
          "Return whether this processor runs baseline, avx2 or avx512.");
}
