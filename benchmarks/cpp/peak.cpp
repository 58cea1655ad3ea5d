// The processor's peak: multiply-adds in float32 that depend on nothing but themselves, on so many
// threads.
//     peak THREADS  writes the best of nine tries, in floating-point operations a second
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif
typedef float Vector __attribute__((vector_size(kBytes)));

constexpr int kChains = 12;  // more than latency times ports, fewer than the registers
constexpr long kSteps = 20'000'000;

static float keep_busy(float start) {
    Vector sums[kChains], factor = Vector{} + 0.999999f, more = Vector{} + 1e-6f;
    for (int c = 0; c < kChains; ++c) sums[c] = Vector{} + (start + static_cast<float>(c));
    for (long i = 0; i < kSteps; ++i)
#pragma GCC unroll 12
        for (int c = 0; c < kChains; ++c) sums[c] = sums[c] * factor + more;
    Vector total{};
    for (int c = 0; c < kChains; ++c) total += sums[c];
    return total[0];
}

int main(int, char** words) {
    const int threads = std::atoi(words[1]);
    std::vector<float> sinks(static_cast<std::size_t>(threads));
    double best = 0;
    for (int trial = 0; trial < 9; ++trial) {
        const auto started = std::chrono::steady_clock::now();
        std::vector<std::thread> others;
        for (int i = 1; i < threads; ++i)
            others.emplace_back([&sinks, i] { sinks[static_cast<std::size_t>(i)] = keep_busy(1); });
        sinks[0] = keep_busy(1);
        for (auto& other : others) other.join();
        const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - started;
        best = std::max(best, 2.0 * kSteps * kChains * (kBytes / 4) * threads / spent.count());
    }
    std::printf("%.6g\n", sinks[0] == 12345.0f ? 0 : best);
}
