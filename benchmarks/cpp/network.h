// A network for the measurements that need no Python: plain weights, and rows as MNIST has them or
// dense ones.
#pragma once

#include <deque>
#include <random>

#include "pellucid/engine.h"

namespace measured {

using namespace pellucid;

// Owns what the plan points to.
struct Network {
    std::deque<Buffer<float>> arrays;  // which lie as those of core do
    Plan plan;
    std::mt19937 random{1};

    Numbers array(std::int64_t count, float scale) {
        std::normal_distribution<float> draw(0, scale);
        Buffer<float>& values = arrays.emplace_back(static_cast<std::size_t>(count));
        for (float& value : values) value = draw(random);
        return {values.data(), count};
    }

    // Four in five numbers are 0 where `zeros`, and whole runs of them, as at a picture's edges.
    std::vector<float> rows(std::int64_t count, std::int64_t width, bool zeros) {
        std::normal_distribution<float> draw;
        std::vector<float> values(static_cast<std::size_t>(count * width));
        for (std::int64_t i = 0; i < count; ++i)
            for (std::int64_t k = 0; k < width; ++k) {
                const bool inside = k > width / 5 && k < width * 4 / 5 && random() % 3 == 0;
                values[static_cast<std::size_t>(i * width + k)] =
                    zeros && !inside ? 0 : draw(random);
            }
        return values;
    }

    void affine(std::int64_t D, std::int64_t H) {
        LayerSpec spec;
        spec.kind = "Affine", spec.inputs = D, spec.outputs = H;
        spec.arrays = {array(D * H, 0.05f), array(H, 0.05f)};
        plan.layers.push_back(spec);
        plan.depth = static_cast<std::int64_t>(plan.layers.size());
    }

    void activation(const char* kind) {
        LayerSpec spec;
        spec.kind = kind, spec.inputs = spec.outputs = plan.layers.back().outputs;
        plan.layers.push_back(spec);
        plan.depth = static_cast<std::int64_t>(plan.layers.size());
    }
};

}  // namespace measured
