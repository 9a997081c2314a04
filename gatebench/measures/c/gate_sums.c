/* The sums of gate traces: each value of a trace is read once. REAL is float or double.

   The values of a gate have the shape (T, B, units). A row is one step of one example. A block is 16 units, so that the
   sums of a block stay in registers. Examples are divided into chunks and steps into tiles; a tile of a chunk has at
   most TILE_ROWS rows and stays in the cache while its blocks are read. The number of chunks depends on B alone, and
   the sums of the chunks are added in their order, so a result does not depend on the number of threads. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#if defined(__AVX512BW__)
#define BYTES 64
#elif defined(__AVX2__)
#define BYTES 32
#else
#define BYTES 16
#endif

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 32")

enum {
    UNITS = 16,                /* units in a block */
    LANES = BYTES / 8,         /* doubles in a vector */
    PARTS = UNITS / LANES,     /* vectors of doubles in a block */
    TILE_ROWS = 240,           /* at most 255: a counter has 8 bits */
    CHUNKS = 8,                /* chunks of examples, more if a chunk had more than CHUNK_ROWS examples */
    CHUNK_ROWS = 64,
    COUNTED_BINS = 5,          /* bins that are counted in one pass over the indices of a tile */
    NO_BIN = 255,              /* the index of NaN */
    SAMPLES = 64,              /* examples from which a gate's origin is computed */
    SUMS = 4                   /* the rows of `sums` in Gate */
};

typedef REAL real;
typedef double wide __attribute__((vector_size(BYTES)));
typedef int64_t wide_bits __attribute__((vector_size(BYTES)));
typedef int32_t index32 __attribute__((vector_size(LANES * 4)));
typedef uint8_t index8 __attribute__((vector_size(LANES)));
typedef real part __attribute__((vector_size(LANES * sizeof(real)), aligned(sizeof(real)), may_alias));
typedef uint8_t bytes __attribute__((vector_size(BYTES)));
typedef uint8_t eight __attribute__((vector_size(8), aligned(1), may_alias));
typedef uint32_t eight32 __attribute__((vector_size(32), aligned(4), may_alias));

/* One gate of one layer. The arrays behind the pointers below `values` are added to. */
typedef struct {
    const real *values;      /* (T, B, units); the stride of units is 1 */
    int64_t step_stride;     /* numbers from one step to the next */
    int64_t example_stride;  /* numbers from one example to the next */
    int64_t units;
    int64_t per_one;         /* bins in an interval of length 1 */
    int64_t first_bin;       /* the lower edge of bin 0, in bins */
    int64_t bins;
    int64_t partner;         /* the number of the gate for the sums of products, or -1; it has as many units */
    double *origin;          /* (units): a value near the mean; sums are those of deviations from it */
    double *sums;            /* (SUMS, units): deviations, their squares, |changes|, products with the partner's */
    int64_t *histogram;      /* (units, bins) */
} Gate;

typedef struct {
    int64_t T, B, gates, threads;
    int64_t first;           /* whether this is the first batch, in which the origins are chosen */
    const int64_t *lengths;  /* (B): from 0 to T */
    Gate *gate;
} Batch;

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t ceiling(int64_t a, int64_t b) { return (a + b - 1) / b; }
INLINE wide splat(double value) { return value - (wide){0}; }
INLINE wide magnitude(wide x) { return (wide)((wide_bits)x & (INT64_MAX - (wide_bits){0})); }
INLINE wide choose(wide_bits mask, wide yes, wide no) {
    return (wide)((mask & (wide_bits)yes) | (~mask & (wide_bits)no));
}
INLINE wide widened(const real *from) { return __builtin_convertvector(*(const part *)from, wide); }

static int64_t blocks(const Gate *g) { return ceiling(g->units, UNITS); }

/* The first unit of a block. The last block overlaps with the one before it if units is no multiple of UNITS. */
static int64_t block_start(const Gate *g, int64_t block) {
    const int64_t start = block * UNITS, last = g->units - UNITS;
    return start <= last ? start : last < 0 ? 0 : last;
}

/* The number of the bin of each value: floor(value * per_one) - first_bin, limited to the bins. */
INLINE index8 bin_index(wide value, const Gate *g, int is_signed) {
    const wide low = splat((double)g->first_bin), high = splat((double)(g->first_bin + g->bins - 1));
    wide place = value * splat((double)g->per_one);
    place = choose(place < low, low, place);
    place = choose(place > high, high, place);
    if (is_signed) {
        const wide whole = __builtin_convertvector(__builtin_convertvector(place, index32), wide);
        place = choose(place == place, choose(whole > place, whole - 1, whole) - low, place);
    }
    place = choose(place == place, place, splat(NO_BIN));
    return __builtin_convertvector(__builtin_convertvector(place, index32), index8);
}

