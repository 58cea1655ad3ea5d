// Letting go of the GIL, so that other Python threads run meanwhile.
#pragma once

#include <Python.h>
#include <structmember.h>
#include <unistd.h>

#include <cstdint>
#include <optional>

namespace pellucid {

// Lets go of the GIL. A daemon thread that wants it back while the interpreter ends is made to end
// by unwinding (until Python 3.13), which C++ would turn into an abort of the whole process: it
// stays here instead, as Python 3.14 does it.
class WithoutGil {
public:
    WithoutGil() : state_(PyEval_SaveThread()) {}
    WithoutGil(const WithoutGil&) = delete;
    ~WithoutGil() {
        try {
            PyEval_RestoreThread(state_);
        } catch (...) {
            for (;;) pause();
        }
    }

private:
    PyThreadState* const state_;
};

// The same, where there are so many numbers of input that it does not cost more than it gives.
class MaybeWithoutGil {
public:
    explicit MaybeWithoutGil(std::int64_t numbers) {
        if (numbers >= (1 << 15)) released_.emplace();
    }

private:
    std::optional<WithoutGil> released_;
};

}  // namespace pellucid
