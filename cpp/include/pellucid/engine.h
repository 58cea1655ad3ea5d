// The engine: gathers rows, answers, learns. See spec.h for what each call promises.
#pragma once

#include "chain.h"
#include "losses.h"
#include "optimizers.h"

namespace pellucid {

template <class T>
class LayerEngine final : public Engine {
public:
    explicit LayerEngine(const Plan& plan)
        : chain_(plan.layers), threads_(plan.threads), depth_(static_cast<std::size_t>(plan.depth)), seed_(plan.seed) {
        require(plan.depth >= 0 && depth_ <= chain_.layers.size(), "the loss stands above the last layer");
        if (!plan.loss.kind.empty()) loss_ = std::make_unique<Loss<T>>(plan.loss);
        // Flatten, and the Scale after it, are done as rows are gathered.
        std::size_t n = chain_.layers.size();
        while (first_ < n && plan.layers[first_].kind == "Flatten") ++first_;
        if (first_ < n && plan.layers[first_].kind == "Scale") factor_ = static_cast<T>(plan.layers[first_++].options[0]);
        sees_zeros_ = first_ < n && plan.layers[first_].kind == "Affine";
        first_learning_ = first_;
        while (first_learning_ < n && chain_.layers[first_learning_]->parameters.empty()) ++first_learning_;
        for (const auto& layer : chain_.layers)
            for (const auto& parameter : layer->parameters) {
                all_.push_back(parameter);
                if (parameter.learns) learning_.push_back(parameter);
            }
        if (!plan.optimizer.kind.empty()) optimizer_ = std::make_unique<Optimizer<T>>(plan.optimizer, learning_);
    }

    Number type() const override { return kOwn; }
    std::int64_t inputs() const override { return chain_.layers.front()->D; }
    std::int64_t outputs() const override { return chain_.layers.back()->H; }
    std::int64_t sums() const override { return depth_ ? chain_.layers[depth_ - 1]->H : inputs(); }

    void answer(const Rows& x, void* y) const override {
        const std::int64_t blocks = (x.count + kBlock - 1) / kBlock;
        T* out = static_cast<T*>(y);
        threads_.each(x.count * work_per_row() < kWorthThreads ? (blocks ? 1 : 0) : blocks, [&](std::int64_t task) {
            const bool all = x.count * work_per_row() < kWorthThreads;
            for (std::int64_t b = all ? 0 : task; b < (all ? blocks : task + 1); ++b) answer_block(x, b * kBlock, out);
        });
    }

    double gradients(const Rows& x, const Targets& t, std::int64_t N, std::uint64_t step, void* y) override {
        require(loss_ != nullptr, "this engine was made without a loss");
        const Matrix<T> sums = go_forward(x, N, step, false);
        copy_out(last_output(N), static_cast<T*>(y));
        const Matrix<T> dy = Chain<T>::place(slope_, N, sums.width);
        std::copy_n(sums.data, sums.size(), dy.data);
        const double loss = (*loss_)(dy, t, x.chosen);
        go_backward(dy);
        return loss;
    }

    void forward(const Rows& x, std::int64_t N, std::uint64_t step, void* sums, void* y) override {
        copy_out(go_forward(x, N, step, true), static_cast<T*>(sums));
        copy_out(last_output(N), static_cast<T*>(y));
    }

    void backward(const void* dy) override {
        const std::int64_t K = sums();
        const Matrix<T> own = Chain<T>::place(slope_, x_.N, K);
        for (std::int64_t i = 0; i < own.N; ++i) std::copy_n(static_cast<const T*>(dy) + i * K, K, own.row(i));
        go_backward(own);
    }

    std::int64_t rows() const override { return x_.N; }

    void forget() override { x_ = {}; }

    void read_gradients(const std::vector<Numbers>& grads) const override {
        expect_fit(grads);
        for (std::size_t i = 0; i < all_.size(); ++i)
            std::copy_n(all_[i].gradient, all_[i].size(), static_cast<T*>(grads[i].data));
    }

