// Networks side by side whose predictions are averaged, as core/members.py has them.
#pragma once

#include "activations.h"
#include "chain.h"

namespace pellucid {

// Options: count, the number of members, whose layers follow each other in `inner`; join, how
// their outputs z become one: "values", "probabilities" or "sigmoids".
template <class T>
class Members final : public Layer<T> {
public:
    PELLUCID_SMALL explicit Members(const LayerSpec& spec) : Layer<T>(spec) {
        const double count = option_of(spec.options, "count").number;
        const auto layers = static_cast<double>(spec.inner.size());
        require(count >= 1 && count <= layers && std::fmod(layers, count) == 0,
                "Members: each member has the same number of layers");
        const std::string& join = option_of(spec.options, "join").text;
        logarithms_ = join == "probabilities" ? 1 : join == "sigmoids" ? 2 : 0;
        require(logarithms_ || join == "values", "Members: no such join");
        const std::size_t size = spec.inner.size() / static_cast<std::size_t>(count);
        for (std::size_t first = 0; first < spec.inner.size(); first += size) {
            chains_.push_back(std::make_unique<Chain<T>>(spec.inner.data() + first, size));
            const Chain<T>& chain = *chains_.back();
            require(chain.layers.front()->D == this->D && chain.layers.back()->H == this->H,
                    "Members: a member has another width");
            this->take(chain.layers);
        }
    }

    PELLUCID_SMALL void forward(const Pass<T>& pass, Matrix<const T> x,
                                Matrix<T> y) const override {
        Buffer<T> line, z;
        for (std::size_t m = 0; m < chains_.size(); ++m) {
            const Chain<T>& chain = *chains_[m];
            keep(m, chain.predict(pass.at(m), x, {}, 0, chain.layers.size(), line), z);
        }
        take_logarithms(z, y);
        for (std::int64_t i = 0; i < y.N; ++i)
            each_vector<T>(this->H, [&](std::int64_t h, std::int64_t n) {
                store(y.row(i) + h, joined(z.data() + i * y.ld() + h, y.size(), n));
            });
    }

    PELLUCID_SMALL void backward(const Pass<T>& pass, Matrix<const T> x, Matrix<const T>,
                                 Matrix<const T> dy, Matrix<T> dx) override {
        Buffer<T> z, own;
        for (std::size_t m = 0; m < chains_.size(); ++m)
            keep(m, chains_[m]->forward(pass.at(m), x, {}, 0, chains_[m]->layers.size()), z);
        take_logarithms(z, dy);
        split(z.data(), dy);
        for (std::size_t m = 0; m < chains_.size(); ++m) {
            const Matrix<const T> part{z.data() + static_cast<std::int64_t>(m) * dy.size(), dy.N,
                                       dy.width};
            const Matrix<T> to = dx.data && m ? Chain<T>::place(own, x.N, x.width) : dx;
            chains_[m]->backward(pass.at(m), x, {}, 0, chains_[m]->layers.size(), part, to);
            if (dx.data && m)
                for (std::int64_t i = 0; i < dx.size(); i += kLanes<T>)
                    store(dx.data + i, load(dx.data + i) + load(to.data + i));
        }
    }

    PELLUCID_SMALL void observe(const Pass<T>& pass, Matrix<const T> x) override {
        for (std::size_t m = 0; m < chains_.size(); ++m) {
            chains_[m]->forward(pass.at(m), x, {}, 0, chains_[m]->layers.size());
            chains_[m]->observe(pass.at(m), x);
        }
    }

private:
    std::int64_t count() const { return static_cast<std::int64_t>(chains_.size()); }

    // Copies what member m made of x behind what those before it made.
    PELLUCID_SMALL void keep(std::size_t m, Matrix<const T> own, Buffer<T>& z) const {
        const auto size = static_cast<std::size_t>(own.size());
        if (m == 0) z.resize(2 * chains_.size() * size + kPad);
        std::copy_n(own.data, own.size(), z.data() + m * size);
    }

