// The engine's templates, compiled for speed; the binding is compiled for size.
#include "pellucid/engine.h"

namespace pellucid {

std::unique_ptr<Engine> make_engine(const Plan& plan) {
    if (plan.type == Number::float64) return std::make_unique<LayerEngine<double>>(plan);
    require(plan.type == Number::float32, "an engine computes in float32 or float64");
    return std::make_unique<LayerEngine<float>>(plan);
}

}  // namespace pellucid
