"""The C functions that layers call, by name; each is stable where `pellucid.core.functions` is.

`${name}` is the network's own prefix, so that several networks can be linked together, or even be
one file.
"""

from __future__ import annotations

import re

_SOURCE = """\
static float ${name}_sigmoid(float z) {
    const float e = expf(-fabsf(z)); /* never overflows, and keeps the digits of the left tail */
    return (z >= 0.0f ? 1.0f : e) / (1.0f + e);
}

static float ${name}_relu(float z) {
    return z < 0.0f ? 0.0f : z; /* NaN stays NaN */
}

static float ${name}_leaky_relu(float z, float slope) {
    return z > 0.0f ? z : slope * z;
}

static float ${name}_gelu(float z) {
    return z * (0.5f * erfcf(-0.70710678f * z));
}

static float ${name}_gelu_tanh(float z) {
    return 0.5f * z * (1.0f + tanhf(0.79788456f * (z + 0.044715f * z * z * z)));
}

static float ${name}_silu(float z) {
    const float e = expf(-fabsf(z));
    return z * ((z >= 0.0f ? 1.0f : e) / (1.0f + e));
}

static float ${name}_softplus(float z) {
    return (z > 0.0f ? z : 0.0f) + log1pf(expf(-fabsf(z)));
}

static float ${name}_elu(float z, float alpha) {
    return z > 0.0f ? z : alpha * expm1f(z);
}

static float ${name}_selu(float z) {
    return 1.050701f * (z > 0.0f ? z : 1.6732632f * expm1f(z));
}

static float ${name}_mish(float z) {
    const float e = expf(-fabsf(z)); /* never overflows, and keeps the digits of the left tail */
    const float above = z >= 0.0f ? 1.0f + 2.0f * e : e * (e + 2.0f);
    return z * (above / (above + 2.0f * (z >= 0.0f ? e * e : 1.0f)));
}

static float ${name}_hardswish(float z) {
    const float u = z + 3.0f;
    return z * ((u < 0.0f ? 0.0f : u > 6.0f ? 6.0f : u) / 6.0f); /* NaN stays NaN */
}

static float ${name}_smooth_clip(float z, float limit) {
    const float u = z / limit;
    if (fabsf(u) > 1e8f) { /* u * u could overflow */
        return copysignf(limit, u);
    }
    return limit * (u / sqrtf(1.0f + u * u));
}

static float ${name}_cosine(float turns) {
    return cosf(6.2831853f * (turns - rintf(turns))); /* exact: whole turns lose no digit */
}

static void ${name}_softmax(float *v, size_t H) {
    float largest = v[0], sum = 0.0f;
    for (size_t j = 1; j < H; j++) {
        largest = v[j] > largest ? v[j] : largest;
    }
    for (size_t j = 0; j < H; j++) {
        v[j] = expf(v[j] - largest); /* never above 1 */
        sum += v[j];
    }
    for (size_t j = 0; j < H; j++) {
        v[j] /= sum;
    }
}

static void ${name}_log_softmax(float *v, size_t H) {
    float largest = v[0], sum = 0.0f;
    for (size_t j = 1; j < H; j++) {
        largest = v[j] > largest ? v[j] : largest;
    }
    for (size_t j = 0; j < H; j++) {
        v[j] -= largest;
        sum += expf(v[j]); /* never above 1 */
    }
    sum = logf(sum);
    for (size_t j = 0; j < H; j++) {
        v[j] -= sum;
    }
}

/* The logarithm of the mean of M numbers, K apart, that v holds the logarithms of. */
static float ${name}_log_mean(const float *v, size_t M, size_t K) {
    float largest = v[0], sum = 0.0f;
    for (size_t m = 1; m < M; m++) {
        largest = v[m * K] > largest ? v[m * K] : largest;
    }
    for (size_t m = 0; m < M; m++) {
        sum += expf(v[m * K] - largest); /* never above 1 */
    }
    return largest + logf(sum / (float)M);
}

/* The logarithm of the mean of sigmoid(sign z) for M numbers z, K apart. */
static float ${name}_log_share(const float *z, float sign, size_t M, size_t K) {
    float largest = sign * z[0], sum = 0.0f;
    for (size_t m = 1; m < M; m++) {
        largest = sign * z[m * K] > largest ? sign * z[m * K] : largest;
    }
    largest = -${name}_softplus(-largest);
    for (size_t m = 0; m < M; m++) {
        sum += expf(-${name}_softplus(-sign * z[m * K]) - largest); /* never above 1 */
    }
    return largest + logf(sum / (float)M);
}

/* Replaces the first of M rows of K numbers by their mean. */
static void ${name}_join_values(float *v, size_t M, size_t K) {
    for (size_t k = 0; k < K; k++) {
        float sum = v[k];
        for (size_t m = 1; m < M; m++) {
            sum += v[m * K + k];
        }
        v[k] = sum / (float)M;
    }
}

/* Replaces the first of M rows by the logarithms of the mean of their softmaxes. */
static void ${name}_join_probabilities(float *v, size_t M, size_t K) {
    for (size_t m = 0; m < M; m++) {
        ${name}_log_softmax(v + m * K, K);
    }
    for (size_t k = 0; k < K; k++) {
        v[k] = ${name}_log_mean(v + k, M, K);
    }
}

/* Replaces the first of M rows by the logits of the mean of their sigmoids. */
static void ${name}_join_sigmoids(float *v, size_t M, size_t K) {
    for (size_t k = 0; k < K; k++) {
        const float yes = ${name}_log_share(v + k, 1.0f, M, K);
        v[k] = yes - ${name}_log_share(v + k, -1.0f, M, K);
    }
}

static void ${name}_layer_norm(
    float *v, size_t H, const float *gamma, const float *beta, float epsilon
) {
    float mean = 0.0f, variance = 0.0f;
    for (size_t j = 0; j < H; j++) {
        mean += v[j];
    }
    mean /= (float)H;
    for (size_t j = 0; j < H; j++) {
        variance += (v[j] - mean) * (v[j] - mean);
    }
    const float std = sqrtf(variance / (float)H + epsilon);
    for (size_t j = 0; j < H; j++) {
        v[j] = (v[j] - mean) / std * gamma[j] + beta[j];
    }
}

/* The nearest of 256 levels, 1 / inverse apart; 0 has the level `zero`, NaN the lowest. */
static uint8_t ${name}_quantize(float v, float inverse, float zero) {
    const float level = v * inverse + zero;
    if (!(level > 0.0f)) {
        return 0;
    }
    return level < 255.0f ? (uint8_t)(level + 0.5f) : 255;
}"""

FUNCTIONS = {
    name: text
    for text in _SOURCE.split("\n\n")
    for name in re.findall(r"^static .*\{name\}_(\w+)\(", text, re.M)
}
"""The text of each function by its name."""
