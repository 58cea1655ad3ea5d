// The engine: gathers rows, predicts, trains. See spec.h for what each call promises.
#pragma once

#include <atomic>
#include <cmath>
#include <limits>

#include "activations.h"
#include "kinds.h"
#include "losses.h"
#include "optimizers.h"

namespace pellucid {

template <class T>
class LayerEngine final : public Engine {
public:
    PELLUCID_SMALL explicit LayerEngine(const Plan& plan)
        : chain_(plan.layers.data(), plan.layers.size()), threads_(plan.threads), seed_(plan.seed) {
        const std::size_t n = chain_.layers.size();
        // Flatten, and the Scale after it, are done as rows are gathered.
        while (first_ < n && plan.layers[first_].kind == "Flatten") ++first_;
        if (first_ < n && plan.layers[first_].kind == "Scale")
            factor_ = static_cast<T>(option_of(plan.layers[first_++].options, "factor").number);
        require(plan.depth <= static_cast<std::int64_t>(n), "the loss is above the last layer");
        require(plan.depth >= static_cast<std::int64_t>(first_),
                "the loss must be above Flatten and Scale, which are done as rows are gathered");
        depth_ = static_cast<std::size_t>(plan.depth);
        if (!plan.loss.kind.empty()) loss_ = std::make_unique<Loss<T>>(plan.loss);
        if (first_ < n) last_ = dynamic_cast<const Elementwise<T>*>(chain_.layers.back().get());
        sees_zeros_ = first_ < n && plan.layers[first_].kind == "Affine";
        for (const auto& layer : chain_.layers) {
            const bool weighs = !layer->parameters.empty();
            large_ |= weighs && layer->D >= kLargeWidth && layer->H >= kLargeWidth;
            far_ |= weighs && layer->D * layer->H >= kFarWeights;
            work_per_row_ += layer->work();
        }
        first_trainable_ = first_;
        while (first_trainable_ < n && chain_.layers[first_trainable_]->parameters.empty())
            ++first_trainable_;
        for (const auto& layer : chain_.layers)
            for (const auto& parameter : layer->parameters) {
                all_.push_back(parameter);
                if (parameter.trainable) trainable_.push_back(parameter);
            }
        chain_.number_weights(trainable_, all_);
        taken_.resize(trainable_.size());
        if (!plan.optimizer.kind.empty())
            optimizer_ = std::make_unique<Optimizer<T>>(plan.optimizer, trainable_);
    }

    ~LayerEngine() override {
        ++engines_ended;
        of_thread<Scratch>();
        of_thread<Packed<T>>();
    }

    Number type() const override { return kOwn; }
    std::int64_t inputs() const override { return chain_.layers.front()->D; }
    std::int64_t outputs() const override { return chain_.layers.back()->H; }
    std::int64_t loss_inputs() const override {
        return depth_ ? chain_.layers[depth_ - 1]->H : inputs();
    }

    std::int64_t rows_at_once() const override {
        constexpr std::int64_t work = std::int64_t(1)
                                      << 32;  // multiply-adds, of some 10^10 a second
        const std::int64_t rows = work / std::max<std::int64_t>(1, work_per_row_);
        return std::max<std::int64_t>(1, rows / kLargeBlock) * kLargeBlock;
    }

    std::int64_t work_per_row() const override { return work_per_row_; }

    bool predict(const Rows& x, void* y) const override {
        T* const out = static_cast<T*>(y);
        std::atomic<bool> finite{true};
        const bool zeros = mostly_zero(x);
        // Of large layers the threads share each product, of others the blocks of rows.
        const bool large = !zeros && (far_ || (large_ && x.count >= kLargeRows));
        const std::int64_t block =
            large ? kLargeBlock
                  : std::clamp(x.count / threads_.count() / 8 * 8, kLeastBlock, kBlock);
        const std::int64_t blocks = (x.count + block - 1) / block;
        auto predict_one = [&](std::int64_t b) {
            const std::int64_t start = b * block, N = std::min(block, x.count - start);
            if (!predict_block(x, start, N, zeros, large ? threads_ : alone_,
                               out + start * outputs()))
                finite.store(false, std::memory_order_relaxed);
        };
        threads_.each(blocks, predict_one, !large && x.count * work_per_row_ >= kWorthThreads);
        return finite.load(std::memory_order_relaxed);
    }

