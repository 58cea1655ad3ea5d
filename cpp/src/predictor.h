// A callable that predicts with the least overhead: it reads NumPy's arrays directly, which takes
// nanoseconds, and leaves everything out of the ordinary to Python.
#pragma once

#include "handle.h"

namespace pellucid {

struct Predictor {
    PyObject_HEAD vectorcallfunc call;
    const Engine* engine;
    PyObject* owner;      // of the engine
    PyObject* otherwise;  // predicts, or refuses in words, what is out of the ordinary
    int type;             // NumPy's number of the engine's type, which is that of the predictions
    bool floats, bytes, images;  // ordinary: rows of the engine's type, bytes, more than one axis
    npy_intp inputs, outputs;
};

inline bool is_ordinary(const Predictor* self, PyObject* x) {
    if (!PyArray_CheckExact(x)) return false;
    auto* array = reinterpret_cast<PyArrayObject*>(x);
    const int type = PyArray_TYPE(array), axes = PyArray_NDIM(array);
    if (!(type == self->type ? self->floats : type == NPY_UINT8 && self->bytes)) return false;
    if (axes != 2 && !(axes > 2 && self->images)) return false;
    npy_intp width = 1;
    for (int axis = 1; axis < axes; ++axis)
        if (__builtin_mul_overflow(width, PyArray_DIM(array, axis), &width)) return false;
    return width == self->inputs && PyArray_ISCARRAY_RO(array);
}

inline PyObject* predict(PyObject* object, PyObject* const* args, std::size_t nargsf,
                         PyObject* names) {
    auto* self = reinterpret_cast<Predictor*>(object);
    if (self->otherwise == nullptr) {  // the collector has cleared it, and a finalizer calls it
        PyErr_SetString(PyExc_RuntimeError, "this predictor is gone");
        return nullptr;
    }
    if (PyVectorcall_NARGS(nargsf) != 1 || names != nullptr || !is_ordinary(self, args[0]))
        return PyObject_Vectorcall(self->otherwise, args, nargsf, names);
    auto* x = reinterpret_cast<PyArrayObject*>(args[0]);
    npy_intp shape[2] = {PyArray_DIM(x, 0), self->outputs};
    PyObject* y = PyArray_SimpleNew(2, shape, self->type);
    if (y == nullptr) return nullptr;
    Rows rows;
    rows.data = PyArray_DATA(x);
    rows.type = PyArray_TYPE(x) == self->type ? self->engine->type() : Number::uint8;
    rows.count = shape[0];
    rows.width = self->inputs;
    bool finite = true;
    try {
        if (predict_rows(*self->engine, rows, PyArray_DATA(reinterpret_cast<PyArrayObject*>(y)),
                         finite)) {
            if (finite) return y;
            Py_DECREF(y);
            return PyObject_Vectorcall(self->otherwise, args, nargsf, names);
        }
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    }
    Py_DECREF(y);
    return nullptr;
}

inline int visit_predictor(PyObject* object, visitproc visit, void* arg) {
    auto* self = reinterpret_cast<Predictor*>(object);
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->owner);
    Py_VISIT(self->otherwise);
    return 0;
}

inline int clear_predictor(PyObject* object) {
    auto* self = reinterpret_cast<Predictor*>(object);
    Py_CLEAR(self->otherwise);
    Py_CLEAR(self->owner);
    return 0;
}

inline void free_predictor(PyObject* object) {
    PyTypeObject* type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    clear_predictor(object);
    PyObject_GC_Del(object);
    Py_DECREF(type);
}

// Makes the type, once for each module; null with a Python error.
inline PyObject* predictor_type() {
    static PyMemberDef members[] = {
        {"__vectorcalloffset__", T_PYSSIZET, offsetof(Predictor, call), READONLY, nullptr},
        {nullptr, 0, 0, 0, nullptr},
    };
    static PyType_Slot slots[] = {
        {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
        {Py_tp_traverse, reinterpret_cast<void*>(visit_predictor)},
        {Py_tp_clear, reinterpret_cast<void*>(clear_predictor)},
        {Py_tp_dealloc, reinterpret_cast<void*>(free_predictor)},
        {Py_tp_members, members},
        {Py_tp_doc, const_cast<char*>("Predict rows, (N, D) to (N, K), with the least overhead.")},
        {0, nullptr},
    };
    static PyType_Spec spec = {"pellucid.engines.Predictor", sizeof(Predictor), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC |
                                   Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                               slots};
    return PyType_FromSpec(&spec);
}

// Returns a new predictor, or null with a Python error; the owner keeps the engine.
inline PyObject* make_predictor(PyTypeObject* type, const Engine* engine, PyObject* owner,
                                PyObject* otherwise, bool floats, bool bytes, bool images) {
    auto* self = PyObject_GC_New(Predictor, type);
    if (self == nullptr) return nullptr;
    self->call = predict;
    self->engine = engine;
    self->owner = Py_NewRef(owner);
    self->otherwise = Py_NewRef(otherwise);
    self->type = engine->type() == Number::float64 ? NPY_DOUBLE : NPY_FLOAT;
    self->floats = floats;
    self->bytes = bytes;
    self->images = images;
    self->inputs = engine->inputs();
    self->outputs = engine->outputs();
    PyObject_GC_Track(self);
    return reinterpret_cast<PyObject*>(self);
}

}  // namespace pellucid
