// One epoch on 1,000 rows, and one prediction of each, for counting instructions: `epoch` and
// `predict` are counted.
//     epoch HIDDEN HIDDEN  for 784-HIDDEN-HIDDEN-10, batches of 32, plain SGD
#include <cstdio>
#include <cstdlib>

#include "network.h"

using namespace measured;

extern "C" __attribute__((noinline)) double epoch(Engine& engine, const Rows& all, const Targets& t,
                                                  float* y) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(all.count));
    for (std::int64_t i = 0; i < all.count; ++i)
        order[static_cast<std::size_t>(i)] = i * 379 % all.count;  // no divisor in common
    double loss = 0;
    std::uint64_t step = 0;
    for (std::int64_t start = 0; start < all.count; start += 32) {
        Rows batch = all;
        batch.chosen = order.data() + start,
        batch.count = std::min<std::int64_t>(32, all.count - start);
        loss += engine.gradients(batch, t, batch.count, step, y);
        engine.update(0.1, ++step);
    }
    return loss;
}

extern "C" __attribute__((noinline)) void predict(const Engine& engine, const Rows& all, float* y) {
    Rows one = all;
    one.count = 1;
    for (std::int64_t i = 0; i < all.count; ++i) {
        one.data = static_cast<const float*>(all.data) + i * all.width;
        engine.predict(one, y);
    }
}

int main(int, char** words) {
    constexpr std::int64_t N = 1000, D = 784, K = 10;
    const std::int64_t first = std::atoi(words[1]), second = std::atoi(words[2]);
    Network net;
    net.affine(D, first), net.activation("Sigmoid");
    net.affine(first, second), net.activation("Sigmoid");
    net.affine(second, K);
    net.plan.loss.kind = "CrossEntropy";
    net.plan.optimizer.kind = "SGD";
    LayerEngine<float> engine(net.plan);
    const std::vector<float> x = net.rows(N, D, true);
    std::vector<std::int64_t> classes(N);
    for (std::int64_t& c : classes) c = net.random() % K;
    std::vector<float> y(N * K);
    Rows rows;
    rows.data = x.data(), rows.count = N, rows.width = D;
    Targets t;
    t.classes = classes.data();
    const double loss = epoch(engine, rows, t, y.data());
    predict(engine, rows, y.data());
    std::printf("%.6g %.6g\n", loss, static_cast<double>(y[0]));
}
