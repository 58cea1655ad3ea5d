// What all tests of the engine use: CHECK, random numbers, and how much is tried.
#pragma once

#include <cstdio>
#include <random>
#include <vector>

namespace {

int failures = 0;
#define CHECK(condition, ...)                                           \
    do {                                                                \
        if (!(condition)) {                                             \
            std::printf("%s:%d: %s: ", __FILE__, __LINE__, #condition); \
            std::printf(__VA_ARGS__);                                   \
            std::printf("\n");                                          \
            ++failures;                                                 \
        }                                                               \
    } while (0)

std::mt19937 random_bits(1);

// Under the thread sanitizer everything takes long, and what one thread does alone is nothing for
// it.
#ifdef __SANITIZE_THREAD__
constexpr bool threads_alone = true;
constexpr int trials = 15;
#else
constexpr bool threads_alone = false;
constexpr int trials = 60;
#endif

template <class T>
std::vector<T> normal(std::int64_t n, double zeros = 0) {
    std::normal_distribution<double> draw;
    std::uniform_real_distribution<double> zero;
    std::vector<T> values(static_cast<std::size_t>(n));
    for (T& value : values)
        value = zero(random_bits) < zeros ? T(0) : static_cast<T>(draw(random_bits));
    return values;
}

int whole(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_bits); }

}  // namespace