    std::int64_t train_steps(const Rows& x, const Targets& t, std::int64_t batch,
                             std::uint64_t step, void* y, const double* rates, double* losses,
                             Ridge ridge = {}) override {
        require(updates(), "this engine was made without an optimizer");
        require(batch > 0, "a batch must have at least one row");
        batch = std::min(batch, std::max<std::int64_t>(1, x.count));
        row_ = 0;
        std::int64_t done = 0, start = 0;
        do {
            const Rows part = x.part(start, batch);
            next_ = Prefetch(x.part(start + part.count, batch));
            T* const out = y ? static_cast<T*>(y) + start * outputs() : nullptr;
            losses[done] = loss_of(part, t.from(x.chosen ? 0 : start), step, out);
            if (!std::isfinite(losses[done])) return done + 1;
            observe();
            if (ridge.squares) ridge.squares[done] = optimizer_->squares(trainable_);
            const typename Optimizer<T>::Step move{rates[done], static_cast<double>(++step),
                                                   ridge.l2 ? ridge.l2[done] : 0};
            const Taker<T> taker = [&](std::size_t i, T* dW, std::int64_t from, std::int64_t n) {
                optimizer_->move(move, trainable_[i], i, dW, from, n);
            };
            go_backward(loss_gradient(), optimizer_->one_by_one() ? &taker : nullptr);
            chain_.note_taken(taken_);
            optimizer_->update(trainable_, move, &taken_, threads_);
            ++done;
            start += batch;
        } while (start < x.count);
        return done;
    }

    double gradients(const Rows& x, const Targets& t, std::int64_t N, std::uint64_t step, void* y,
                     std::uint64_t row = 0) override {
        row_ = row;
        const double loss = loss_of(x.part(0, N), t, step, static_cast<T*>(y));
        go_backward(loss_gradient());
        return loss;
    }

    void forward(const Rows& x, std::int64_t N, std::uint64_t step, void* z, void* y,
                 std::uint64_t row = 0) override {
        row_ = row;
        copy_out(go_forward(x.part(0, N), step, true, true), static_cast<T*>(z));
        copy_out(last_output(N), static_cast<T*>(y));
    }

    void backward(const void* dz) override {
        const std::int64_t K = loss_inputs();
        const Matrix<T> own = loss_gradient();
        for (std::int64_t i = 0; i < own.N; ++i)
            std::copy_n(static_cast<const T*>(dz) + i * K, K, own.row(i));
        go_backward(own);
    }

    std::int64_t rows() const override { return x_.N; }

    void forget() override {
        x_ = {};
        seen_ = {};
        next_ = {};
    }

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

    void update(double learning_rate, std::uint64_t step, double l2 = 0) override {
        require(updates(), "this engine was made without an optimizer");
        optimizer_->update(trainable_, {learning_rate, static_cast<double>(step), l2}, nullptr,
                           threads_);
    }

    void observe() override { chain_.observe(pass(), x_, first_); }

private:
    static constexpr Number kOwn = sizeof(T) == 4 ? Number::float32 : Number::float64;

    // Rows predicted together: few, so that they and their layers' outputs stay in a core's own
    // cache; of layers so large that packing their weights takes time, many.
    static constexpr std::int64_t kLeastBlock = 24, kBlock = 96, kLargeBlock = 1024;
    // Far weights fit into no core's own cache: threads share them, so that each reads a part.
    static constexpr std::int64_t kLargeRows = 192, kLargeWidth = 192, kFarWeights = 1 << 19;

    static constexpr std::int64_t kFewRows = 8;  // below which strips are best for every layer
    // Bytes of the first layer's outputs up to which strips find the zeros: in training, and in
    // prediction, which looks at each row once.
    static constexpr std::int64_t kNarrow = 224, kNarrowToPredict = 576;

    struct Scratch {
        Buffer<T> x, line;
        Strips<T> strips;
        Columns<T> columns;

        std::size_t bytes() const {
            return (x.capacity() + line.capacity()) * sizeof(T) + strips.bytes() + columns.bytes();
        }
    };

    Pass<T> pass() { return {true, {seed_, step_, 0, row_}, &threads_, {}, &next_, nullptr}; }

