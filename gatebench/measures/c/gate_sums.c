/* The sums of gate traces: each value of a trace is read once. REAL is float or double.

   The values of a gate have the shape (T, B, units). A row is one step of one example. A block is 16 units, so that the
   sums of a block stay in registers. Examples are divided into chunks and steps into tiles; a tile of a chunk has at
   most TILE_ROWS rows and stays in the cache while its blocks are read. The number of chunks depends on T and B alone,
   and the sums of the chunks are added in their order, so a result does not depend on the number of threads. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#ifdef __SSE2__
#include <immintrin.h>
#endif

/* BYTES: in a vector of doubles. COUNT_BYTES: in a vector of counters. */
#if defined(__AVX512BW__) && defined(__AVX512VL__)
#define BYTES 64
#define COUNT_BYTES 32
#define WIDE(NAME) _mm512_##NAME
#elif defined(__AVX2__)
#define BYTES 32
#define COUNT_BYTES 32
#define WIDE(NAME) _mm256_##NAME
#else
#define BYTES 16
#define COUNT_BYTES 16
#define WIDE(NAME) _mm_##NAME
#endif

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 32")

enum {
    UNITS = 16,                /* units in a block */
    LANES = BYTES / 8,         /* doubles in a vector */
    PARTS = UNITS / LANES,     /* vectors of doubles in a block */
    TILE_ROWS = COUNT_BYTES / UNITS * 250, /* a counter has 8 bits, and counts each (COUNT_BYTES / UNITS)-th row */
    COUNTED_BINS = 5,          /* counters and bins that fit in registers */
    CHUNKS = 8,                /* chunks of examples; see chunk_rows */
    CHUNK_ROWS = 64,
    LINE = 64,                 /* bytes in a line of the cache */
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
typedef uint8_t counters __attribute__((vector_size(COUNT_BYTES), may_alias));

/* One gate of one layer. The arrays behind the pointers below `values` are added to. */
typedef struct {
    const real *values;      /* (T, B, units); the stride of units is 1, and UNITS numbers can be read of each row */
    int64_t step_stride;     /* numbers from one step to the next */
    int64_t example_stride;  /* numbers from one example to the next */
    int64_t units;
    int64_t per_one;         /* bins in an interval of length 1 */
    int64_t first_bin;       /* the lower edge of bin 0, in bins */
    int64_t bins;
    int64_t partner;         /* the number of the gate for the sums of products, or -1; it has as many units */
    double *origin;          /* (units): a value near the mean; sums are those of deviations from it */
    double *sums;            /* (blocks, SUMS, UNITS): deviations, their squares, |changes|, products */
    int64_t *histogram;      /* (blocks, bins, UNITS) */
} Gate;

typedef struct {
    int64_t T, B, gates, threads;
    int64_t first;           /* whether this is the first batch, in which the origins are chosen */
    const int64_t *lengths;  /* (B): from 0 to T; NULL if all examples have T steps */
    Gate *gate;
    int64_t steps, pairs;    /* results: the number of rows, and of pairs of successive rows */
} Batch;

/* What `add_batch` returns. */
enum { ADDED, NO_MEMORY, WRONG_LENGTH };

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t ceiling(int64_t a, int64_t b) { return (a + b - 1) / b; }
INLINE wide splat(double value) { return value - (wide){0}; }
INLINE wide magnitude(wide x) { return (wide)((wide_bits)x & (INT64_MAX - (wide_bits){0})); }
INLINE wide choose(wide_bits mask, wide yes, wide no) {
    return (wide)((mask & (wide_bits)yes) | (~mask & (wide_bits)no));
}

/* LANES values as doubles. The compiler would split a conversion to vectors of 64 bytes. */
INLINE wide widened(const real *from) {
#if BYTES == 64
    if (sizeof(real) == 4) return (wide)_mm512_cvtps_pd(_mm256_loadu_ps((const float *)from));
#endif
    return __builtin_convertvector(*(const part *)from, wide);
}

INLINE int64_t length(const Batch *a, int64_t b) { return a->lengths ? a->lengths[b] : a->T; }

static int64_t blocks(const Gate *g) { return ceiling(g->units, UNITS); }

/* The first unit of a block. The last block overlaps with the one before it if units is no multiple of UNITS. */
static int64_t block_start(const Gate *g, int64_t block) {
    const int64_t start = block * UNITS, last = g->units - UNITS;
    return start <= last ? start : last < 0 ? 0 : last;
}

/* The smaller and the greater of two numbers; NaN if b is NaN. */
INLINE wide smaller(wide a, wide b) {
#ifdef __SSE2__
    return (wide)WIDE(min_pd)(a, b);
#else
    return choose(a < b, a, b);
#endif
}
INLINE wide greater(wide a, wide b) {
#ifdef __SSE2__
    return (wide)WIDE(max_pd)(a, b);
#else
    return choose(a > b, a, b);
#endif
}

INLINE wide rounded_down(wide x) {
#ifdef __SSE4_1__
    return (wide)WIDE(floor_pd)(x);
#else
    const wide whole = __builtin_convertvector(__builtin_convertvector(x, index32), wide);
    return choose(x == x, choose(whole > x, whole - 1, whole), x);
#endif
}

/* How values are put into bins: floor(value * scale), limited to low .. high, minus low. */
typedef struct {
    wide scale, low, high;
} Bins;

/* Write the number of the bin of each value, or NO_BIN. */
INLINE void store_index(uint8_t *to, wide value, Bins bins, int is_signed) {
    wide place = smaller(bins.high, greater(bins.low, value * bins.scale));
    if (is_signed) place = rounded_down(place) - bins.low;
#if BYTES == 64
    _mm_storel_epi64((__m128i *)to, _mm256_cvtusepi32_epi8(_mm512_cvttpd_epi32((__m512d)place))); /* NaN becomes 255 */
#else
    place = choose(place == place, place, splat(NO_BIN));
    const index8 index = __builtin_convertvector(__builtin_convertvector(place, index32), index8);
    memcpy(to, &index, LANES);
#endif
}

/* The sums of one block while a tile is read. */
typedef struct {
    wide first[PARTS], second[PARTS], change[PARTS], products[PARTS], origin[PARTS], partner_origin[PARTS];
} Block;

/* Add one row to a block, and keep its values in `before`. The row's next block is fetched from memory meanwhile. */
INLINE void add_row(Block *s, Bins bins, const real *value, const real *partner, wide *before, uint8_t *index,
                    int has_previous, int has_partner, int is_signed) {
    UNROLL for (int i = 0; i < UNITS; i += LINE / (int)sizeof(real)) __builtin_prefetch(value + UNITS + i);
    UNROLL for (int p = 0; p < PARTS; p++) {
        const wide x = widened(value + p * LANES), d = x - s->origin[p];
        s->first[p] += d;
        s->second[p] += d * d;
        if (has_previous) s->change[p] += magnitude(x - before[p]);
        before[p] = x;
        if (has_partner) s->products[p] += d * (widened(partner + p * LANES) - s->partner_origin[p]);
        store_index(index + p * LANES, x, bins, is_signed);
    }
}

/* Add the steps t .. end of one example to a block. */
INLINE void add_steps(Block *s, Bins bins, const real *value, int64_t stride, const real *partner,
                      int64_t partner_stride, int64_t t, int64_t end, uint8_t *index, int has_partner, int is_signed) {
    wide before[PARTS];
    if (t) {
        UNROLL for (int p = 0; p < PARTS; p++) before[p] = widened(value - stride + p * LANES);
    } else {
        add_row(s, bins, value, partner, before, index, 0, has_partner, is_signed);
        value += stride, partner += partner_stride, index += UNITS, t++;
    }
    for (; t < end; t++, value += stride, partner += partner_stride, index += UNITS)
        add_row(s, bins, value, partner, before, index, 1, has_partner, is_signed);
}

/* Add the counters of one bin to `to` (UNITS). */
INLINE void add_counters(uint32_t *to, counters found) {
    uint8_t stored[COUNT_BYTES] __attribute__((aligned(COUNT_BYTES)));
    memcpy(stored, &found, sizeof stored);
#ifdef __AVX2__
    UNROLL for (int i = 0; i < COUNT_BYTES; i += 8) {
        __m256i *sum = (__m256i *)(to + i % UNITS);
        const __m256i more = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(stored + i)));
        _mm256_storeu_si256(sum, _mm256_add_epi32(_mm256_loadu_si256(sum), more));
    }
