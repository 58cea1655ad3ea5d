// Prefetching the rows of the next batch while this one is computed: the rows of a shuffled batch
// are scattered over the memory, and waiting for them takes as long as training on them.
#pragma once

#include "spec.h"
#include "vector.h"

namespace pellucid {

constexpr std::int64_t kBetweenLines = 18;  // steps of work between two prefetches
constexpr std::int64_t kManyLines = 4;      // so many at a time make the processor wait

class Prefetch {
public:
    Prefetch() = default;

    // Prefetches at once a line of each page: of pages whose address it has not cached, the
    // processor looks up several together, while between sums each look-up would delay all others.
    explicit Prefetch(const Rows& rows) : rows_(rows), size_(rows.width * rows.bytes()) {
        for (std::int64_t i = 0; i < std::min(rows.count, kMostRows); ++i) {
            const Address row = row_at(i);
            for (std::int64_t from = 0; from < size_; from += kPage) prefetch(row + from);
            prefetch(row + size_ - 1);
        }
        begin_row();
    }

    // Prefetches one more line of the cache. A few at a time overlap with work; many at once make
    // the processor wait.
    PELLUCID_INLINE void line() {
        if (row_ >= rows_.count) return;
        prefetch(at_);
        at_ += 64;
        if (at_ < end_) return;
        ++row_;
        begin_row();
    }

    PELLUCID_INLINE void lines(std::int64_t n) {
        for (; n > 0; --n) line();
    }

    // How many lines are left to prefetch, or a few more.
    std::int64_t left() const { return (rows_.count - row_) * (size_ / 64 + 1); }

private:
    Address row_at(std::int64_t i) const { return address(rows_.data) + rows_.place(i) * size_; }

    PELLUCID_INLINE void begin_row() {
        if (row_ >= rows_.count) return;
        at_ = row_at(row_);
        end_ = at_ + size_;
    }

    // Of more pages the processor does not remember the addresses.
    static constexpr std::int64_t kPage = 4096, kMostRows = 512;

    Rows rows_;
    std::int64_t size_ = 0, row_ = 0;
    Address at_ = 0, end_ = 0;
};

}  // namespace pellucid
