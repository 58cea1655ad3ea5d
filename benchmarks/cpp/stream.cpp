// One row through an Affine layer beside a plain read of the same weights: how much of the memory's
// rate a prediction of one row uses.
//     stream THREADS WIDTH  writes the bytes a second of the plain read, those of the product, and
//     the median of their ratio in pairs, for layers of WIDTH x WIDTH
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "network.h"

using namespace measured;

template <class F>
double seconds(F work) {
    const auto started = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

// Adds all values up, in eight sums, so that additions do not wait for each other.
static float read(const float* from, std::int64_t count) {
    Vec<float> sums[8] = {};
    for (std::int64_t i = 0; i + 8 * kLanes<float> <= count; i += 8 * kLanes<float>)
        for (int s = 0; s < 8; ++s) sums[s] += load(from + i + s * kLanes<float>);
    for (int s = 1; s < 8; ++s) sums[0] += sums[s];
    return sums[0][0];
}

int main(int, char** words) {
    const Threads threads(std::atoi(words[1]));
    const std::int64_t n = std::atoi(words[2]), parts = threads.count(), layers = 3;
    Network net;
    Buffer<float> W(static_cast<std::size_t>(layers * n * n)), y(static_cast<std::size_t>(n));
    for (std::int64_t layer = 0; layer < layers; ++layer) {
        const std::vector<float> drawn = net.rows(n, n, false);
        std::copy(drawn.begin(), drawn.end(), W.begin() + layer * n * n);
    }
    const std::vector<float> x = net.rows(1, n, false);
    Buffer<float> sinks(static_cast<std::size_t>(16 * parts));
    auto plain = [&] {
        threads.each(parts, [&](std::int64_t i) {
            const std::int64_t first = layers * n * n / parts * i;
            sinks[static_cast<std::size_t>(16 * i)] =
                read(W.data() + first, layers * n * n / parts);
        });
    };
    auto row = [&] {
        for (std::int64_t layer = 0; layer < layers; ++layer) {
            Product<float> p{1, n, n, {x.data(), n, 1}, W.data() + layer * n * n, n, y.data(), n};
            p.readable = n * n;
            product(p, threads);
        }
    };
    const double bytes = static_cast<double>(layers * n * n) * sizeof(float);
    std::vector<double> reads, products, ratios;
    for (int pair = 0; pair < 51; ++pair) {
        reads.push_back(seconds(plain)), products.push_back(seconds(row));
        ratios.push_back(reads.back() / products.back());
    }
    for (auto* list : {&reads, &products, &ratios}) std::sort(list->begin(), list->end());
    std::printf("%.4g %.4g %.3f\n", bytes / reads[25], bytes / products[25], ratios[25]);
    return sinks[0] == 12345.0f;
}
