/* The machine: how wide its vectors are, how many registers it has, and what fetches memory. REAL is float or double. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#ifdef __AVX512F__
#include <immintrin.h>
#if DOUBLE
#define WIDE(NAME) _mm512_##NAME##_pd
#else
#define WIDE(NAME) _mm512_##NAME##_ps
#endif
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
#define ACCUMULATORS ACCUMULATORS_32
#define OUTER_UNITS OUTER_UNITS_32
#define OUTER_CASES OUTER_CASES_32
#else
#define ACCUMULATORS ACCUMULATORS_16
#define OUTER_UNITS OUTER_UNITS_16
#define OUTER_CASES OUTER_CASES_16
#endif

#define INLINE static inline __attribute__((always_inline))
#define APART static __attribute__((noinline))
/* A function that not every cell calls. */
#define OPTIONAL static __attribute__((unused))
#define UNROLL _Pragma("GCC unroll 32")
#define FETCH(ADDRESS) __builtin_prefetch(ADDRESS, 0, 2)
#define FETCHW(ADDRESS) __builtin_prefetch(ADDRESS, 1, 2)
#define EACH_ROW UNROLL for (int r = 0; r < rows; r++)
#define EACH_TILE UNROLL for (int u = 0; u < tiles; u++)

typedef REAL real;
typedef real vec __attribute__((vector_size(BYTES)));
typedef real unaligned __attribute__((vector_size(BYTES), aligned(sizeof(real)), may_alias));
#if DOUBLE
typedef int64_t whole;
typedef uint64_t natural;
#else
typedef int32_t whole;
typedef uint32_t natural;
#endif
typedef whole bits __attribute__((vector_size(BYTES)));      /* what comparisons give */
typedef natural pattern __attribute__((vector_size(BYTES))); /* signs, exponents and mantissas */

enum { LANES = BYTES / sizeof(real) };

INLINE vec load(const real *from) { return *(const unaligned *)from; }
INLINE void store(real *to, vec value) { *(unaligned *)to = value; }
INLINE vec splat(real value) { return value - (vec){0}; }
INLINE vec choose(bits mask, vec yes, vec no) { return (vec)((mask & (bits)yes) | (~mask & (bits)no)); }