    // Returns whether x and the outputs are finite. Where the first layer makes sums over x, one of
    // them is looked at, and not x itself, which would take a tenth of the time of a row. Of one
    // short row it is x, known before anything is computed.
    bool predict_block(const Rows& x, std::int64_t start, std::int64_t N, bool zeros,
                       const Threads& threads, T* out) const {
        Scratch& scratch = of_thread<Scratch>();  // since several threads may predict by one engine
        const bool by_sums = sees_zeros_ && !(N == 1 && x.type == kOwn && x.width <= kLanes<T>);
        bool finite = by_sums || rows_are_finite(x.part(start, N));
        const Pass<T> pass{false, {}, &threads, {}, nullptr, nullptr};
        Matrix<const T> rows;
        const Zeros<T> known = take_rows(x.part(start, N), zeros, false, scratch, rows);
        const Elementwise<T>* const last = N > 1 ? last_ : nullptr;
        const std::size_t layers = chain_.layers.size();
        const Matrix<const T> y =
            chain_.predict(pass, rows, known, first_, last ? layers - 1 : layers, scratch.line,
                           by_sums ? &finite : nullptr);
        copy_out(y, out);
        // Not `out`: a vector would wait until its values, just written, have reached the cache.
        if (N == 1) return all_finite(y.data, y.width) && finite;
        if (last) last->apply_in_place(threads, out, N * outputs());
        return all_finite(out, N * outputs()) && finite;
    }

    // Runs to the loss, or to the end if predictions are wanted, too; returns the loss's input.
    Matrix<const T> go_forward(const Rows& x, std::uint64_t step, bool keep, bool to_the_end) {
        step_ = step;
        seen_ = take_rows(x, mostly_zero(x), true, own_, x_, keep);
        chain_.forward(pass(), x_, seen_, first_, to_the_end ? chain_.layers.size() : depth_);
        return depth_ <= first_ ? x_ : chain_.output(depth_ - 1, x_.N);
    }

    // Returns the loss of a batch, and leaves its gradient in `loss_gradient()`.
    double loss_of(const Rows& x, const Targets& t, std::uint64_t step, T* y) {
        require(loss_ != nullptr, "this engine was made without a loss");
        loss_->take(t, x.chosen, x.count);
        const Matrix<const T> z = go_forward(x, step, false, y != nullptr);
        if (y) copy_out(last_output(x.count), y);
        const Matrix<T> dz = loss_gradient();
        std::copy_n(z.data, z.size(), dz.data);
        return (*loss_)(dz);
    }

    Matrix<T> loss_gradient() { return Chain<T>::place(loss_gradient_, x_.N, loss_inputs()); }

    void go_backward(Matrix<const T> dy, const Taker<T>* taker = nullptr) {
        const Matrix<T> none{nullptr, x_.N, 0};
        const bool from_input = first_trainable_ == first_;
        const Matrix<const T> input = from_input ? x_ : chain_.output(first_trainable_ - 1, x_.N);
        Pass<T> pass = this->pass();
        pass.taker = taker;
        chain_.backward(pass, input, from_input ? seen_ : Zeros<T>{}, first_trainable_, depth_, dy,
                        none);
    }

    Matrix<const T> last_output(std::int64_t N) {
        return chain_.layers.size() == first_ ? x_ : chain_.output(chain_.layers.size() - 1, N);
    }

    // Copies by whole vectors, as rows are short: what a row's last vector has too much, the next
    // row overwrites.
    static void copy_out(Matrix<const T> y, T* out) {
        if (!out) return;
        const std::int64_t ld = y.ld(), width = y.width, all = y.N * width;
        const T* from = y.data;
        for (std::int64_t place = 0; place < all; place += width, from += ld) {
            if (place + ld > all)
                std::copy_n(from, width, out + place);
            else
                for (std::int64_t h = 0; h < width; h += kLanes<T>)
                    store(out + place + h, load(from + h));
        }
    }

    // Returns rows as a matrix in `room`; rows that are one already stay in the user's memory,
    // unless they must be kept.
    Matrix<const T> gather_rows(const Rows& x, Buffer<T>& room, bool keep = false) const {
        const bool as_it_is =
            !keep && x.type == kOwn && factor_ == 1 && !x.chosen && padded(x.width) == x.width;
        if (as_it_is) return {static_cast<const T*>(x.data), x.count, x.width};
        const Matrix<T> rows = Chain<T>::place(room, x.count, x.width);
        for (std::int64_t i = 0; i < x.count; ++i) gather(x, x.place(i), rows.row(i));
        return rows;
    }

