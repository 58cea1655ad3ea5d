// The engine: gathers rows, answers, learns. See spec.h for what each call promises.
#pragma once

#include "activations.h"
#include "chain.h"
#include "losses.h"
#include "optimizers.h"

namespace pellucid {

template <class T>
class LayerEngine final : public Engine {
public:
    explicit LayerEngine(const Plan& plan)
        : chain_(plan.layers),
          threads_(plan.threads),
          depth_(static_cast<std::size_t>(plan.depth)),
          seed_(plan.seed) {
        require(plan.depth >= 0 && depth_ <= chain_.layers.size(),
                "the loss stands above the last layer");
        if (!plan.loss.kind.empty()) loss_ = std::make_unique<Loss<T>>(plan.loss);
        // Flatten, and the Scale after it, are done as rows are gathered.
        std::size_t n = chain_.layers.size();
        while (first_ < n && plan.layers[first_].kind == "Flatten") ++first_;
        if (first_ < n && plan.layers[first_].kind == "Scale")
            factor_ = static_cast<T>(plan.layers[first_++].options[0]);
        if (first_ < n) last_ = dynamic_cast<const Elementwise<T>*>(chain_.layers.back().get());
        sees_zeros_ = first_ < n && plan.layers[first_].kind == "Affine";
        for (const auto& layer : chain_.layers) {
            large_ |=
                !layer->parameters.empty() && layer->D >= kLargeWidth && layer->H >= kLargeWidth;
            work_per_row_ += layer->D * (layer->parameters.empty() ? 4 : layer->H);
        }
        first_learning_ = first_;
        while (first_learning_ < n && chain_.layers[first_learning_]->parameters.empty())
            ++first_learning_;
        for (const auto& layer : chain_.layers)
            for (const auto& parameter : layer->parameters) {
                all_.push_back(parameter);
                if (parameter.learns) learning_.push_back(parameter);
            }
        begins_with_weights_ =
            sees_zeros_ && !learning_.empty() &&
            learning_.front().value == chain_.layers[first_]->parameters.front().value;
        if (!plan.optimizer.kind.empty())
            optimizer_ = std::make_unique<Optimizer<T>>(plan.optimizer, learning_);
    }

    Number type() const override { return kOwn; }
    std::int64_t inputs() const override { return chain_.layers.front()->D; }
    std::int64_t outputs() const override { return chain_.layers.back()->H; }
    std::int64_t sums() const override { return depth_ ? chain_.layers[depth_ - 1]->H : inputs(); }

    void answer(const Rows& x, void* y) const override {
        T* const out = static_cast<T*>(y);
        const bool zeros = mostly_zero(x);
        const bool large =
            !zeros && large_ && x.count >= kLargeRows;  // then the threads share each product
        const std::int64_t block =
            large ? kLargeBlock
                  : std::clamp(x.count / threads_.count() / 8 * 8, kLeastBlock, kBlock);
        const std::int64_t blocks = (x.count + block - 1) / block;
        auto answer_one = [&](std::int64_t b) {
            const std::int64_t start = b * block;
            answer_block(x, start, std::min(block, x.count - start), zeros,
                         large ? threads_ : alone_, out + start * outputs());
        };
        threads_.each(blocks, answer_one, !large && x.count * work_per_row_ >= kWorthThreads);
    }

    std::int64_t learn(const Rows& x, const Targets& t, std::int64_t batch, std::uint64_t step,
                       void* y, const double* rates, double* losses, Ridge ridge = {}) override {
        require(updates(), "this engine was made without an optimizer");
        require(batch > 0, "a batch has at least one row");
        std::int64_t done = 0, start = 0;
        do {
            const Rows part = x.part(start, batch);
            next_ = Ahead(x.part(start + part.count, batch));
            T* const out = y ? static_cast<T*>(y) + start * outputs() : nullptr;
            losses[done] = loss_of(part, t.from(x.chosen ? 0 : start), step, out);
            if (!std::isfinite(losses[done])) return done + 1;
            observe();
            if (ridge.squares) ridge.squares[done] = optimizer_->squares(learning_);
            const typename Optimizer<T>::Step move{rates[done], static_cast<double>(++step),
                                                   ridge.l2 ? ridge.l2[done] : 0};
            const Taker<T> taker = [&](T* gradient, std::int64_t from, std::int64_t count) {
                optimizer_->move(move, learning_.front(), 0, gradient, from, count);
            };
            const bool first_moves =
                begins_with_weights_ && (seen_.strips || seen_.columns) && optimizer_->one_by_one();
            go_backward(slope(), first_moves ? &taker : nullptr);
            optimizer_->update(learning_, move, first_moves, threads_);
            ++done;
            start += batch;
        } while (start < x.count);
        return done;
    }

