// Releasing the GIL, so that other Python threads run meanwhile.
#pragma once

#include <Python.h>
#include <structmember.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>

namespace pellucid {

// Releases the GIL. While the interpreter ends, a daemon thread that wants it back is made to end
// by unwinding (until Python 3.13), which C++ would turn into an abort of the whole process: the
// thread stays here instead, as in Python 3.14.
class WithoutGil {
public:
    WithoutGil() : state_(PyEval_SaveThread()) {}
    WithoutGil(const WithoutGil&) = delete;
    ~WithoutGil() {
        try {
            PyEval_RestoreThread(state_);
        } catch (...) {
            for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
        }
    }

private:
    PyThreadState* const state_;
};

// The same, for so much work that it costs less than it gains: some 50 microseconds.
class MaybeWithoutGil {
public:
    explicit MaybeWithoutGil(std::int64_t multiply_adds) {
        if (multiply_adds >= (1 << 19)) released_.emplace();
    }

private:
    std::optional<WithoutGil> released_;
};

}  // namespace pellucid