/* The sums of one block while a tile is read. */
typedef struct {
    wide first[PARTS], second[PARTS], change[PARTS], products[PARTS], origin[PARTS], partner_origin[PARTS];
} Block;

/* Copy the units of a block to a place with room for whole vectors. Only for gates with fewer units than a block. */
INLINE const real *copied(real *to, const real *from, int64_t units) {
    for (int64_t u = 0; u < units; u++) to[u] = from[u];
    return to;
}

INLINE void add_row(Block *s, const Gate *g, const real *value, const real *partner, uint8_t *index, int has_previous,
                    int has_partner, int is_signed, int narrow) {
    real now[UNITS] = {0}, previous[UNITS] = {0}, other[UNITS] = {0};
    const real *before = value - g->step_stride;
    if (narrow) {
        if (has_previous) before = copied(previous, before, g->units);
        if (has_partner) partner = copied(other, partner, g->units);
        value = copied(now, value, g->units);
    }
    UNROLL for (int p = 0; p < PARTS; p++) {
        const wide x = widened(value + p * LANES), d = x - s->origin[p];
        s->first[p] += d;
        s->second[p] += d * d;
        if (has_previous) s->change[p] += magnitude(x - widened(before + p * LANES));
        if (has_partner) s->products[p] += d * (widened(partner + p * LANES) - s->partner_origin[p]);
        const index8 i = bin_index(x, g, is_signed);
        memcpy(index + p * LANES, &i, LANES);
    }
}

/* Count the indices (rows, UNITS) into counts (bins, UNITS). */
static void count_rows(uint8_t *index, int64_t rows, int64_t bins, uint32_t *counts) {
    const int64_t padded = ceiling(rows * UNITS, BYTES) * BYTES;
    memset(index + rows * UNITS, NO_BIN, (size_t)(padded - rows * UNITS));
    for (int64_t bin = 0; bin < bins; bin += COUNTED_BINS) {
        bytes found[COUNTED_BINS] = {{0}};
        for (int64_t i = 0; i < padded; i += BYTES) {
            const bytes x = *(const bytes *)(index + i);
            UNROLL for (int k = 0; k < COUNTED_BINS; k++) found[k] -= (bytes)(x == (uint8_t)(bin + k));
        }
        for (int k = 0; k < COUNTED_BINS; k++) {
            uint32_t *to = counts + (bin + k) * UNITS;
            const uint8_t *from = (const uint8_t *)&found[k];
            UNROLL for (int i = 0; i < BYTES; i += 8) {
                *(eight32 *)(to + i % UNITS) += __builtin_convertvector(*(const eight *)(from + i), eight32);
            }
        }
    }
}

/* Add the steps t0 .. t1 of the examples b0 .. b1 of one block to `sums` (SUMS, UNITS) and `counts` (bins, UNITS). */
INLINE void add_tile(const Batch *a, const Gate *g, int64_t start, int64_t b0, int64_t b1, int64_t t0, int64_t t1,
                     double *sums, uint32_t *counts, int has_partner, int is_signed, int narrow) {
    uint8_t index[TILE_ROWS * UNITS + BYTES] __attribute__((aligned(BYTES)));
    const Gate *partner = has_partner ? a->gate + g->partner : g;
    int64_t rows = 0;
    double origin[2][UNITS] = {{0}};
    for (int64_t u = 0; u < least(UNITS, g->units); u++) {
        origin[0][u] = g->origin[start + u];
        origin[1][u] = partner->origin[start + u];
    }
    Block s;
    memset(&s, 0, sizeof s);
    memcpy(s.origin, origin[0], sizeof origin[0]);
    memcpy(s.partner_origin, origin[1], sizeof origin[1]);
    for (int64_t t = t0; t < t1; t++) {
        const real *values = g->values + t * g->step_stride + start;
        const real *others = partner->values + t * partner->step_stride + start;
        for (int64_t b = b0; b < b1; b++) {
            if (t >= a->lengths[b]) continue;
            const real *value = values + b * g->example_stride, *other = others + b * partner->example_stride;
            uint8_t *to = index + rows++ * UNITS;
            if (t) add_row(&s, g, value, other, to, 1, has_partner, is_signed, narrow);
            else add_row(&s, g, value, other, to, 0, has_partner, is_signed, narrow);
        }
    }
    const double *const found[SUMS] = {(double *)s.first, (double *)s.second, (double *)s.change, (double *)s.products};
    for (int i = 0; i < SUMS; i++)
        for (int u = 0; u < UNITS; u++) sums[i * UNITS + u] += found[i][u];
    count_rows(index, rows, g->bins, counts);
}