    void write_gradients(const std::vector<Numbers>& grads) override {
        expect_fit(grads);
        for (std::size_t i = 0; i < all_.size(); ++i)
            std::copy_n(static_cast<const T*>(grads[i].data), all_[i].size(), all_[i].gradient);
    }

    bool updates() const override { return optimizer_ != nullptr; }

    void update(double learning_rate, std::uint64_t step) override {
        require(updates(), "this engine was made without an optimizer");
        optimizer_->update(learning_, learning_rate, step, threads_);
    }

    void observe() override { chain_.observe(pass(), x_, first_); }

private:
    static constexpr std::int64_t kBlock = 32;  // rows answered together: their outputs stay in the nearest cache

    static constexpr Number kOwn = sizeof(T) == 4 ? Number::float32 : Number::float64;

    static constexpr std::int64_t kAhead = 4;    // rows that are fetched before they are needed

    struct Scratch {
        std::vector<T> x, line;
        Zeros<T> zeros;
    };

    Pass<T> pass() const { return {true, {seed_, step_, 0}, &threads_, nullptr}; }

    std::int64_t work_per_row() const {
        std::int64_t work = 0;
        for (const auto& layer : chain_.layers) work += layer->D * (layer->parameters.empty() ? 4 : layer->H);
        return work;
    }

    void answer_block(const Rows& x, std::int64_t start, T* out) const {
        static thread_local Scratch scratch;  // several threads may answer by one engine, and none keeps anything here
        const std::int64_t N = std::min(kBlock, x.count - start);
        const Matrix<T> rows = gather_rows(x, start, N, scratch.x);
        const Pass<T> pass{false, {}, &alone_, nullptr};
        const Zeros<T>* zeros = find_zeros(rows, scratch.zeros, false);
        const Matrix<T> y = chain_.answer(pass, rows, zeros, first_, scratch.line);
        for (std::int64_t i = 0; i < N; ++i) std::copy_n(y.row(i), y.width, out + (start + i) * y.width);
    }

    Matrix<T> go_forward(const Rows& x, std::int64_t N, std::uint64_t step, bool keep) {
        step_ = step;
        x_ = gather_rows(x, 0, N, rows_, keep);
        seen_ = find_zeros(x_, zeros_, true);
        chain_.forward(pass(), x_, seen_, first_);
        return depth_ == first_ ? x_ : chain_.output(depth_ - 1, N);
    }

    void go_backward(Matrix<T> dy) {
        const Matrix<T> none{nullptr, x_.N, 0};
        const Matrix<T> input = first_learning_ == first_ ? x_ : chain_.output(first_learning_ - 1, x_.N);
        chain_.backward(pass(), input, first_learning_ == first_ ? seen_ : nullptr, first_learning_, depth_, dy, none);
    }

    Matrix<T> last_output(std::int64_t N) {
        return chain_.layers.size() == first_ ? x_ : chain_.output(chain_.layers.size() - 1, N);
    }

    static void copy_out(Matrix<T> y, T* out) {
        if (!out) return;
        for (std::int64_t i = 0; i < y.N; ++i) std::copy_n(y.row(i), y.width, out + i * y.width);
    }

    // Gives rows as a matrix in `room`; rows that are one already are taken where they are, unless they must be kept.
    Matrix<T> gather_rows(const Rows& x, std::int64_t start, std::int64_t N, std::vector<T>& room, bool keep = false) const {
        const bool as_it_is = !keep && x.type == kOwn && factor_ == 1 && !x.chosen && x.width % kPad == 0;
        if (as_it_is) return {const_cast<T*>(static_cast<const T*>(x.data)) + start * x.width, N, x.width};
        const Matrix<T> rows = Chain<T>::place(room, N, x.width);
        auto from = [&](std::int64_t i) { return x.chosen ? x.chosen[start + i] : start + i; };
        for (std::int64_t i = 0; i < N; ++i) {
            if (x.chosen && i + kAhead < N) fetch(x, from(i + kAhead));
            gather(x, from(i), rows.row(i));
        }
        return rows;
    }

