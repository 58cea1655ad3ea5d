// Random numbers by counting, as core defines them: SplitMix64.
#pragma once

#include <cstdint>

namespace pellucid {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15u;

// For a number, or a vector of them.
template <class U>
inline U mix(U z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

// Where a layer's random numbers come from in one pass, as `Draws` in core/draws.py.
struct Draws {
    std::uint64_t seed = 0, step = 0, layer = 0;
    std::uint64_t row = 0;  // number of the first row in its batch, of which this may be a shard

    Draws at(std::uint64_t index) const { return {seed, step, layer * 4096 + index + 1, row}; }

    std::uint64_t stream() const {
        std::uint64_t mixed = 0;
        for (std::uint64_t number : {seed, step, layer}) mixed = mix(mixed + kGolden + number);
        return mixed;
    }
};

}  // namespace pellucid
