/* Made by pellucid 0.1.0: a neural network in C99.
 *
 * 70,648 parameters, 28 inputs, 1 outputs; it computes in float32.
 *
 *    0  Standardize
 *    1  SmoothClip                 limit 3.0
 *    2  Members      28 -> 1       count 8, join values
 *    3  Standardize
 *
 * x: the 28 values of a row of the table, in their own units (1 is yes, 0 is no):
 *     x[0]  c0; -0.0280255859 where it is missing
 *     x[1]  c1; -0.00217860278 where it is missing
 *     x[2]  c2; 0.0259858987 where it is missing
 *     x[3]  c3; 0.00657071939 where it is missing
 *     x[4]  c4; 0.0292070058 where it is missing
 *     x[5]  c5; -0.000377765371 where it is missing
 *     x[6]  c6; -0.00416459715 where it is missing
 *     x[7]  c7; 0.0123177615 where it is missing
 *     x[8]  c8; 0.0133876892 where it is missing
 *     x[9]  c9; -0.00590813902 where it is missing
 *     x[10]  whether k0 is a
 *     x[11]  whether k0 is b
 *     x[12]  whether k0 is c
 *     x[13]  whether k0 is d
 *     x[14]  whether k0 is e
 *     x[15]  whether k0 is f
 *     x[16]  whether k1 is a
 *     x[17]  whether k1 is b
 *     x[18]  whether k1 is c
 *     x[19]  whether k1 is d
 *     x[20]  whether k1 is e
 *     x[21]  whether k1 is f
 *     x[22]  whether k2 is a
 *     x[23]  whether k2 is b
 *     x[24]  whether k2 is c
 *     x[25]  whether k2 is d
 *     x[26]  whether k2 is e
 *     x[27]  whether k2 is f
 *
 * y: y, in its own units.
 *
 * Flash: 283,144 bytes of constants, and the code. RAM: 2,416 bytes, a n_scratch that the caller
 * provides; the stack holds a few numbers. Nothing is allocated, nothing global is changed, nothing is
 * linked but libm (copysignf, cosf, fabsf, rintf, sqrtf).
 *
 * Example (cc -std=c99 -O2 main.c 'n.c' -lm):
 *
 *     #include <stdio.h>
 *     #include "n.h"
 *
 *     int main(void) {
 *         static n_scratch scratch;
 *         static float x[N_INPUTS]; // the inputs
 *         static float y[N_OUTPUTS];
 *         n_predict(x, y, &scratch);
 *         for (int k = 0; k < N_OUTPUTS; k++) {
 *             printf("%g\n", (double)y[k]);
 *         }
 *         return 0;
 *     }
 */
#ifndef N_H
#define N_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define N_EXPORT 0xce4a3aac /* the same in the source */
#define N_INPUTS 28
#define N_OUTPUTS 1

/* Working memory of a pass, not initialised and reusable: one for each thread or interrupt. */
typedef struct {
    float a[28];
    float b[64];
    float c[64];
    float d[64];
    float e[64];
    float f[64];
    float g[64];
    float h[64];
    float i[64];
    float j[64];
} n_scratch;

/* Computes the outputs y from the inputs x. */
void n_predict(const float x[N_INPUTS], float y[N_OUTPUTS], n_scratch *scratch);

#ifdef __cplusplus
}
#endif

#endif
