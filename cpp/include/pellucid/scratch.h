// Memory that a thread keeps between calls, since taking it from the system anew each time would
// cost a small network more than its arithmetic.
#pragma once

#include <atomic>

#include "vector.h"

namespace pellucid {

// Grows whenever an engine ends. What a thread keeps may have been for that engine, which may have
// been a wide one: then the thread lets go of it.
inline std::atomic<unsigned> engines_ended{0};

constexpr std::size_t kKept = std::size_t(4) << 20;  // bytes that a thread keeps all the same

// This thread's own Memory, which has `bytes()`. Once it is large, it ends with the next engine: in
// that engine's thread at once, in others when they next ask for it.
template <class Memory>
inline Memory& of_thread() {
    static thread_local Memory memory;
    static thread_local unsigned seen = 0;
    const unsigned now = engines_ended.load(std::memory_order_relaxed);
    if (seen != now) {
        seen = now;
        if (memory.bytes() > kKept) memory = Memory();
    }
    return memory;
}

template <class T>
struct Room {
    Buffer<T> numbers;

    T* of(std::int64_t count) {
        if (numbers.size() < static_cast<std::size_t>(count))
            numbers.resize(static_cast<std::size_t>(count));
        return numbers.data();
    }
    std::size_t bytes() const { return numbers.capacity() * sizeof(T); }
};

// The packed factors of a large product: the whole left one, and a panel of the right one.
template <class T>
struct Packed : Room<T> {};
template <class T>
struct Panel : Room<T> {};

}  // namespace pellucid
