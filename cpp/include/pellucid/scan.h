// One pass over an array before a training: a hash of its bytes, and the range of its floats.
//
// The hash tells data apart, nothing more: it is fast, and not cryptographic. A block of 4,096
// bytes is 64 lines of eight lanes of 64 bits. Each number d meets a key of its own place, k
// (SplitMix64): with v = d ^ k, the low half of v times its high half is added to d's lane, and d
// itself to the neighboring one, so that no half that is 0 hides the other (as in XXH3). The eight
// sums of each block are mixed and appended to the lanes by a polynomial: lane = lane * M + sum.
// The last block is filled with zeros; whoever hashes adds length, type and shape. Everything is
// whole numbers modulo 2^64, so the lanes are the same for every instruction set, and in NumPy
// (engines/scanning.py).
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "random.h"
#include "vector.h"

namespace pellucid {

constexpr int kHashLanes = 8;
constexpr std::int64_t kHashBlock = 4096;  // bytes: small enough to be read again from the L1 cache
constexpr std::uint64_t kHashFactor = 0x9FB21C651E98DF25u;

typedef std::uint64_t Lanes64 __attribute__((vector_size(kBytes)));
constexpr int kVectorLanes = kBytes / 8;

struct HashKeys {
    HashKeys() {
        for (std::uint64_t k = 0; k < kHashBlock / 8; ++k) at[k] = mix((k + 1) * kGolden);
    }
    alignas(64) std::uint64_t at[kHashBlock / 8];
};

inline Lanes64 load_lanes(const void* p) {
    Lanes64 v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

// The low half of each lane times its high half. Compilers write three products for the plain form.
inline Lanes64 multiply_halves(Lanes64 v) {
#if defined(__AVX512F__)
    // The form with a mask: GCC 12 warns of the plain one (https://gcc.gnu.org/PR105593).
    return (Lanes64)_mm512_maskz_mul_epu32(0xFF, (__m512i)v, (__m512i)(v >> 32));
#elif defined(__AVX2__)
    return (Lanes64)_mm256_mul_epu32((__m256i)v, (__m256i)(v >> 32));
#elif defined(__x86_64__)
    return (Lanes64)_mm_mul_epu32((__m128i)v, (__m128i)(v >> 32));
#else
    return (v & 0xFFFFFFFFu) * (v >> 32);
#endif
}

// Appends a whole block to the lanes.
inline void hash_block(const unsigned char* block, const HashKeys& keys, std::uint64_t* lanes) {
    constexpr int kVectors = kHashLanes / kVectorLanes;
    Lanes64 products[kVectors] = {}, sums[kVectors] = {};
    for (int line = 0; line < kHashBlock / 64; ++line) {
        PELLUCID_UNROLL
        for (int i = 0; i < kVectors; ++i) {
            const int place = line * kHashLanes + i * kVectorLanes;
            const Lanes64 d = load_lanes(block + place * 8);
            products[i] += multiply_halves(d ^ load_lanes(keys.at + place));
            sums[i] += d;
        }
    }
    std::uint64_t product[kHashLanes], sum[kHashLanes];
    std::memcpy(product, products, sizeof product);
    std::memcpy(sum, sums, sizeof sum);
    for (int lane = 0; lane < kHashLanes; ++lane) {
        const std::uint64_t mixed = product[lane] + sum[lane ^ 1];
        lanes[lane] = lanes[lane] * kHashFactor + (mixed ^ (mixed >> 32));
    }
}

struct Range {
    bool finite = true;
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();
};

// Finds the range of floats, and whether one of them is NaN or infinite: such a float times 0 is
// NaN, and NaN stays in a sum.
template <class T>
class RangeFinder {
public:
    void add(const unsigned char* p, std::int64_t bytes) {
        const std::int64_t size = static_cast<std::int64_t>(sizeof(T));
        const std::int64_t end = bytes - bytes % kBytes;
        Vec<T> low = low_, high = high_, zero = zero_;
        for (std::int64_t at = 0; at < end; at += kBytes) {
            Vec<T> x;
            std::memcpy(&x, p + at, sizeof x);
            low = x < low ? x : low;
            high = x > high ? x : high;
            zero += x * T(0);
        }
        low_ = low, high_ = high, zero_ = zero;
        for (std::int64_t at = end; at < bytes; at += size) {
            T x;
            std::memcpy(&x, p + at, sizeof x);
            low_[0] = x < low_[0] ? x : low_[0];
            high_[0] = x > high_[0] ? x : high_[0];
            zero_[0] += x * T(0);
        }
    }

    Range found() const {
        Range range;
        for (int lane = 0; lane < kLanes<T>; ++lane) {
            range.low = std::min(range.low, static_cast<double>(low_[lane]));
            range.high = std::max(range.high, static_cast<double>(high_[lane]));
            range.finite &= zero_[lane] == 0;
        }
        return range;
    }

private:
    Vec<T> low_ = fill<T>(std::numeric_limits<T>::infinity());
    Vec<T> high_ = fill<T>(-std::numeric_limits<T>::infinity());
    Vec<T> zero_ = {};
};

struct NoRange {
    void add(const unsigned char*, std::int64_t) {}
    Range found() const { return {}; }
};

template <class Finder>
Range scan_bytes(const unsigned char* bytes, std::int64_t count, std::uint64_t* lanes) {
    static const HashKeys keys;
    Finder finder;
    const std::int64_t whole = count - count % kHashBlock;
    for (std::int64_t at = 0; at < whole; at += kHashBlock) {
        hash_block(bytes + at, keys, lanes);
        finder.add(bytes + at, kHashBlock);
    }
    if (whole < count) {
        unsigned char last[kHashBlock] = {};
        std::memcpy(last, bytes + whole, static_cast<std::size_t>(count - whole));
        hash_block(last, keys, lanes);
        finder.add(bytes + whole, count - whole);
    }
    return finder.found();
}

// Appends bytes to the hash in `lanes`; returns the range of the floats that they are: of 4 or 8
// bytes, or 0 for bytes that are no floats. All calls but the last have whole blocks.
inline Range scan(const unsigned char* bytes, std::int64_t count, int size, std::uint64_t* lanes) {
    if (size == 4) return scan_bytes<RangeFinder<float>>(bytes, count, lanes);
    if (size == 8) return scan_bytes<RangeFinder<double>>(bytes, count, lanes);
    return scan_bytes<NoRange>(bytes, count, lanes);
}

}  // namespace pellucid
