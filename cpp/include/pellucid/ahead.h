// Rows that will be needed next, asked of the memory while others are computed: rows of a shuffled
// batch lie all over it, and waiting for them takes as long as learning from them.
#pragma once

#include "spec.h"
#include "vector.h"

namespace pellucid {

constexpr std::int64_t kBetweenLines = 18;  // steps of work after which it is worth asking again
constexpr std::int64_t kManyLines = 4;      // so many at a time make the processor wait

class Ahead {
public:
    Ahead() = default;

    // Asks at once for a line of each page: of pages whose place it does not know the processor
    // looks up several together, while between sums each such search would hold everything up.
    explicit Ahead(const Rows& rows) : rows_(rows), size_(rows.width * rows.bytes()) {
        for (std::int64_t i = 0; i < std::min(rows.count, kMostRows); ++i) {
            const char* const row = static_cast<const char*>(rows.data) + rows.place(i) * size_;
            for (std::int64_t from = 0; from < size_; from += kPage)
                __builtin_prefetch(row + from, 0, 2);
            __builtin_prefetch(row + size_ - 1, 0, 2);
        }
        begin_row();
    }

    // Asks for one more line of the cache. A few at a time overlap with work; many at once make the
    // processor wait.
    PELLUCID_INLINE void line() {
        if (row_ >= rows_.count) return;
        __builtin_prefetch(at_, 0, 2);
        at_ += 64;
        if (at_ < end_) return;
        ++row_;
        begin_row();
    }

    // Asks for n more.
    PELLUCID_INLINE void lines(std::int64_t n) {
        for (; n > 0; --n) line();
    }

    // How many lines it has still to ask for, or a few more.
    std::int64_t left() const { return (rows_.count - row_) * (size_ / 64 + 1); }

private:
    PELLUCID_INLINE void begin_row() {
        if (row_ >= rows_.count) return;
        at_ = static_cast<const char*>(rows_.data) + rows_.place(row_) * size_;
        end_ = at_ + size_;
    }

    static constexpr std::int64_t kPage = 4096,
                                  kMostRows = 512;  // more pages than that are not kept in mind

    Rows rows_;
    std::int64_t size_ = 0, row_ = 0;
    const char *at_ = nullptr, *end_ = nullptr;
};

}  // namespace pellucid
