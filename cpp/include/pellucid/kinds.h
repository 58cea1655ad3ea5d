// The table of all layers.
#pragma once

#include "activations.h"
#include "categories.h"
#include "embedding.h"
#include "members.h"
#include "normalization.h"

namespace pellucid {

template <class T, template <class> class L>
PELLUCID_SMALL std::unique_ptr<Layer<T>> make(const LayerSpec& spec) {
    return std::make_unique<L<T>>(spec);
}

template <class T, template <class> class F>
PELLUCID_SMALL std::unique_ptr<Layer<T>> make_activation(const LayerSpec& spec) {
    return std::make_unique<Activation<T, F<T>>>(spec);
}

// All layers, by the names of core's classes.
template <class T>
PELLUCID_SMALL std::unique_ptr<Layer<T>> make_layer(const LayerSpec& spec) {
    using Maker = std::unique_ptr<Layer<T>> (*)(const LayerSpec&);
    static constexpr Named<Maker> makers[] = {
        {"Affine", make<T, Affine>},
        {"Identity", make_activation<T, IdentityF>},
        {"Sigmoid", make_activation<T, SigmoidF>},
        {"Tanh", make_activation<T, TanhF>},
        {"ReLU", make_activation<T, ReLUF>},
        {"LeakyReLU", make_activation<T, LeakyReLUF>},
        {"GELU", make_activation<T, GELUF>},
        {"SiLU", make_activation<T, SiLUF>},
        {"Softplus", make_activation<T, SoftplusF>},
        {"Exponential", make_activation<T, ExponentialF>},
        {"ELU", make_activation<T, ELUF>},
        {"SELU", make_activation<T, ELUF>},
        {"PReLU", make<T, PReLU>},
        {"Mish", make_activation<T, MishF>},
        {"Hardswish", make_activation<T, HardswishF>},
        {"Softmax", make<T, Softmax>},
        {"LogSoftmax", make<T, LogSoftmax>},
        {"Flatten", make_activation<T, IdentityF>},
        {"Scale", make_activation<T, ScaleF>},
        {"Standardize", make<T, Standardize>},
        {"SmoothClip", make_activation<T, SmoothClipF>},
        {"CategoryEmbedding", make<T, CategoryEmbedding>},
        {"PeriodicEmbedding", make<T, PeriodicEmbedding>},
        {"BatchNorm", make<T, BatchNorm>},
        {"LayerNorm", make<T, LayerNorm>},
        {"Dropout", make<T, Dropout>},
        {"Residual", make<T, Skip>},
        {"Concatenate", make<T, Skip>},
        {"Members", make<T, Members>},
    };
    // Columns have 32-bit indices, and the number of a layer's weights must not overflow.
    constexpr std::int64_t widest = 1 << 30;
    const Maker maker = find_named(makers, spec.kind, "no native layer ");
    require(
        spec.inputs >= 0 && spec.outputs >= 0 && spec.inputs <= widest && spec.outputs <= widest,
        spec.kind + ": a width must be 0 to " + std::to_string(widest));
    const bool widens = spec.kind == "Affine" || spec.kind == "CategoryEmbedding" ||
                        spec.kind == "PeriodicEmbedding" || !spec.inner.empty();
    require(widens || spec.inputs == spec.outputs, spec.kind + " has as many outputs as inputs");
    return maker(spec);
}

}  // namespace pellucid
