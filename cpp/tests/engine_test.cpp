// Tests of the engine without Python; built with address, undefined-behaviour and thread sanitizers
// too.
#include <cstdlib>

#include "check.h"
#include "mathematics_test.h"
#include "pellucid/engine.h"
#include "pellucid/processor.h"

namespace {

using namespace pellucid;

// A small network with one of everything, owning its arrays.
template <class T>
struct Net {
    std::vector<std::vector<T>> arrays;
    Plan plan;

    Numbers array(std::int64_t n, double scale, double shift = 0) {
        arrays.push_back(normal<T>(n));
        for (T& value : arrays.back()) value = static_cast<T>(value * scale + shift);
        return {arrays.back().data(), n};
    }

    LayerSpec layer(const char* kind, std::int64_t D, std::int64_t H, Options options = {},
                    std::vector<Numbers> own = {}) {
        LayerSpec spec;
        spec.kind = kind, spec.inputs = D, spec.outputs = H, spec.options = std::move(options),
        spec.arrays = std::move(own);
        return spec;
    }

    LayerSpec affine(std::int64_t D, std::int64_t H) {
        return layer("Affine", D, H, {}, {array(D * H, 0.3), array(H, 0.1)});
    }

    Net(std::int64_t D, std::int64_t H, std::int64_t K, const char* activation, int threads) {
        arrays.reserve(128);
        plan.layers.push_back(layer("Flatten", D, D));
        plan.layers.push_back(layer("Scale", D, D, {{"factor", 0.5, ""}}));
        plan.layers.push_back(affine(D, H));
        plan.layers.push_back(
            layer("BatchNorm", H, H, {{"momentum", 0.1, ""}, {"epsilon", 1e-5, ""}},
                  {array(H, 0.1, 1), array(H, 0.1), array(H, 0), array(H, 0, 1)}));
        plan.layers.push_back(
            layer(activation, H, H, {{"slope", 0.01, ""}, {"approximate", 0, "tanh"}}));
        plan.layers.push_back(layer("Dropout", H, H, {{"rate", 0.2, ""}}));
        LayerSpec residual = layer("Residual", H, H);
        residual.inner = {affine(H, H), layer("Tanh", H, H)};
        plan.layers.push_back(residual);
        plan.layers.push_back(
            layer("LayerNorm", H, H, {{"epsilon", 1e-5, ""}}, {array(H, 0.1, 1), array(H, 0.1)}));
        const std::int64_t E = (H + 1) / 2, F = 5,
                           M = 2;  // every other number is embedded, by F waves in M numbers
        const LayerSpec last = affine(H + E * M, K);
        plan.layers.push_back(layer("SmoothClip", H, H, {{"limit", 2, ""}}));
        std::vector<Numbers> own = {array(E * F, 1), array(E * F, 1), array(E * F * M, 0.3),
                                    array(E * M, 0.1), array(H, 0)};
        for (std::size_t h = 0; h < arrays.back().size(); h += 2) arrays.back()[h] = 1;
        plan.layers.push_back(layer("PeriodicEmbedding", H, H + E * M, {}, own));
        plan.layers.push_back(last);
        plan.layers.push_back(layer("Softmax", K, K));
        plan.depth = static_cast<std::int64_t>(plan.layers.size()) - 1;
        plan.loss = {"CrossEntropy", {{"label_smoothing", 0.1, ""}}};
        plan.optimizer.kind = "SGD";
        plan.seed = 3;
        plan.threads = threads;
    }
};

Rows rows_of(const std::vector<float>& x, std::int64_t N, std::int64_t D) {
    return {x.data(), Number::float32, N, D, nullptr};
}
Rows rows_of(const std::vector<double>& x, std::int64_t N, std::int64_t D) {
    return {x.data(), Number::float64, N, D, nullptr};
}

// Training has the same bits with any number of threads, and several threads predict at once.
template <class T>
void threads_do_not_change_bits(const char* activation) {
    const std::int64_t N = 96, D = 300, H = 70, K = 5;
    std::vector<std::vector<T>> found;
    for (int threads : {1, 2, 4}) {
        random_bits.seed(9);
        Net<T> net(D, H, K, activation, threads);
        const std::vector<T> x = normal<T>(N * D, 0.8);
        std::vector<std::int64_t> classes;
        for (std::int64_t i = 0; i < N; ++i) classes.push_back(whole(0, int(K) - 1));
        std::vector<T> y(static_cast<std::size_t>(N * K)), outputs(y);
        LayerEngine<T> engine(net.plan);
        Targets t;
        t.classes = classes.data();
        for (std::uint64_t step = 0; step < 5; ++step) {
            const double loss = engine.gradients(rows_of(x, N, D), t, N, step, y.data());
            CHECK(std::isfinite(loss), "loss %g", loss);
            engine.observe();
            engine.update(0.05, step + 1);
        }
        std::vector<std::thread> callers;
        std::vector<std::vector<T>> predicted(3, outputs);
        for (auto& mine : predicted)
            callers.emplace_back([&] {
                LayerEngine<T> own(net.plan);
                own.predict(rows_of(x, N, D), mine.data());
            });
        for (std::thread& caller : callers) caller.join();
        engine.predict(rows_of(x, N, D), outputs.data());
        for (auto& mine : predicted)
            CHECK(mine == outputs, "predictions of several threads differ");
        std::vector<T> all = outputs;
        for (const auto& array : net.arrays) all.insert(all.end(), array.begin(), array.end());
        found.push_back(all);
    }
    for (const auto& other : found)
        CHECK(std::memcmp(other.data(), found[0].data(), other.size() * sizeof(T)) == 0,
              "threads change bits (%s)", activation);
}

// Gradients against central differences, in double.
void gradients_are_right(const char* activation) {
    const std::int64_t N = 7, D = 9, H = 6, K = 4;
    random_bits.seed(4);
    Net<double> net(D, H, K, activation, 1);
    const std::vector<double> x = normal<double>(N * D);
    const std::vector<double> values = [&] {
        std::vector<double> t = normal<double>(N * K);
        for (double& value : t) value = std::abs(value);
        return t;
    }();
    const std::vector<double> weights = {1, 2, 0.5, 1, 0, 3, 1};
    Targets t;
    t.values = values.data(), t.width = K, t.weights = weights.data();
    LayerEngine<double> engine(net.plan);
    std::vector<double> y(static_cast<std::size_t>(N * K));
    auto loss = [&] { return engine.gradients(rows_of(x, N, D), t, N, 11, y.data()); };
    loss();
    // The parameters in the order of the layers; BatchNorm's running figures are none.
    const std::vector<std::size_t> parameters = {0, 1, 2, 3, 6, 7, 8, 9, 12, 13, 14, 15, 10, 11};
    std::vector<std::vector<double>> grads;
    std::vector<Numbers> places;
    for (std::size_t index : parameters) grads.emplace_back(net.arrays[index].size());
    for (auto& grad : grads)
        places.push_back({grad.data(), static_cast<std::int64_t>(grad.size())});
    engine.read_gradients(places);
    for (std::size_t i = 0; i < parameters.size(); ++i)
        for (std::size_t j = 0; j < grads[i].size(); j += 3) {
            double& value = net.arrays[parameters[i]][j];
            const double before = value, step = 1e-6;
            value = before + step;
            const double above = loss();
            value = before - step;
            const double below = loss();
            value = before;
            const double slope = (above - below) / (2 * step);
            CHECK(std::abs(slope - grads[i][j]) < 1e-7 * (1 + std::abs(slope)),
                  "%s: parameter %d: %g for %g", activation, int(parameters[i]), grads[i][j],
                  slope);
        }
}

// Every loss and every optimizer, with all settings, on every kind of input: for the sanitizers,
// which see what it touches, and for what must hold of any of them: it goes down, and frozen layers
// stay.
template <class T>
void everything_is_touched() {
    struct Kind {
        const char* name;
        double option;
    };
    const Kind losses[] = {{"CrossEntropy", 0.1},   {"BinaryCrossEntropy", 0.1},
                           {"MeanSquaredError", 0}, {"MeanAbsoluteError", 0},
                           {"Huber", 0.5},          {"Poisson", 0},
                           {"Quantile", 0.7}};
    const char* optimizers[] = {"SGD", "Adam", "AdamW", "RMSprop", "Adagrad"};
    int turn = 0;
    for (const Kind& loss : losses)
        for (const char* optimizer : optimizers) {
            random_bits.seed(static_cast<unsigned>(++turn));
            const std::int64_t rows = 40, N = turn % 6 == 0 ? 0 : 13, D = turn % 4 ? 67 : 1,
                               H = turn % 3 ? 19 : 1, K = turn % 5 ? 3 : 1;
            Net<T> net(D, H, K, turn % 2 ? "SiLU" : "ReLU", 2);
            net.plan.layers.pop_back();  // the losses take what comes: none needs an end of its own
            net.plan.loss = {loss.name, {}};
            for (const char* option : {"label_smoothing", "delta", "q"})
                net.plan.loss.options.push_back({option, loss.option, ""});
            const bool dead = turn % 7 == 0;
            for (LayerSpec& layer : net.plan.layers)
                layer.frozen = dead && layer.kind == "LayerNorm";
            OptimizerSpec& o = net.plan.optimizer;
            o.kind = optimizer, o.beta_1 = 0.9, o.beta_2 = 0.99, o.epsilon = 1e-3, o.decay = 0.9,
            o.weight_decay = 1e-3;
            o.momentum = 0.5, o.nesterov = turn % 2, o.l1 = 1e-4, o.l2 = 1e-4, o.clip_norm = 1,
            o.clip_value = 0.5, o.max_norm = 3, o.ema = 0.9;
            const std::string name = optimizer;
            const std::size_t slots = name == "Adam" || name == "AdamW" ? 2 : 1;
            // What is trained: two Affine layers and one within, BatchNorm, LayerNorm,
            // PeriodicEmbedding (before the last).
            std::vector<std::size_t> trained = {0, 1, 2, 3, 6, 7, 8, 9, 12, 13, 14, 15, 10, 11};
            if (dead) trained.erase(trained.begin() + 6, trained.begin() + 8);
            auto memory = [&] {
                std::vector<Numbers> found;
                for (std::size_t i : trained)
                    found.push_back(net.array(static_cast<std::int64_t>(net.arrays[i].size()), 0));
                return found;
            };
            for (std::size_t slot = 0; slot < slots; ++slot) o.slots.push_back(memory());
            o.average = memory();
            const std::vector<T> before = net.arrays[8];
            LayerEngine<T> engine(net.plan);

            std::vector<std::uint8_t> bytes(static_cast<std::size_t>(rows * D));
            for (auto& byte : bytes)
                byte = static_cast<std::uint8_t>(whole(0, 9) < 7 ? 0 : whole(1, 4));
            const std::vector<double> doubles = normal<double>(rows * D, 0.8);
            const std::vector<float> floats = normal<float>(rows * D, 0.5);
            std::vector<std::int64_t> chosen, classes;
            for (std::int64_t i = 0; i < N; ++i) chosen.push_back(whole(0, int(rows) - 1));
            for (std::int64_t i = 0; i < rows; ++i) classes.push_back(whole(0, int(K) - 1));
            std::vector<T> values = normal<T>(rows * K), y(static_cast<std::size_t>(rows * K));
            for (T& value : values) value = std::min(std::abs(value), T(1));
            std::vector<double> weights(static_cast<std::size_t>(rows), 0.5);
            const Rows inputs[] = {{bytes.data(), Number::uint8, N, D, chosen.data()},
                                   {doubles.data(), Number::float64, N, D, chosen.data()},
                                   {floats.data(), Number::float32, N, D, nullptr}};
            double first = 0, last = 0;
            for (std::uint64_t step = 0; step < 30; ++step) {
                Targets t;
                if (step % 2)
                    t.classes = classes.data();
                else
                    t.values = values.data(), t.width = K, t.weights = weights.data();
                const double found = engine.gradients(inputs[step % 3], t, N, 1, y.data());
                CHECK(std::isfinite(found), "%s, %s: %g", loss.name, optimizer, found);
                engine.observe();
                engine.update(0.003, step + 1);
                if (step == 0) first = found;
                if (step == 24) last = found;
            }
            CHECK(N == 0 || last < first + 0.5, "%s, %s: from %g to %g", loss.name, optimizer,
                  first, last);
            CHECK(!dead || before == net.arrays[8], "a frozen layer moved");
            for (const Rows& x : inputs) engine.predict(x, y.data());
            engine.forward(inputs[1], N, 3, y.data(), nullptr);
            engine.backward(values.data());
            engine.observe();
            engine.forget();
            CHECK(engine.rows() == 0, "rows are not forgotten");
        }
}

// Many batches in one call, in which the first weights move as their gradient is made, give the
// bits of one batch after the other: for narrow and wide layers, numbers that are mostly 0 or not,
// with and without clipping, which forbids it.
template <class T>
void steps_at_once_have_the_same_bits() {
    for (int turn = 0; turn < 24; ++turn) {
        const bool large = turn % 6 > 3;  // so that the threads share the first layer
        const std::int64_t rows = large ? 150 : 70, D = large ? 900 : 150, K = 4,
                           batch = large ? 60 : 24;
        std::vector<std::vector<T>> found;
        for (int way = 0; way < 3;
             ++way) {  // by halves; at once, with outputs; at once without, on three threads
            random_bits.seed(static_cast<unsigned>(turn));
            Net<T> net(D, turn % 2 ? large ? 44 : 9 : 90, K, "Tanh", way == 2 ? 3 : 1);
            if (turn % 12 == 11) net.plan.layers[2].frozen = true;
            OptimizerSpec& o = net.plan.optimizer;
            o.kind = turn % 4 < 2 ? "SGD" : "Adam", o.beta_1 = 0.9, o.beta_2 = 0.99,
            o.epsilon = 1e-3, o.l2 = 1e-3, o.max_norm = 3;
            if (turn % 8 == 7) o.clip_norm = 0.5;
            for (int slot = 0; slot < (turn % 4 < 2 ? 0 : 2); ++slot) {
                o.slots.emplace_back();
                for (std::size_t i : {0, 1, 2, 3, 6, 7, 8, 9, 12, 13, 14, 15, 10, 11})
                    if (!net.plan.layers[2].frozen || i > 1)
                        o.slots.back().push_back(
                            net.array(static_cast<std::int64_t>(net.arrays[i].size()), 0));
            }
            std::vector<std::uint8_t> bytes(static_cast<std::size_t>(rows * D));
            for (auto& byte : bytes)
                byte = static_cast<std::uint8_t>(whole(0, turn % 3 ? 4 : 1) ? 0 : whole(0, 255));
            std::vector<std::int64_t> chosen, classes;
            for (std::int64_t i = 0; i < rows; ++i)
                chosen.push_back(whole(0, int(rows) - 1)), classes.push_back(whole(0, int(K) - 1));
            Rows x = rows_of(bytes.data(), rows, D);
            x.chosen = chosen.data();
            Targets t;
            t.classes = classes.data();
            LayerEngine<T> engine(net.plan);
            std::vector<T> y(static_cast<std::size_t>(rows * K));
            const std::vector<double> rates(3, 0.1);
            std::vector<double> losses(3);
            for (int epoch = 0; epoch < 2; ++epoch) {
                const auto step = static_cast<std::uint64_t>(3 * epoch);
                if (way > 0) {
                    const std::int64_t done =
                        engine.train_steps(x, t, batch, step, way == 1 ? y.data() : nullptr,
                                           rates.data(), losses.data());
                    CHECK(done == 3, "%d batches of 3", int(done));
                    continue;
                }
                for (std::int64_t i = 0; i < 3; ++i) {
                    const Rows part = x.part(i * batch, batch);
                    losses[static_cast<std::size_t>(i)] =
                        engine.gradients(part, t, part.count, step + static_cast<std::uint64_t>(i),
                                         y.data() + i * batch * K);
                    engine.observe();
                    engine.update(0.1, step + static_cast<std::uint64_t>(i) + 1);
                }
            }
            if (way < 2) net.arrays.push_back(y);
            net.arrays.emplace_back(losses.begin(), losses.end());
            if (way == 0) found = net.arrays;
            if (way == 2) found.erase(found.end() - 2);
            CHECK(found == net.arrays, "turn %d, way %d: steps at once differ", turn, way);
        }
    }
}

// Several threads predict by one engine at once; one of them has its crew, the others work alone.
template <class T>
void one_engine_predicts_for_many_threads() {
    const std::int64_t N = 700, D = 130, H = 50, K = 4;
    random_bits.seed(2);
    Net<T> net(D, H, K, "Tanh", 3);
    const LayerEngine<T> engine(net.plan);
    const std::vector<T> x = normal<T>(N * D, 0.7);
    std::vector<T> expected(static_cast<std::size_t>(N * K));
    engine.predict(rows_of(x, N, D), expected.data());
    std::vector<std::thread> callers;
    std::vector<std::vector<T>> predicted(4, std::vector<T>(expected.size()));
    for (auto& mine : predicted)
        callers.emplace_back([&] {
            for (int again = 0; again < 3; ++again) engine.predict(rows_of(x, N, D), mine.data());
        });
    for (std::thread& caller : callers) caller.join();
    for (const auto& mine : predicted)
        CHECK(mine == expected, "predictions of one engine differ between threads");
}

// What a task throws comes to the caller once all are done, and the threads go on to serve.
void what_a_task_throws_is_caught() {
    const Threads threads(3);
    for (int round = 0; round < 50; ++round) {
        std::atomic<int> begun{0};
        bool caught = false;
        try {
            std::vector<int> data(
                100, 1);  // gone when the exception has passed: no task may still read it
            threads.each(100, [&](std::int64_t i) {
                begun += data[static_cast<std::size_t>(i)];
                if (i % 10 == round % 10) throw std::invalid_argument("one");
            });
        } catch (const std::invalid_argument&) {
            caught = true;
        }
        CHECK(caught && begun > 0, "the exception is lost");
        std::atomic<int> done{0};
        threads.each(100, [&](std::int64_t) { ++done; });
        CHECK(done == 100, "%d tasks of 100 after an exception", done.load());
    }
}

template <class F>
bool refuses(F make) {
    try {
        make();
    } catch (const std::invalid_argument&) {
        return true;
    }
    return false;
}

void what_does_not_fit_is_refused() {
    Net<float> net(5, 4, 3, "Tanh", 1);
    auto engine = [&](auto change) {
        Plan plan = net.plan;
        change(plan);
        return refuses([&] { LayerEngine<float> made(plan); });
    };
    CHECK(!engine([](Plan&) {}), "the right plan is refused");
    CHECK(engine([](Plan& p) { p.layers.clear(); }), "no layers");
    CHECK(engine([](Plan& p) { p.layers[2].inputs = 6; }), "widths");
    CHECK(engine([](Plan& p) { p.layers[2].arrays.clear(); }), "arrays");
    CHECK(engine([](Plan& p) { p.layers[3].options.clear(); }), "options");
    CHECK(engine([](Plan& p) { p.layers[6].inner.clear(); }), "a Residual of nothing");
    CHECK(engine([](Plan& p) { p.depth = 13; }), "depth");
    CHECK(engine([](Plan& p) { p.depth = 1; }), "a loss between Flatten and Scale");
    CHECK(engine([](Plan& p) { p.layers[4].inputs = p.layers[4].outputs = std::int64_t(1) << 40; }),
          "a width beyond 32 bits");
    CHECK(engine([](Plan& p) { p.layers[9].arrays[0].count = -1; }), "an embedding without waves");
    CHECK(engine([](Plan& p) { p.optimizer.kind = "Adam"; }), "state");
    LayerEngine<float> made(net.plan);
    const std::vector<float> x = normal<float>(10);
    std::vector<float> y(6);
    const std::int64_t classes[] = {0, 3};
    Targets t;
    t.classes = classes;
    CHECK(refuses([&] { made.gradients(rows_of(x, 2, 5), t, 2, 0, y.data()); }),
          "a class beyond the last");
}

// Windows reads cpuid; elsewhere the compiler's runtime does, and must agree.
void instruction_sets_are_detected() {
#if defined(__x86_64__) && !defined(_WIN32)
    for (const char* set : {"avx2", "avx512"})
        CHECK(cpuid_supports(set) == processor_supports(set), "%s: cpuid says %d", set,
              cpuid_supports(set));
#endif
    CHECK(processor_supports("baseline") && !processor_supports("avx3"), "sets by name");
}

}  // namespace

int main() {
    const char* activations[] = {"Sigmoid", "GELU", "SiLU", "Softplus", "LeakyReLU"};
    if (!threads_alone) {
        instruction_sets_are_detected();
        functions_are_right<float>();
        functions_are_right<double>();
        for (const char* activation : activations) gradients_are_right(activation);
        a_class_is_its_row<float>();
        a_class_is_its_row<double>();
        what_does_not_fit_is_refused();
    }
    products_have_the_same_bits<float>();
    strips_take_bytes<float>();
    products_have_the_same_bits<double>();
    for (const char* activation : activations) {
        threads_do_not_change_bits<float>(activation);
        threads_do_not_change_bits<double>(activation);
    }
    everything_is_touched<float>();
    everything_is_touched<double>();
    steps_at_once_have_the_same_bits<float>();
    steps_at_once_have_the_same_bits<double>();
    one_engine_predicts_for_many_threads<float>();
    one_engine_predicts_for_many_threads<double>();
    what_a_task_throws_is_caught();
    std::printf("%s\n", failures ? "FAILED" : "all right");
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
