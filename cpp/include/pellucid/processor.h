// Which instruction sets this processor runs.
#pragma once

#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace pellucid {

#if defined(__x86_64__)
// Reads cpuid and xgetbv: the processor must have the instructions that flags_avx2 or flags_avx512
// of CMakeLists.txt allow, and the system must save their registers.
inline bool cpuid_supports(const std::string& set) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    constexpr unsigned fma_xgetbv_avx = 1u << 12 | 1u << 27 | 1u << 28;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & fma_xgetbv_avx) != fma_xgetbv_avx) return false;
    unsigned saved = 0, high = 0;
    asm volatile("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    constexpr unsigned ymm = 0x06, zmm = 0xe6;  // registers that the system saves
    constexpr unsigned avx2 = 1u << 5;
    constexpr unsigned avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;  // F, DQ, BW, VL
    if (set == "avx512") return (saved & zmm) == zmm && (b & avx512) == avx512;
    return set == "avx2" && (saved & ymm) == ymm && (b & avx2) == avx2;
}
#endif

// Returns whether this processor runs baseline, avx2 or avx512.
inline bool processor_supports(const std::string& set) {
#if defined(__x86_64__) && defined(_WIN32)
    // __builtin_cpu_supports needs a library that clang-cl does not link.
    if (cpuid_supports(set)) return true;
#elif defined(__x86_64__)
    if (set == "avx512")
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    if (set == "avx2") return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return set == "baseline";
}

}  // namespace pellucid