    // Turns outputs into logarithms of probabilities: of the classes, twice, or of yes, and behind
    // them of no.
    PELLUCID_SMALL void take_logarithms(Buffer<T>& z, Matrix<const T> like) const {
        const std::int64_t rows = like.N * count(), all = rows * like.ld();
        T* const own = z.data();
        for (std::int64_t i = 0; logarithms_ == 1 && i < rows; ++i)
            log_softmax_row(own + i * like.ld(), own + i * like.ld(), this->H);
        if (logarithms_) std::copy_n(own, all, own + all);
        for (std::int64_t i = 0; logarithms_ == 2 && i < 2 * all; i += kLanes<T>) {
            const Vec<T> one = load(own + i);
            store(own + i, -softplus<T>(i < all ? -one : one));
        }
    }

    __attribute__((noinline, cold)) static Vec<T> share(Vec<T> log) {
        return exp_below_zero<T>(log);
    }

    // The greatest of the members' logarithms, and the sum of their shares of it.
    PELLUCID_SMALL Vec<T> mass(const T* logs, std::int64_t apart, Vec<T>& most) const {
        most = load(logs);
        for (std::int64_t m = 1; m < count(); ++m) most = larger<T>(most, load(logs + m * apart));
        Vec<T> sum = {};
        for (std::int64_t m = 0; m < count(); ++m) sum += share(load(logs + m * apart) - most);
        return sum;
    }

    // y of n columns, of which the members' numbers are `apart`.
    PELLUCID_SMALL Vec<T> joined(const T* z, std::int64_t apart, std::int64_t n) const {
        Vec<T> found = {};
        if (logarithms_ == 0)
            for (std::int64_t m = 0; m < count(); ++m) found += load(z + m * apart);
        if (logarithms_ == 0) return found / static_cast<T>(count());
        for (int part = 0; part < logarithms_; ++part) {
            Vec<T> most,
                mean = mass(z + part * count() * apart, apart, most) / static_cast<T>(count());
            for (std::int64_t j = 0; j < n; ++j) mean[j] = std::log(mean[j]);
            found = most + mean - found;
        }
        return logarithms_ == 2 ? -found : found;
    }

    // Puts the gradient with respect to every member's output in its place.
    PELLUCID_SMALL void split(T* z, Matrix<const T> dy) const {
        const std::int64_t apart = dy.size(), no = count() * apart;
        for (std::int64_t i = 0; i < apart; i += kLanes<T>) {
            Vec<T> most = {}, sum = {}, others = {}, their = {};
            if (logarithms_) sum = mass(z + i, apart, most);
            if (logarithms_ == 2) their = mass(z + no + i, apart, others);
            const Vec<T> slope = load(dy.data + i);
            for (std::int64_t place = i; place < no; place += apart) {
                const Vec<T> own = load(z + place);
                Vec<T> part = slope / static_cast<T>(count());
                if (logarithms_) part = slope * (share(own - most) / sum);
                if (logarithms_ == 2) {
                    const Vec<T> off = load(z + no + place);
                    part = part * share(off) + slope * (share(off - others) / their) * share(own);
                }
                store(z + place, part);
            }
        }
        // Through each member's softmax: its own probabilities are behind.
        for (std::int64_t place = 0; logarithms_ == 1 && place < no; place += dy.ld()) {
            T whole = 0;
            for (std::int64_t h = 0; h < this->H; ++h) whole += z[place + h];
            for (std::int64_t h = 0; h < this->H; h += kLanes<T>)
                store(z + place + h, load(z + place + h) - share(load(z + no + place + h)) * whole);
        }
    }

    int logarithms_ = 0;  // 1 of a softmax, 2 of sigmoids: of yes and of no
    std::vector<std::unique_ptr<Chain<T>>> chains_;
};

}  // namespace pellucid