    double gradients(const Rows& x, const Targets& t, std::int64_t N, std::uint64_t step,
                     void* y) override {
        const double loss = loss_of(x.part(0, N), t, step, static_cast<T*>(y));
        go_backward(slope());
        return loss;
    }

    void forward(const Rows& x, std::int64_t N, std::uint64_t step, void* sums, void* y) override {
        copy_out(go_forward(x.part(0, N), step, true, true), static_cast<T*>(sums));
        copy_out(last_output(N), static_cast<T*>(y));
    }

    void backward(const void* dy) override {
        const std::int64_t K = sums();
        const Matrix<T> own = slope();
        for (std::int64_t i = 0; i < own.N; ++i)
            std::copy_n(static_cast<const T*>(dy) + i * K, K, own.row(i));
        go_backward(own);
    }

    std::int64_t rows() const override { return x_.N; }

    void forget() override {
        x_ = {};
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
        optimizer_->update(learning_, {learning_rate, static_cast<double>(step), l2}, false,
                           threads_);
    }

    void observe() override { chain_.observe(pass(), x_, first_); }

private:
    static constexpr Number kOwn = sizeof(T) == 4 ? Number::float32 : Number::float64;

    // Rows answered together: few, so that they and what the layers make of them stay in a core's
    // own cache; of layers so large that packing their weights takes time, many.
    static constexpr std::int64_t kLeastBlock = 24, kBlock = 96, kLargeBlock = 1024;
    static constexpr std::int64_t kLargeRows = 192, kLargeWidth = 192;

    static constexpr std::int64_t kFewRows = 8;  // below which strips are best for every layer
    // Bytes of the first layer's outputs up to which zeros are found by strips: learning, and
    // answering.
    static constexpr std::int64_t kNarrow = 224, kNarrowToAnswer = 576;

    struct Scratch {
        Buffer<T> x, line;
        Strips<T> strips;
        Columns<T> columns;
    };

    Pass<T> pass() { return {true, {seed_, step_, 0}, &threads_, {}, &next_}; }

    void answer_block(const Rows& x, std::int64_t start, std::int64_t N, bool zeros,
                      const Threads& threads, T* out) const {
        static thread_local Scratch
            scratch;  // several threads may answer by one engine, and none keeps anything here
        const Pass<T> pass{false, {}, &threads, {}, nullptr};
        Matrix<T> rows;
        const Zeros<T> known = take_rows(x.part(start, N), zeros, false, scratch, rows);
        const Elementwise<T>* const last = N > 1 ? last_ : nullptr;
        const std::size_t layers = chain_.layers.size();
        copy_out(chain_.answer(pass, rows, known, first_, last ? layers - 1 : layers, scratch.line),
                 out);
        if (last) last->change(threads, out, N * outputs());
    }

    // Up to the loss, or to the end if answers are wanted, too; gives what the loss takes.
    Matrix<T> go_forward(const Rows& x, std::uint64_t step, bool keep, bool to_the_end) {
        step_ = step;
        seen_ = take_rows(x, mostly_zero(x), true, own_, x_, keep);
        chain_.forward(pass(), x_, seen_, first_, to_the_end ? chain_.layers.size() : depth_);
        return depth_ == first_ ? x_ : chain_.output(depth_ - 1, x_.N);
    }

    // Gives the loss of a batch, and leaves its gradient in `slope()`.
    double loss_of(const Rows& x, const Targets& t, std::uint64_t step, T* y) {
        require(loss_ != nullptr, "this engine was made without a loss");
        loss_->take(t, x.chosen, x.count);
        const Matrix<T> sums = go_forward(x, step, false, y != nullptr);
        if (y) copy_out(last_output(x.count), y);
        const Matrix<T> dy = slope();
        std::copy_n(sums.data, sums.size(), dy.data);
        return (*loss_)(dy);
    }

    Matrix<T> slope() { return Chain<T>::place(slope_, x_.N, sums()); }

    void go_backward(Matrix<T> dy, const Taker<T>* taker = nullptr) {
        const Matrix<T> none{nullptr, x_.N, 0};
        const Matrix<T> input =
            first_learning_ == first_ ? x_ : chain_.output(first_learning_ - 1, x_.N);
        Pass<T> pass = this->pass();
        pass.taker = taker;
        chain_.backward(pass, input, first_learning_ == first_ ? seen_ : Zeros<T>{},
                        first_learning_, depth_, dy, none);
    }

