/* Vectors of the machine's width, and the functions that gates apply to them. REAL is float or double. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define BYTES 64
#define REGISTERS 32
#elif defined(__AVX__)
#define BYTES 32
#define REGISTERS 16
#elif defined(__aarch64__)
#define BYTES 16
#define REGISTERS 32
#else
#define BYTES 16
#define REGISTERS 16
#endif

/* Vectors of sums that fit in the registers beside what they are made of. */
#if REGISTERS == 32
#define ACCUMULATORS 24
#else
#define ACCUMULATORS 12
#endif

#define INLINE static inline __attribute__((always_inline))
#define APART static __attribute__((noinline))
#define UNROLL _Pragma("GCC unroll 32")
#define FETCH(ADDRESS) __builtin_prefetch(ADDRESS, 0, 2)
#define FETCHW(ADDRESS) __builtin_prefetch(ADDRESS, 1, 2)
#define EACH_ROW UNROLL for (int r = 0; r < rows; r++)

typedef REAL real;
typedef real vec __attribute__((vector_size(BYTES)));
typedef real unaligned __attribute__((vector_size(BYTES), aligned(sizeof(real)), may_alias));
#if DOUBLE
typedef int64_t whole;
#else
typedef int32_t whole;
#endif
typedef whole bits __attribute__((vector_size(BYTES)));

enum { LANES = BYTES / sizeof(real) };

INLINE vec load(const real *from) { return *(const unaligned *)from; }
INLINE void store(real *to, vec value) { *(unaligned *)to = value; }
INLINE vec splat(real value) { return value - (vec){0}; }
INLINE vec choose(bits mask, vec yes, vec no) { return (vec)((mask & (bits)yes) | (~mask & (bits)no)); }

/* Bounds let a NaN in `a` through. */
#if defined(__AVX512F__) && !DOUBLE
INLINE vec at_least(vec a, real low) { return (vec)_mm512_max_ps((__m512)splat(low), (__m512)a); }
INLINE vec at_most(vec a, real high) { return (vec)_mm512_min_ps((__m512)splat(high), (__m512)a); }
#else
INLINE vec at_least(vec a, real low) { return choose(a < low, splat(low), a); }
INLINE vec at_most(vec a, real high) { return choose(a > high, splat(high), a); }
#endif

INLINE vec v_relu(vec a) { return at_least(a, 0); }
INLINE vec v_hard_sigmoid(vec a) { return at_most(at_least(a / 6 + (real)0.5, 0), 1); }
INLINE vec v_maximum(vec a, vec b) { return choose((a > b) | (a != a), a, b); }
/* Derivatives of what jumps, as torch has them. */
INLINE vec v_positive(vec y) { return choose(y > 0, splat(1), splat(0)); }
INLINE vec v_between(vec y) { return choose((y > 0) & (y < 1), splat(1), splat(0)); }
INLINE vec v_wins(vec a, vec b) { return choose(a > b, splat(1), choose(a == b, splat((real)0.5), splat(0))); }

#define EACH(NAME, FORMULA) \
    static __attribute__((noinline, unused)) vec NAME(vec a) { \
        vec y; \
        for (int l = 0; l < LANES; l++) { const real x = a[l]; y[l] = FORMULA; } \
        return y; \
    }

#if DOUBLE
EACH(v_exp, exp(x))
EACH(v_log, log(x))
EACH(v_tanh, tanh(x))
EACH(v_sigmoid, 1 / (1 + exp(-x)))
EACH(v_log_sigmoid, (x < 0 ? x : 0) - log1p(exp(-fabs(x))) + (x != x ? x : 0))
#else

EACH(v_log, logf(x))

/* 2^n p for whole n, exact where the result is a normal number. */
INLINE vec scaled(vec p, vec n) {
#ifdef __AVX512F__
    return (vec)_mm512_scalef_ps((__m512)p, (__m512)n);
#else
    const bits whole_n = __builtin_convertvector(n, bits), half = whole_n >> 1, rest = whole_n - half;
    return p * (vec)((half + 127) << 23) * (vec)((rest + 127) << 23);
#endif
}

/* e^a: a = n log 2 + r with |r| <= log 2 / 2, and a polynomial in r. Relative error below 2.5e-7. */
INLINE vec exponential(vec a) {
    const vec shifted = a * 1.44269504f + 12582912.0f, n = shifted - 12582912.0f; /* rounded to a whole number */
    const vec r = (a - n * 0.693359375f) + n * 2.12194440e-4f;
    vec p = splat(1.3888889e-3f);
    p = p * r + 8.3333334e-3f;
    p = p * r + 4.1666668e-2f;
    p = p * r + 1.6666667e-1f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return scaled(p, n);
}

INLINE vec v_exp(vec a) { return exponential(at_most(at_least(a, -104.0f), 89.0f)); }

/* 1 / a for normal a: relative error below 1.5e-7. */
INLINE vec reciprocal(vec a) {
#ifdef __AVX512F__
    const vec y = (vec)_mm512_rcp14_ps((__m512)a);
    return y + y * (1.0f - a * y);
#else
    return 1.0f / a;
#endif
}

/* 1 / (1 + e^-a): relative error below 4e-7; below -87 it stays at 1.6e-38. */
INLINE vec v_sigmoid(vec a) { return reciprocal(1.0f + exponential(-at_most(at_least(a, -87.0f), 87.0f))); }

/* tanh a = a P(a²) / Q(a²), a minimax fit on |a| <= 9.02, where tanh rounds to 1. Relative error below 5e-7. */
INLINE vec v_tanh(vec a) {
    const vec x = at_most(at_least(a, -9.02f), 9.02f), s = x * x;
    vec p = splat(1.3319058e-8f), q = splat(7.7620137e-7f);
    p = p * s + 2.0583471e-5f; p = p * s + 3.4940338e-3f; p = p * s + 0.13379717f; p = p * s + 1.0f;
    q = q * s + 3.2830919e-4f; q = q * s + 2.5871070e-2f; q = q * s + 0.46713033f; q = q * s + 1.0f;
    return at_most(at_least(x * p * reciprocal(q), -1.0f), 1.0f);
}

/* min(a, 0) - log(1 + u), u = e^-|a|, log(1 + u) = 2 atanh(u / (2 + u)). */
INLINE vec v_log_sigmoid(vec a) {
    const vec u = exponential(at_least(choose(a < 0, a, -a), -87.0f)), s = u / (2.0f + u), z = s * s;
    vec p = splat(2.0f / 17);
    p = p * z + 2.0f / 15; p = p * z + 2.0f / 13; p = p * z + 2.0f / 11; p = p * z + 2.0f / 9;
    p = p * z + 2.0f / 7; p = p * z + 2.0f / 5; p = p * z + 2.0f / 3; p = p * z + 2.0f;
    return at_most(a, 0) - p * s;
}
#endif