#else
    for (int i = 0; i < COUNT_BYTES; i++) to[i % UNITS] += stored[i];
#endif
}

/* Count the indices (rows, UNITS) into counts (bins, UNITS). */
static void count_rows(uint8_t *index, int64_t rows, int64_t bins, uint32_t *counts) {
    const int64_t padded = ceiling(rows * UNITS, COUNT_BYTES) * COUNT_BYTES;
    memset(index + rows * UNITS, NO_BIN, (size_t)(padded - rows * UNITS));
    for (int64_t bin = 0; bin < bins; bin += COUNTED_BINS) {
        counters found[COUNTED_BINS] = {{0}};
        for (int64_t i = 0; i < padded; i += COUNT_BYTES) {
            const counters x = *(const counters *)(index + i);
            UNROLL for (int k = 0; k < COUNTED_BINS; k++) found[k] -= (counters)(x == (uint8_t)(bin + k));
        }
        UNROLL for (int k = 0; k < COUNTED_BINS; k++) add_counters(counts + (bin + k) * UNITS, found[k]);
    }
}

/* Add the steps t0 .. t1 of the examples b0 .. b1 of one block to `sums` (SUMS, UNITS) and `counts` (bins, UNITS). */
INLINE void add_tile(const Batch *a, const Gate *g, int64_t start, int64_t b0, int64_t b1, int64_t t0, int64_t t1,
                     double *sums, uint32_t *counts, int has_partner, int is_signed) {
    uint8_t index[TILE_ROWS * UNITS + COUNT_BYTES] __attribute__((aligned(COUNT_BYTES)));
    const wide low = splat((double)g->first_bin), high = splat((double)(g->first_bin + g->bins - 1));
    const Bins bins = {splat((double)g->per_one), low, high};
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
    for (int64_t b = b0; b < b1; b++) {
        const int64_t end = least(t1, length(a, b));
        if (t0 >= end) continue;
        const real *value = g->values + t0 * g->step_stride + b * g->example_stride + start;
        const real *other = partner->values + t0 * partner->step_stride + b * partner->example_stride + start;
        add_steps(&s, bins, value, g->step_stride, other, partner->step_stride, t0, end, index + rows * UNITS,
                  has_partner, is_signed);
        rows += end - t0;
    }
    const double *const found[SUMS] = {(double *)s.first, (double *)s.second, (double *)s.change, (double *)s.products};
    for (int i = 0; i < SUMS; i++)
        for (int u = 0; u < UNITS; u++) sums[i * UNITS + u] += found[i][u];
    count_rows(index, rows, g->bins, counts);
}