    Matrix<T> last_output(std::int64_t N) {
        return chain_.layers.size() == first_ ? x_ : chain_.output(chain_.layers.size() - 1, N);
    }

    // By whole vectors, as rows are short: what a row's last one has too much, the next row is
    // written over.
    static void copy_out(Matrix<T> y, T* out) {
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

    // Gives rows as a matrix in `room`; rows that are one already are taken where they are, unless
    // they must be kept.
    Matrix<T> gather_rows(const Rows& x, Buffer<T>& room, bool keep = false) const {
        const bool as_it_is =
            !keep && x.type == kOwn && factor_ == 1 && !x.chosen && padded(x.width) == x.width;
        if (as_it_is) return {const_cast<T*>(static_cast<const T*>(x.data)), x.count, x.width};
        const Matrix<T> rows = Chain<T>::place(room, x.count, x.width);
        for (std::int64_t i = 0; i < x.count; ++i) {
            gather(x, x.place(i), rows.row(i));
        }
        return rows;
    }

    // Takes the rows of a pass into `rows`, and tells what is known of their zeros, if they are
    // mostly 0. Strips read the user's own rows, where they are bytes or need no factor: then the
    // matrix has no data, and the first layer needs none.
    Zeros<T> take_rows(const Rows& x, bool zeros, bool learning, Scratch& scratch, Matrix<T>& rows,
                       bool keep = false) const {
        const std::int64_t outputs =
            zeros ? chain_.layers[first_]->H * static_cast<std::int64_t>(sizeof(T)) : 0;
        const bool strips = zeros && (outputs <= (learning ? kNarrow : kNarrowToAnswer) ||
                                      (!learning && x.count < kFewRows));
        const bool as_it_is =
            x.type == kOwn ? factor_ == 1 : Strips<T>::kTakesBytes && x.type == Number::uint8;
        if (strips && !keep && as_it_is) {
            rows = {nullptr, x.count, x.width};
            scratch.strips.begin(x, x.width, factor_, learning);
            return {&scratch.strips, nullptr};
        }
        rows = gather_rows(x, scratch.x, keep);
        if (!zeros) return {};
        if (!strips) {
            scratch.columns.take(rows.data, rows.N, rows.width, rows.ld());
            return {nullptr, &scratch.columns};
        }
        Rows gathered;
        gathered.data = rows.data, gathered.type = kOwn, gathered.count = rows.N,
        gathered.width = rows.width;
        scratch.strips.begin(gathered, rows.ld(), T(1), learning);
        return {&scratch.strips, nullptr};
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

    // Looks at a few rows whether skipping zeros pays. It changes no result, but where a weight is
    // not finite: 0 times that is NaN, and what is skipped is 0.
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
            for (std::int64_t k = 0; k < width; k += kByteBlock)
                zeros += kByteBlock - __builtin_popcount(alive(load_bytes(
                                          row + k, std::min<std::int64_t>(kByteBlock, width - k))));
            return zeros - (kByteBlock - width % kByteBlock) % kByteBlock;
        }
        for (std::int64_t k = 0; k < width; ++k) zeros += row[k] == From(0);
        return zeros;
    }

    void expect_fit(const std::vector<Numbers>& grads) const {
        bool fits = grads.size() == all_.size();
        for (std::size_t i = 0; fits && i < grads.size(); ++i)
            fits = grads[i].count == all_[i].size();
        require(fits, "the gradients do not fit the parameters");
    }

    Chain<T> chain_;
    const Threads threads_, alone_{1};
    std::unique_ptr<Loss<T>> loss_;
    std::unique_ptr<Optimizer<T>> optimizer_;
    const Elementwise<T>* last_ = nullptr;  // the last layer, if it is a function of each number
    std::size_t depth_, first_ = 0, first_learning_ = 0;
    std::uint64_t seed_, step_ = 0;
    T factor_ = 1;
    bool sees_zeros_ = false, large_ = false;
    bool begins_with_weights_ = false;  // what learns; they may move as their gradient is made
    std::int64_t work_per_row_ = 0;
    std::vector<typename Layer<T>::Parameter> all_, learning_;

    Matrix<T> x_;
    Buffer<T> slope_;
    Scratch own_;
    Zeros<T> seen_;
    Ahead next_;  // the batch after this one
};

}  // namespace pellucid
