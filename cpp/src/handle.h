// What keeps an engine safe whatever Python does: references to the arrays that it points into, one
// thread at a time, and indices of its own.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "gil.h"
#include "pellucid/spec.h"

namespace pellucid {

namespace nb = nanobind;

// An array of NumPy and nothing else: nanobind reads strides that other buffers (ctypes arrays,
// numpy.datetime64 scalars) leave out, and crashes.
template <typename... Args>
struct NumPyArray : nb::ndarray<Args...> {
    using nb::ndarray<Args...>::ndarray;
};

using Array = NumPyArray<nb::c_contig, nb::device::cpu>;          // changed in place
using Input = NumPyArray<nb::ro, nb::c_contig, nb::device::cpu>;  // only read
using Indices = NumPyArray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Weights = NumPyArray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Reals = NumPyArray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Octets = NumPyArray<const std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Lanes = NumPyArray<std::uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

}  // namespace pellucid

namespace nanobind::detail {

template <typename... Args>
struct type_caster<pellucid::NumPyArray<Args...>> {
    using Caster = make_caster<ndarray<Args...>>;
    NB_TYPE_CASTER(pellucid::NumPyArray<Args...>, Caster::Name)

    bool from_python(handle source, uint32_t flags, cleanup_list* cleanup) noexcept {
        Caster caster;
        if (!PyArray_Check(source.ptr()) || !caster.from_python(source, flags, cleanup))
            return false;
        static_cast<ndarray<Args...>&>(value) = std::move(caster.value);
        return true;
    }
};

}  // namespace nanobind::detail

namespace pellucid {

inline void expect(bool condition, const char* message) {
    if (!condition) throw nb::type_error(message);
}

// Compiled loops rely on it; arrays that begin in the middle of a record do not keep it.
template <class A>
void expect_aligned(const A& array) {
    const std::size_t size = array.dtype().bits / 8;
    expect(size == 0 || reinterpret_cast<std::uintptr_t>(array.data()) % size == 0,
           "an array begins at an address that its type does not allow: copy it first");
}

// Arrays that stay alive, and in place, as long as this does.
class Kept {
public:
    // Keeps the owner of the memory as well, which an array may be made to let go of.
    void add(nb::handle object, const Array& array) {
        arrays_.push_back(array);
        for (PyObject* owner = object.ptr(); owner && PyArray_Check(owner);
             owner = PyArray_BASE(reinterpret_cast<PyArrayObject*>(owner)))
            owners_.push_back(nb::borrow(owner));
    }

private:
    std::vector<Array> arrays_;
    std::vector<nb::object> owners_;
};

struct Handle {
    std::unique_ptr<Engine> engine;
    Kept kept;
    std::atomic<bool> busy{false};
    std::vector<std::int64_t> chosen;  // of the call at work: Python may change its own meanwhile
};

// One call that changes the engine. A second one, from another thread or a signal handler, is
// refused: waiting could last for ever, and the results of both would depend on chance.
class Turn {
public:
    explicit Turn(Handle& handle) : handle_(handle) {
        if (handle_.busy.exchange(true))
            throw std::runtime_error(
                "this engine is at work in another thread: make one engine for each thread");
    }
    Turn(const Turn&) = delete;
    ~Turn() { handle_.busy = false; }

private:
    Handle& handle_;
};

// The engine holds no rows of x after a call, unless the call says so.
class Forget {
public:
    explicit Forget(Engine& engine) : engine_(&engine) {}
    Forget(const Forget&) = delete;
    ~Forget() {
        if (engine_) engine_->forget();
    }
    void cancel() { engine_ = nullptr; }

private:
    Engine* engine_;
};

template <class A>
Rows rows_of(const Engine& engine, const A& x) {
    Rows rows;
    rows.data = x.data();
    expect(x.ndim() > 0, "x must have rows");
    if (x.dtype() == nb::dtype<std::uint8_t>())
        rows.type = Number::uint8;
    else if (x.dtype() == nb::dtype<float>())
        rows.type = Number::float32;
    else if (x.dtype() == nb::dtype<double>())
        rows.type = Number::float64;
    else
        throw nb::type_error("x must be uint8, float32 or float64");
    expect_aligned(x);
    rows.count = static_cast<std::int64_t>(x.shape(0));
    rows.width = 1;
    bool fits = true;
    for (std::size_t axis = 1; axis < x.ndim(); ++axis)
        fits &= !__builtin_mul_overflow(rows.width, static_cast<std::int64_t>(x.shape(axis)),
                                        &rows.width);
    expect(fits && rows.width == engine.inputs(), "x has another width than the first layer");
    return rows;
}

// Rows of x that a training pass takes: all, or those that are chosen.
inline Rows rows_of(Handle& handle, const Input& x, const std::optional<Indices>& chosen) {
    Rows rows = rows_of(*handle.engine, x);
    if (!chosen) return rows;
    expect_aligned(*chosen);
    const std::int64_t N = rows.count;
    handle.chosen.assign(chosen->data(), chosen->data() + chosen->shape(0));
    for (const std::int64_t row : handle.chosen)
        if (row < 0 || row >= N) throw nb::index_error("a row index is beyond the rows of x");
    rows.count = static_cast<std::int64_t>(handle.chosen.size());
    rows.chosen = handle.chosen.data();
    return rows;
}

// Predicts rows into y, and runs Python's signal handlers now and then, so that Ctrl-C ends a long
// prediction. Returns false with a Python error; `finite` becomes false as in `Engine::predict`.
inline bool predict_rows(const Engine& engine, const Rows& x, void* y, bool& finite) {
    const std::int64_t step = engine.rows_at_once();
    const std::int64_t size = engine.outputs() * (engine.type() == Number::float64 ? 8 : 4);
    for (std::int64_t start = 0;; start += step) {
        const Rows part = x.part(start, step);
        {
            const MaybeWithoutGil released(part.count * engine.work_per_row());
            finite &= engine.predict(part, static_cast<char*>(y) + start * size);
        }
        if (part.count == x.count - start) return true;
        if (PyErr_CheckSignals() != 0) return false;
    }
}

}  // namespace pellucid