    // Takes the rows of a pass into `rows`, and returns what is known of their zeros, if they are
    // mostly 0. Strips read the user's own rows, where they are bytes or need no factor: then the
    // matrix has no data, and the first layer needs none.
    Zeros<T> take_rows(const Rows& x, bool zeros, bool training, Scratch& scratch,
                       Matrix<const T>& rows, bool keep = false) const {
        const std::int64_t outputs =
            zeros ? chain_.layers[first_]->H * static_cast<std::int64_t>(sizeof(T)) : 0;
        const bool strips = zeros && (outputs <= (training ? kNarrow : kNarrowToPredict) ||
                                      (!training && x.count < kFewRows));
        const bool as_it_is =
            x.type == kOwn ? factor_ == 1 : Strips<T>::kTakesBytes && x.type == Number::uint8;
        if (strips && !keep && as_it_is) {
            rows = {nullptr, x.count, x.width};
            scratch.strips.begin(x, x.width, factor_, training);
            return {&scratch.strips, nullptr};
        }
        rows = gather_rows(x, scratch.x, keep);
        if (!zeros) return {};
        if (!strips) {
            scratch.columns.take(rows.data, rows.N, rows.width, rows.ld());
            return {nullptr, &scratch.columns};
        }
        const Rows gathered{rows.data, kOwn, rows.N, rows.width, nullptr};
        scratch.strips.begin(gathered, rows.ld(), T(1), training);
        return {&scratch.strips, nullptr};
    }

    // Whether all of x is finite, in the engine's type.
    static bool rows_are_finite(const Rows& x) {
        if (x.type == kOwn) return all_finite(static_cast<const T*>(x.data), x.count * x.width);
        return x.type == Number::uint8 || others_are_finite(x);
    }

    PELLUCID_SMALL static bool others_are_finite(const Rows& x) {
        using Other = std::conditional_t<sizeof(T) == 4, double, float>;
        const Other* const from = static_cast<const Other*>(x.data);
        bool finite = true;
        for (std::int64_t i = 0; i < x.count * x.width; ++i)
            finite &= std::abs(static_cast<T>(from[i])) <= std::numeric_limits<T>::max();
        return finite;
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

    // Looks at a few rows to see whether skipping zeros pays. It changes no result, unless a weight
    // is not finite: 0 times that is NaN, and what is skipped is 0.
    bool mostly_zero(const Rows& x) const {
        if (!sees_zeros_ || x.count == 0 || x.width < 64) return false;
        const std::int64_t looked = std::min<std::int64_t>(x.count, 4);
        std::int64_t zeros = 0;
        for (std::int64_t i = 0; i < looked; ++i) {
            const std::int64_t row = x.place(i * (x.count / looked));
            if (x.type == Number::uint8)
                zeros +=
                    count_zeros(static_cast<const std::uint8_t*>(x.data) + row * x.width, x.width);
            else if (x.type == Number::float32)
                zeros += count_zeros(static_cast<const float*>(x.data) + row * x.width, x.width);
            else
                zeros += count_zeros(static_cast<const double*>(x.data) + row * x.width, x.width);
        }
        return zeros * 5 > looked * x.width * 3;
    }

    template <class From>
    static std::int64_t count_zeros(const From* row, std::int64_t width) {
        std::int32_t zeros = 0;
        if constexpr (sizeof(From) == 1) {
            for (std::int64_t k = 0; k < width; k += kByteBlock) {
                const std::int64_t n = std::min<std::int64_t>(kByteBlock, width - k);
                zeros += kByteBlock - __builtin_popcount(nonzero(load_bytes(row + k, n)));
            }
            return zeros - (kByteBlock - width % kByteBlock) % kByteBlock;
        }
        for (std::int64_t k = 0; k < width; ++k) zeros += row[k] == From(0);
        return zeros;
    }

    void expect_fit(const std::vector<Numbers>& grads) const {
        bool fits = grads.size() == all_.size();
        for (std::size_t i = 0; fits && i < grads.size(); ++i)
            fits = grads[i].count == all_[i].size();
        require(fits, "the gradients have other shapes than the parameters");
    }

    Chain<T> chain_;
    const Threads threads_, alone_{1};
    std::unique_ptr<Loss<T>> loss_;
    std::unique_ptr<Optimizer<T>> optimizer_;
    const Elementwise<T>* last_ = nullptr;  // the last layer, if it is a function of each value
    std::size_t depth_ = 0, first_ = 0, first_trainable_ = 0;
    std::uint64_t seed_, step_ = 0, row_ = 0;
    T factor_ = 1;
    // The first layer makes sums over x; wide layers; layers in no core's own cache.
    bool sees_zeros_ = false, large_ = false, far_ = false;
    std::vector<bool> taken_;  // the trained parameters that the backward pass has moved
    std::int64_t work_per_row_ = 0;
    std::vector<typename Layer<T>::Parameter> all_, trainable_;

    Matrix<const T> x_;
    Buffer<T> loss_gradient_;
    Scratch own_;
    Zeros<T> seen_;
    Prefetch next_;  // the batch after this one
};

}  // namespace pellucid