/* The same with the cases as constants, so that each has code of its own. */
static void add_tile_case(const Batch *a, const Gate *g, int64_t start, int64_t b0, int64_t b1, int64_t t0, int64_t t1,
                          double *sums, uint32_t *counts) {
#define CASE(PARTNER, SIGNED)                                     \
    if ((g->partner >= 0) == PARTNER && (g->first_bin < 0) == SIGNED) \
        add_tile(a, g, start, b0, b1, t0, t1, sums, counts, PARTNER, SIGNED);
    CASE(0, 0) CASE(0, 1) CASE(1, 0) CASE(1, 1)
}

/* Add a chunk of examples. `sums` has (SUMS, UNITS) and `counts` has (bins, UNITS) for each block of each gate. */
static void add_chunk(const Batch *a, int64_t b0, int64_t b1, double *sums, uint32_t *counts) {
    int64_t T = 0;
    for (int64_t b = b0; b < b1; b++)
        if (T < length(a, b)) T = length(a, b);
    const int64_t tiles = ceiling(T, TILE_ROWS / (b1 - b0)), steps = tiles ? ceiling(T, tiles) : 1;
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
            if (!length(a, b)) continue;
            seen++;
            const double value = g->values[length(a, b) / 2 * g->step_stride + b * g->example_stride + u];
            if (value - value == 0) total += value, number++;
        }
        g->origin[u] = number ? total / (double)number : 0;
    }
}

/* Add the sums of the chunks and the counts of the threads to a gate. The arrays of the next chunk or thread are
   `stride` numbers on. */
static void merge_gate(Gate *g, const double *sums, int64_t chunks, int64_t sums_stride, const uint32_t *counts,
                       int64_t threads, int64_t counts_stride) {
    for (int64_t c = 0; c < chunks; c++)
        for (int64_t i = 0; i < blocks(g) * SUMS * UNITS; i++) g->sums[i] += sums[c * sums_stride + i];
    for (int64_t t = 0; t < threads; t++)
        for (int64_t i = 0; i < blocks(g) * g->bins * UNITS; i++) g->histogram[i] += counts[t * counts_stride + i];
}

/* The number of examples in a chunk: an eighth of the batch, but no less than fill a tile. */
static int64_t chunk_rows(const Batch *a) {
    const int64_t filling = TILE_ROWS / a->T, eighth = ceiling(a->B, CHUNKS);
    return least(eighth > filling ? eighth : filling, CHUNK_ROWS);
}

/* Add a batch. Return ADDED; otherwise nothing was added. */
int add_batch(Batch *a) {
    a->steps = a->pairs = 0;
    for (int64_t b = 0; b < a->B; b++) {
        const int64_t steps = length(a, b);
        if (steps < 0 || steps > a->T) return WRONG_LENGTH;
        a->steps += steps;
        a->pairs += steps ? steps - 1 : 0;
    }
    if (!a->steps) return ADDED;
    const int64_t rows = chunk_rows(a), chunks = ceiling(a->B, rows);
    int64_t sums_each = 0, counts_each = 0;
    for (int64_t i = 0; i < a->gates; i++) {
        sums_each += blocks(a->gate + i) * SUMS * UNITS;
        counts_each += blocks(a->gate + i) * UNITS * a->gate[i].bins;
    }
    double *sums = calloc((size_t)(chunks * sums_each), sizeof *sums);
    uint32_t *counts = calloc((size_t)(a->threads * counts_each), sizeof *counts);
    if (!sums || !counts) return free(sums), free(counts), NO_MEMORY;
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
        merge_gate(g, from, chunks, sums_each, counted, a->threads, counts_each);
        from += blocks(g) * SUMS * UNITS;
        counted += blocks(g) * g->bins * UNITS;
    }
    free(sums);
    free(counts);
    return ADDED;
}