/* The same with the cases as constants, so that each has code of its own. */
static void add_tile_case(const Batch *a, const Gate *g, int64_t start, int64_t b0, int64_t b1, int64_t t0, int64_t t1,
                          double *sums, uint32_t *counts) {
#define CASE(PARTNER, SIGNED, NARROW)                                                                 \
    if ((g->partner >= 0) == PARTNER && (g->first_bin < 0) == SIGNED && (g->units < UNITS) == NARROW) \
        add_tile(a, g, start, b0, b1, t0, t1, sums, counts, PARTNER, SIGNED, NARROW);
    CASE(0, 0, 0) CASE(0, 0, 1) CASE(0, 1, 0) CASE(0, 1, 1) CASE(1, 0, 0) CASE(1, 0, 1) CASE(1, 1, 0) CASE(1, 1, 1)
}

/* Add a chunk of examples. `sums` has (SUMS, UNITS) and `counts` has (bins, UNITS) for each block of each gate. */
static void add_chunk(const Batch *a, int64_t b0, int64_t b1, double *sums, uint32_t *counts) {
    const int64_t steps = TILE_ROWS / (b1 - b0);
    int64_t T = 0;
    for (int64_t b = b0; b < b1; b++)
        if (T < a->lengths[b]) T = a->lengths[b];
    for (int64_t t = 0; t < T; t += steps) {
        double *to = sums;
        uint32_t *count = counts;
        for (int64_t i = 0; i < a->gates; i++) {
            const Gate *g = a->gate + i;
            for (int64_t block = 0; block < blocks(g); block++, to += SUMS * UNITS, count += g->bins * UNITS)
                add_tile_case(a, g, block_start(g, block), b0, b1, t, least(t + steps, T), to, count);
        }
    }
}

/* Choose the origin of each unit: the mean of the finite values in the middle of the first examples. */
static void choose_origins(const Batch *a, Gate *g) {
    for (int64_t u = 0; u < g->units; u++) {
        double total = 0;
        int64_t number = 0;
        for (int64_t b = 0, seen = 0; b < a->B && seen < SAMPLES; b++) {
            if (!a->lengths[b]) continue;
            seen++;
            const double value = g->values[a->lengths[b] / 2 * g->step_stride + b * g->example_stride + u];
            if (value - value == 0) total += value, number++;
        }
        g->origin[u] = number ? total / (double)number : 0;
    }
}

/* Add what the chunks and the threads have found for one block of a gate. The arrays of the next one are `stride` on. */
static void merge_block(Gate *g, int64_t block, const double *sums, int64_t chunks, int64_t sums_stride,
                        const uint32_t *counts, int64_t threads, int64_t counts_stride) {
    const int64_t start = block_start(g, block);
    for (int64_t u = block * UNITS; u < least(block * UNITS + UNITS, g->units); u++) {
        const int64_t lane = u - start;
        for (int i = 0; i < SUMS; i++)
            for (int64_t c = 0; c < chunks; c++) g->sums[i * g->units + u] += sums[c * sums_stride + i * UNITS + lane];
        for (int64_t bin = 0; bin < g->bins; bin++)
            for (int64_t t = 0; t < threads; t++)
                g->histogram[u * g->bins + bin] += counts[t * counts_stride + bin * UNITS + lane];
    }
}

/* Add a batch. Return 0, or 1 if there is not enough memory; then nothing was added. */
int add_batch(Batch *a) {
    const int64_t rows = least(ceiling(a->B, CHUNKS), CHUNK_ROWS), chunks = rows ? ceiling(a->B, rows) : 0;
    int64_t sums_each = 0, counts_each = 0;
    for (int64_t i = 0; i < a->gates; i++) {
        sums_each += blocks(a->gate + i) * SUMS * UNITS;
        counts_each += blocks(a->gate + i) * UNITS * a->gate[i].bins;
    }
    if (!chunks || !sums_each) return 0;
    double *sums = calloc((size_t)(chunks * sums_each), sizeof *sums);
    uint32_t *counts = calloc((size_t)(a->threads * counts_each), sizeof *counts);
    if (!sums || !counts) return free(sums), free(counts), 1;
    for (int64_t i = 0; a->first && i < a->gates; i++) choose_origins(a, a->gate + i);
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic, 1) num_threads((int)a->threads) if (a->threads > 1)
#endif
    for (int64_t c = 0; c < chunks; c++) {
#ifdef _OPENMP
        uint32_t *own = counts + omp_get_thread_num() * counts_each;
#else
        uint32_t *own = counts;
#endif
        add_chunk(a, c * rows, least(c * rows + rows, a->B), sums + c * sums_each, own);
    }
    const double *from = sums;
    const uint32_t *counted = counts;
    for (int64_t i = 0; i < a->gates; i++) {
        Gate *g = a->gate + i;
        for (int64_t block = 0; block < blocks(g); block++, from += SUMS * UNITS, counted += g->bins * UNITS)
            merge_block(g, block, from, chunks, sums_each, counted, a->threads, counts_each);
    }
    free(sums);
    free(counts);
    return 0;
}
