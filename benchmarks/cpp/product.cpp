// The engine's matrix product: 1,024 rows through one Affine layer of 1,024 inputs and outputs,
// copies included.
//     product THREADS  writes the least seconds of the product alone, of a prediction, and of the
//     forward pass of training
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "network.h"

using namespace measured;

template <class F>
double least_seconds(F work) {
    double least = 1e9;
    for (int i = 0; i < 31; ++i) {
        const auto started = std::chrono::steady_clock::now();
        work();
        const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - started;
        least = std::min(least, spent.count());
    }
    return least;
}

int main(int, char** words) {
    constexpr std::int64_t n = 1024;
    Network net;
    net.affine(n, n);
    net.plan.threads = std::atoi(words[1]);
    LayerEngine<float> engine(net.plan);
    const std::vector<float> x = net.rows(n, n, false);
    std::vector<float> y(x.size()), sums(x.size());
    Rows rows;
    rows.data = x.data(), rows.count = rows.width = n;
    const Threads threads(net.plan.threads);
    const std::vector<float> W = net.rows(n, n, false);
    Product<float> p{n, n, n, {x.data(), n, 1}, W.data(), n, sums.data(), n};
    p.readable = n * n;
    std::printf("%.6g\n", least_seconds([&] { product(p, threads); }));
    std::printf("%.6g\n", least_seconds([&] { engine.predict(rows, y.data()); }));
    std::printf("%.6g\n",
                least_seconds([&] { engine.forward(rows, n, 0, sums.data(), y.data()); }));
}