    // Asks for a row ahead of time: rows of a shuffled batch lie all over the memory.
    static void fetch(const Rows& x, std::int64_t row) {
        const std::int64_t size = x.width * (x.type == Number::uint8 ? 1 : x.type == Number::float32 ? 4 : 8);
        const char* p = static_cast<const char*>(x.data) + row * size;
        for (std::int64_t i = 0; i < size; i += 64) __builtin_prefetch(p + i);
    }

    void gather(const Rows& x, std::int64_t row, T* out) const {
        if (x.type == Number::uint8)
            convert(static_cast<const std::uint8_t*>(x.data) + row * x.width, x.width, out);
        else if (x.type == Number::float32)
            convert(static_cast<const float*>(x.data) + row * x.width, x.width, out);
        else
            convert(static_cast<const double*>(x.data) + row * x.width, x.width, out);
    }

    template <class From>
    void convert(const From* from, std::int64_t width, T* out) const {
        const T factor = factor_;
        for (std::int64_t i = 0; i < width; ++i) out[i] = static_cast<T>(from[i]) * factor;
    }

    // Looks whether skipping zeros pays; null if not. It changes no result, but where a weight is not finite: 0 times
    // that is NaN, and what is skipped is 0.
    const Zeros<T>* find_zeros(Matrix<T> x, Zeros<T>& zeros, bool learning) const {
        if (!sees_zeros_ || x.N == 0 || x.width < 64) return nullptr;
        const std::int64_t H = chain_.layers[first_]->H, looked = std::min<std::int64_t>(x.N, 4);
        std::int64_t alive = 0;
        for (std::int64_t i = 0; i < looked; ++i) {
            const T* row = x.row(i * (x.N / looked));
            for (std::int64_t k = 0; k < x.width; ++k) alive += row[k] != 0;
        }
        const double density = static_cast<double>(alive) / static_cast<double>(looked * x.width);
        const bool countable = x.size() < std::numeric_limits<std::int32_t>::max();
        zeros.by_number = countable && density < 0.4 && (H >= 4 * kLanes<T> || x.N < 4);
        zeros.by_column = !zeros.by_number && density < 0.6 && find_active(x, zeros.active);
        if (zeros.by_number) {
            zeros.rows.clear(x.N, x.width);
            for (std::int64_t i = 0; i < x.N; ++i) zeros.rows.append(x.row(i), x.width);
            if (learning) zeros.rows.transpose_into(zeros.columns, x.width);
        }
        return zeros.by_number || zeros.by_column ? &zeros : nullptr;
    }

    // Fills the columns that are not 0 in every row; tells whether they are few enough to be worth it.
    static bool find_active(Matrix<T> x, std::vector<std::int32_t>& active) {
        active.clear();
        for (std::int64_t k = 0; k < x.width; k += kLanes<T>) {
            Int<T> any = {};
            for (std::int64_t i = 0; i < x.N; ++i) any |= bits<T>(load(x.row(i) + k));
            for (std::int64_t lane = 0; lane < std::min<std::int64_t>(kLanes<T>, x.width - k); ++lane)
                if (any[lane] != 0) active.push_back(static_cast<std::int32_t>(k + lane));
        }
        return static_cast<std::int64_t>(active.size()) * 10 < x.width * 9;
    }

    void expect_fit(const std::vector<Numbers>& grads) const {
        bool fits = grads.size() == all_.size();
        for (std::size_t i = 0; fits && i < grads.size(); ++i) fits = grads[i].count == all_[i].size();
        require(fits, "the gradients do not fit the parameters");
    }

    Chain<T> chain_;
    const Threads threads_, alone_{1};
    std::unique_ptr<Loss<T>> loss_;
    std::unique_ptr<Optimizer<T>> optimizer_;
    std::size_t depth_, first_ = 0, first_learning_ = 0;
    std::uint64_t seed_, step_ = 0;
    T factor_ = 1;
    bool sees_zeros_ = false;
    std::vector<typename Layer<T>::Parameter> all_, learning_;

    Matrix<T> x_;
    std::vector<T> rows_, slope_;
    Zeros<T> zeros_;
    const Zeros<T>* seen_ = nullptr;
};

}  // namespace pellucid
