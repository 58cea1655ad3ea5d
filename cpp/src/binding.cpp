// What Python sees of the engine: a list of functions. One module is compiled for each instruction
// set.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include "gil.h"
#include "pellucid/engine.h"
#include "predictor.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace pellucid;

namespace {

using Array = nb::ndarray<nb::c_contig, nb::device::cpu>;          // changed in place
using Input = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;  // only read
using Indices = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Weights = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Reals = nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

void expect(bool condition, const char* otherwise) {
    if (!condition) throw nb::type_error(otherwise);
}

template <class A>
Rows rows_of(const Engine& engine, const A& x, const std::optional<Indices>& chosen) {
    Rows rows;
    rows.data = x.data();
    expect(x.ndim() > 0, "x must be rows");
    if (x.dtype() == nb::dtype<std::uint8_t>())
        rows.type = Number::uint8;
    else if (x.dtype() == nb::dtype<float>())
        rows.type = Number::float32;
    else if (x.dtype() == nb::dtype<double>())
        rows.type = Number::float64;
    else
        throw nb::type_error("inputs must be uint8, float32 or float64");
    const std::int64_t N = static_cast<std::int64_t>(x.shape(0));
    rows.width = 1;
    for (std::size_t axis = 1; axis < x.ndim(); ++axis)
        rows.width *= static_cast<std::int64_t>(x.shape(axis));
    rows.count = chosen ? static_cast<std::int64_t>(chosen->shape(0)) : N;
    rows.chosen = chosen ? chosen->data() : nullptr;
    for (std::int64_t i = 0; chosen && i < rows.count; ++i)
        if (rows.chosen[i] < 0 || rows.chosen[i] >= N)
            throw nb::index_error("a chosen row is not among the rows");
    expect(rows.width == engine.inputs(), "x has another number of inputs than the first layer");
    return rows;
}

// Makes sure of a matrix of N rows of `width` numbers of the engine's type.
template <class A>
void expect_matrix(const Engine& engine, const A& array, std::int64_t N, std::int64_t width) {
    const nb::dlpack::dtype type =
        engine.type() == Number::float64 ? nb::dtype<double>() : nb::dtype<float>();
    const bool fits = array.ndim() == 2 && static_cast<std::int64_t>(array.shape(0)) == N &&
                      static_cast<std::int64_t>(array.shape(1)) == width && array.dtype() == type;
    expect(fits, "an array has not the shape or type that the engine expects");
}

struct Given {
    std::optional<Indices> classes;
    std::optional<Input> values;
    std::optional<Weights> weights;
};

// Targets of all N rows of x; class indices and ranges are checked as they are used.
Targets targets_of(const Engine& engine, std::int64_t N, const Given& given) {
    Targets t;
    expect(given.classes.has_value() != given.values.has_value(),
           "targets are either classes or values");
    if (given.classes) {
        expect(static_cast<std::int64_t>(given.classes->shape(0)) == N,
               "there must be a target for each row");
        t.classes = given.classes->data();
    } else {
        expect_matrix(engine, *given.values, N, engine.sums());
        t.values = given.values->data();
        t.width = engine.sums();
        t.size = engine.type() == Number::float64 ? 8 : 4;
    }
    if (given.weights) {
        expect(static_cast<std::int64_t>(given.weights->shape(0)) == N,
               "there must be a weight for each row");
        t.weights = given.weights->data();
    }
    return t;
}

template <class List>
std::vector<Numbers> numbers_of(const List& arrays, Number type) {
    std::vector<Numbers> found;
    for (nb::handle array : arrays) {
        if (array.is_none()) {
            found.emplace_back();
            continue;
        }
        const Array numbers =
            nb::cast<Array>(array, false);  // a copy in another type or order would be lost
        expect(
            numbers.dtype() == (type == Number::float64 ? nb::dtype<double>() : nb::dtype<float>()),
            "an array has not the type of the engine");
        found.push_back({numbers.data(), static_cast<std::int64_t>(numbers.size())});
    }
    return found;
}

LayerSpec layer_spec(nb::handle entry, Number type) {
    LayerSpec spec;
    spec.kind = nb::cast<std::string>(entry["kind"]);
    spec.options = nb::cast<std::vector<double>>(entry["options"]);
    spec.inputs = nb::cast<std::int64_t>(entry["inputs"]);
    spec.outputs = nb::cast<std::int64_t>(entry["outputs"]);
    spec.frozen = nb::cast<bool>(entry["frozen"]);
    spec.arrays = numbers_of(nb::object(entry["arrays"]), type);
    for (nb::handle inner : entry["inner"]) spec.inner.push_back(layer_spec(inner, type));
    return spec;
}

OptimizerSpec optimizer_spec(const nb::dict& o, Number type) {
    OptimizerSpec s;
    s.kind = nb::cast<std::string>(o["kind"]);
    auto number = [&o](const char* name, double& into) {
        if (o.contains(name) && !o[name].is_none()) into = nb::cast<double>(o[name]);
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
    if (o.contains("nesterov")) s.nesterov = nb::cast<bool>(o["nesterov"]);
    if (o.contains("epsilon_hat")) s.epsilon_hat = nb::cast<bool>(o["epsilon_hat"]);
    for (nb::handle slot : o["slots"]) s.slots.push_back(numbers_of(slot, type));
    s.average = numbers_of(nb::object(o["average"]), type);
    return s;
}

std::unique_ptr<Engine> build(bool wide, const nb::list& layers, const std::string& loss,
                              double loss_option, const std::optional<nb::dict>& optimizer,
                              std::int64_t depth, std::uint64_t seed, int threads) {
    Plan plan;
    const Number type = wide ? Number::float64 : Number::float32;
    for (nb::handle entry : layers) plan.layers.push_back(layer_spec(entry, type));
    plan.loss = {loss, loss_option};
    if (optimizer) plan.optimizer = optimizer_spec(*optimizer, type);
    plan.depth = depth;
    plan.seed = seed;
    plan.threads = threads;
    if (wide) return std::make_unique<LayerEngine<double>>(plan);
    return std::make_unique<LayerEngine<float>>(plan);
}

void answer(const Engine& engine, const Input& x, const Array& y) {
    const Rows rows = rows_of(engine, x, std::nullopt);
    expect_matrix(engine, y, rows.count, engine.outputs());
    const MaybeWithoutGil released(rows.count * rows.width);
    engine.answer(rows, y.data());
}

// The rows of x may be gone once a call is over.
struct Forget {
    Engine& engine;
    ~Forget() { engine.forget(); }
};

// Gives the loss of one batch; the engine keeps the gradients.
double gradients(Engine& engine, const Input& x, const Given& given,
                 const std::optional<Indices>& chosen, std::uint64_t step, const Array& y) {
    const Rows rows = rows_of(engine, x, chosen);
    expect_matrix(engine, y, rows.count, engine.outputs());
    const Targets t = targets_of(engine, static_cast<std::int64_t>(x.shape(0)), given);
    const Forget afterwards{engine};
    const WithoutGil released;
    const double loss = engine.gradients(rows, t, rows.count, step, y.data());
    if (std::isfinite(loss)) engine.observe();
    return loss;
}

// Learns as many batches as there are rates; gives how many were done.
std::int64_t learn(Engine& engine, const Input& x, const Given& given,
                   const std::optional<Indices>& chosen, std::int64_t batch, std::uint64_t step,
                   const Weights& rates, const Reals& losses, const std::optional<Array>& y,
                   const std::optional<Weights>& l2, const std::optional<Reals>& squares) {
    const Rows rows = rows_of(engine, x, chosen);
    if (y) expect_matrix(engine, *y, rows.count, engine.outputs());
    expect(batch > 0, "a batch has at least one row");
    const auto batches =
        static_cast<std::size_t>(std::max<std::int64_t>(1, (rows.count + batch - 1) / batch));
    expect(rates.shape(0) == batches && losses.shape(0) == batches,
           "there must be a learning rate and a loss for each batch");
    expect((!l2 || l2->shape(0) == batches) && (!squares || squares->shape(0) == batches),
           "there must be an l2 and a square for each batch");
    const Ridge ridge{l2 ? l2->data() : nullptr, squares ? squares->data() : nullptr};
    const Targets t = targets_of(engine, static_cast<std::int64_t>(x.shape(0)), given);
    const Forget afterwards{engine};
    const WithoutGil released;
    return engine.learn(rows, t, batch, step, y ? y->data() : nullptr, rates.data(), losses.data(),
                        ridge);
}

void forward(Engine& engine, const Input& x, const std::optional<Indices>& chosen,
             std::uint64_t step, const Array& sums, const Array& y) {
    const Rows rows = rows_of(engine, x, chosen);
    expect_matrix(engine, sums, rows.count, engine.sums());
    expect_matrix(engine, y, rows.count, engine.outputs());
    const WithoutGil released;
    engine.forward(rows, rows.count, step, sums.data(), y.data());
}

bool supported(const std::string& set) {
#if defined(__x86_64__)
    if (set == "avx512")
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    if (set == "avx2") return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return set == "baseline";
}

}  // namespace

NB_MODULE(PELLUCID_MODULE, m) {
    if (_import_array() < 0) throw nb::python_error();
    nb::set_leak_warnings(
        false);  // a network may well live to the end of the process, in a thread or a closure
    m.doc() = "The native engine, compiled for one instruction set.";
    nb::class_<Engine>(m, "Engine",
                       "Answers and learns for one list of layers; see engines/protocol.py.")
        .def("answer", &answer, "x"_a.noconvert(), "y"_a.noconvert())
        .def(
            "gradients",
            [](Engine& engine, const Input& x, const std::optional<Indices>& classes,
               const std::optional<Input>& values, const std::optional<Weights>& weights,
               const std::optional<Indices>& rows, std::uint64_t step, const Array& y) {
                return gradients(engine, x, {classes, values, weights}, rows, step, y);
            },
            "x"_a.noconvert(), "classes"_a.none().noconvert(), "values"_a.none().noconvert(),
            "weights"_a.none().noconvert(), "rows"_a.none().noconvert(), "step"_a,
            "y"_a.noconvert())
        .def(
            "learn",
            [](Engine& engine, const Input& x, const std::optional<Indices>& classes,
               const std::optional<Input>& values, const std::optional<Weights>& weights,
               const std::optional<Indices>& rows, std::int64_t batch, std::uint64_t step,
               const Weights& rates, const Reals& losses, const std::optional<Array>& y,
               const std::optional<Weights>& l2, const std::optional<Reals>& squares) {
                return learn(engine, x, {classes, values, weights}, rows, batch, step, rates,
                             losses, y, l2, squares);
            },
            "x"_a.noconvert(), "classes"_a.none().noconvert(), "values"_a.none().noconvert(),
            "weights"_a.none().noconvert(), "rows"_a.none().noconvert(), "batch"_a, "step"_a,
            "rates"_a.noconvert(), "losses"_a.noconvert(), "y"_a.none().noconvert(),
            "l2"_a.none().noconvert() = nb::none(), "squares"_a.none().noconvert() = nb::none())
        .def("forward", &forward, "x"_a.noconvert(), "rows"_a.none().noconvert(), "step"_a,
             "sums"_a.noconvert(), "y"_a.noconvert())
        .def(
            "backward",
            [](Engine& engine, const Input& dy) {
                expect_matrix(engine, dy, engine.rows(), engine.sums());
                const WithoutGil released;
                engine.backward(dy.data());
            },
            "dy"_a.noconvert())
        .def(
            "read_gradients",
            [](const Engine& engine, const nb::list& grads) {
                engine.read_gradients(numbers_of(grads, engine.type()));
            },
            "grads"_a)
        .def(
            "write_gradients",
            [](Engine& engine, const nb::list& grads) {
                engine.write_gradients(numbers_of(grads, engine.type()));
            },
            "grads"_a)
        .def(
            "update",
            [](Engine& engine, double rate, std::uint64_t step, double l2) {
                const WithoutGil released;
                engine.update(rate, step, l2);
            },
            "learning_rate"_a, "step"_a, "l2"_a = 0.0)
        .def("observe", &Engine::observe);
    m.def("make_engine", &build, "float64"_a, "layers"_a, "loss"_a, "loss_option"_a,
          "optimizer"_a.none(), "depth"_a, "seed"_a, "threads"_a,
          "Make an engine; the arrays that are given must outlive it.");
    m.def(
        "make_predictor",
        [type = nb::steal(predictor_type())](const nb::object& engine, const nb::object& otherwise,
                                             bool numbers, bool bytes, bool pictures) {
            PyObject* made = make_predictor(reinterpret_cast<PyTypeObject*>(type.ptr()),
                                            nb::cast<const Engine*>(engine), engine.ptr(),
                                            otherwise.ptr(), numbers, bytes, pictures);
            if (made == nullptr) throw nb::python_error();
            return nb::steal(made);
        },
        "engine"_a, "otherwise"_a, "numbers"_a, "bytes"_a, "pictures"_a,
        nb::sig("def make_predictor(engine: Engine, otherwise: object, numbers: bool, bytes: bool, "
                "pictures: bool) -> object"),
        "Make a function of C-contiguous rows, (N, D), that answers `numbers` of the engine's "
        "type, `bytes` and `pictures` of more axes itself, and leaves what else there is to "
        "`otherwise`.");
    m.def("supported", &supported, "instruction_set"_a,
          "Tell whether this processor runs baseline, avx2 or avx512.");
}
