/* The parts that every cell's code uses: errors, addresses, packed weights, and sums of weight gradients. */

/* Report an error to the caller. The call goes on, but nobody reads its results. */
__attribute__((cold)) APART void fail(const Call *a, int64_t code) {
    __atomic_store_n(a->error, code, __ATOMIC_RELAXED);
}

/* Whether an error was reported. */
INLINE int failed(const Call *a) { return *a->error != 0; }

INLINE int64_t padded(int64_t width) { return (width + LANES - 1) / LANES * LANES; }
INLINE int64_t ceiling(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* Store a value for the backward pass. A non-temporal store goes to memory past the caches. */
INLINE void store_saved(int64_t non_temporal, real *to, vec value, int64_t next) {
#if defined(__AVX512F__)
    if (non_temporal) return _mm512_stream_si512((__m512i *)to, (__m512i)value);
#endif
    store(to, value);
    FETCHW(to + next);
    (void)non_temporal;
}

/* The number of rows of the next block: the largest number with compiled code that is not above `left` or `most`. */
static int64_t block_rows(int64_t left, int64_t most) {
    static const int64_t sizes[] = {ROW_BLOCKS};
    for (int i = 0;; i++) if (sizes[i] <= left && sizes[i] <= most) return sizes[i];
}

/* The first row of a slot. */
INLINE real *slot(const Call *a, int s, int64_t t) {
    const Stream *stream = a->stream + s;
    return stream->data + (t % stream->period) * a->B * stream->columns;
}

/* In code that has a call `a` and a sequence b: the row of a state after STEP steps. */
#define STATE_ROW(STREAM, H_PLANES, STEP) \
    (slot(a, STREAM, STEP) + (H_PLANES) * padded(a->H) + b * a->stream[STREAM].columns)

/* Copy a state (H) to a row, with zeros up to whole vectors. */
INLINE void begin_state(const Call *a, const real *state, real *row) {
    for (int64_t j = 0; j < padded(a->H); j++) row[j] = j < a->H ? state[j] : 0;
}

/* Copy a row to a state (H). */
INLINE void end_state(const Call *a, real *state, const real *row) {
    for (int64_t j = 0; j < a->H; j++) state[j] = row[j];
}

/* In code that has a call `a` and a step t: a plane's first row, and the length of a stream's rows. */
#define PLANE(STREAM, SHIFT, H_PLANES, I_PLANES) \
    (slot(a, STREAM, t + (SHIFT)) + (H_PLANES) * padded(a->H) + (I_PLANES) * padded(a->I))
#define COLUMNS(STREAM) (a->stream[STREAM].columns)
/* Whether a trace is wanted: then the stream of traced gates has a slot for each step. */
#define TRACED (a->stream[STREAM_TRACED].period == a->T)

/* The parts of a block's products: all of them, or those with x. */
enum { ALL, INPUTS };

/* The number of steps whose products with x are computed at once. */
INLINE int64_t early_steps(const Call *a) { return a->T < EARLY_STEPS ? a->T : EARLY_STEPS; }

/* The steps from `start` on as one step: their rows are neighbours in memory. It has no lengths. */
OPTIONAL Call one_long_step(const Call *a, int64_t start, int64_t end) {
    Call steps = *a;
    for (int s = 0; s < STREAMS; s++)
        steps.stream[s] = (Stream){.data = slot(a, s, start), .period = 1, .columns = COLUMNS(s)};
    steps.B = (end - start) * a->B;
    steps.lengths = NULL;
    return steps;
}

#ifdef __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLES
#endif
#endif

typedef real quad __attribute__((vector_size(4 * sizeof(real))));
typedef real loose __attribute__((vector_size(4 * sizeof(real)), aligned(sizeof(real)), may_alias));
INLINE quad four(const real *from) { return *(const loose *)from; }

/* Transpose a block of (rows, columns): to[column][row] = from[row][column], or += if `more` is not 0. lt and lf are the lengths of rows. */
INLINE void transpose(const int more, real *to, int64_t lt, const real *from, int64_t lf, int64_t rows, int64_t columns) {
    int64_t r = 0;
#ifdef SHUFFLES
    for (; r + 4 <= rows; r += 4) {
        int64_t c = 0;
        for (; c + 4 <= columns; c += 4) {
            const real *const f = from + r * lf + c;
            const quad w = four(f), x = four(f + lf), y = four(f + 2 * lf), z = four(f + 3 * lf);
            const quad wx = __builtin_shufflevector(w, x, 0, 4, 1, 5), yz = __builtin_shufflevector(y, z, 0, 4, 1, 5);
            const quad WX = __builtin_shufflevector(w, x, 2, 6, 3, 7), YZ = __builtin_shufflevector(y, z, 2, 6, 3, 7);
            const quad transposed[4] = {
                __builtin_shufflevector(wx, yz, 0, 1, 4, 5), __builtin_shufflevector(wx, yz, 2, 3, 6, 7),
                __builtin_shufflevector(WX, YZ, 0, 1, 4, 5), __builtin_shufflevector(WX, YZ, 2, 3, 6, 7)};
            UNROLL for (int i = 0; i < 4; i++) {
                real *const t = to + (c + i) * lt + r;
                *(loose *)t = more ? four(t) + transposed[i] : transposed[i];
            }
        }
        for (; c < columns; c++) for (int64_t i = r; i < r + 4; i++)
            to[c * lt + i] = more ? to[c * lt + i] + from[i * lf + c] : from[i * lf + c];
    }
#endif
    for (; r < rows; r++) for (int64_t c = 0; c < columns; c++)
        to[c * lt + r] = more ? to[c * lt + r] + from[r * lf + c] : from[r * lf + c];
}

/* Copy `some` reals, and zeros up to LANES. */
INLINE void copy_vector(real *to, const real *from, int64_t some) {
    if (some == LANES) return store(to, load(from));
    for (int64_t l = 0; l < LANES; l++) to[l] = l < some ? from[l] : 0;
}

/* Copy the weights of LANES units, from `first` on, so that those of one k lie side by side, `stride` reals apart. */
APART void pack(real *to, int64_t stride, const real *weight, int64_t K, int64_t units, int64_t first, int transposed) {
    const int64_t left = units > first ? units - first : 0, some = left < LANES ? left : LANES;
    if (transposed) {
        for (int64_t k = 0; k < K; k++) copy_vector(to + k * stride, weight + k * units + first, some);
        return;
    }
    transpose(0, to, stride, weight + first * K, K, some, K);
    for (int64_t k = 0; some < LANES && k < K; k++) for (int64_t l = some; l < LANES; l++) to[k * stride + l] = 0;
}

/* to[n][m] += sum over rows of operand[row][n] delta[row][m], for a few n and a few vectors of m, all in registers; = in
   place of += if `more` is 0. */
INLINE void outer(const int n, const int m, int more, int64_t rows, const real *operand, int64_t lo, const real *delta,
                  int64_t ld, real *to, int64_t lt) {
    vec sum[OUTER_UNITS][OUTER_VECTORS];
    UNROLL for (int i = 0; i < n; i++)
        UNROLL for (int j = 0; j < m; j++) sum[i][j] = more ? load(to + i * lt + j * LANES) : (vec){0};
    for (int64_t row = 0; row < rows; row++, operand += lo, delta += ld) {
        vec d[OUTER_VECTORS];
        UNROLL for (int j = 0; j < m; j++) d[j] = load(delta + j * LANES);
        UNROLL for (int i = 0; i < n; i++) UNROLL for (int j = 0; j < m; j++) sum[i][j] += operand[i] * d[j];
    }
    UNROLL for (int i = 0; i < n; i++) UNROLL for (int j = 0; j < m; j++) store(to + i * lt + j * LANES, sum[i][j]);
}

/* `outer` compiled for each number of units, with one vector of delta or with OUTER_VECTORS of them. */
#define OUTER_CASE(UNITS, VECTORS_OF_DELTA) \
    case UNITS: outer(UNITS, VECTORS_OF_DELTA, more, rows, operand, lo, delta, ld, to, lt); break;
#define OUTER(NAME, VECTORS_OF_DELTA) \
    APART void NAME(const Call *a, int units, int more, int64_t rows, const real *operand, int64_t lo, const real *delta, \
                    int64_t ld, real *to, int64_t lt) { \
        switch (units) { \
        OUTER_CASES(OUTER_CASE, VECTORS_OF_DELTA) \
        default: fail(a, UNKNOWN_UNITS); \
        } \
    }
OUTER(outer_one, 1)
OUTER(outer_all, OUTER_VECTORS)

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* A sum of outer products, of shape (units of the operand, vectors of delta). Threads share it in pieces. lo and ld are
   the lengths of the rows of operand and delta. */
typedef struct {
    const real *operand;
    int64_t lo, units;
    const real *delta;
    int64_t ld, vectors;
    real *to;
} OuterSum;

OPTIONAL int64_t pieces(const OuterSum *outer_sum) {
    return ceiling(outer_sum->units, OUTER_UNITS) * ceiling(outer_sum->vectors, OUTER_VECTORS);
}

OPTIONAL __attribute__((noinline)) void add_outer_products(const Call *a, const OuterSum *outer_sum, int more, int64_t rows, int64_t first, int64_t last) {
    const int64_t deep = ceiling(outer_sum->units, OUTER_UNITS), lt = outer_sum->vectors * LANES;
    for (int64_t j = first / deep; j * deep < last; j++) {
        const int64_t from = first > j * deep ? first - j * deep : 0;
        const int64_t to = last < (j + 1) * deep ? last - j * deep : deep;
        const int64_t vectors = least(outer_sum->vectors - j * OUTER_VECTORS, OUTER_VECTORS);
        for (int64_t row = 0; row < rows; row += OUTER_ROWS) {
            const int64_t some = least(rows - row, OUTER_ROWS);
            const real *delta = outer_sum->delta + row * outer_sum->ld + j * OUTER_VECTORS * LANES;
            for (int64_t i = from; i < to; i++) {
                const int64_t n = least(outer_sum->units - i * OUTER_UNITS, OUTER_UNITS);
                const real *operand = outer_sum->operand + row * outer_sum->lo + i * OUTER_UNITS;
                real *sums = outer_sum->to + i * OUTER_UNITS * lt + j * OUTER_VECTORS * LANES;
                if (vectors == OUTER_VECTORS) outer_all(a, (int)n, more || row, some, operand, outer_sum->lo, delta, outer_sum->ld, sums, lt);
                else for (int64_t v = 0; v < vectors; v++)
                    outer_one(a, (int)n, more || row, some, operand, outer_sum->lo, delta + v * LANES, outer_sum->ld, sums + v * LANES, lt);
            }
        }
    }
}

/* Write a weight's gradient, (units, K), out of a block of sums, (K, across). */
static void scatter_gradient(real *to, const real *block, int64_t across, int64_t K, int64_t units, int more) {
    if (!to) return;
    if (more) transpose(1, to, K, block, across, K, units);
    else transpose(0, to, K, block, across, K, units);
}

/* Write a pointwise weight's gradient, summed over the batch. */
OPTIONAL void sum_over_batch(real *to, const real *rows, int64_t columns, int64_t B, int64_t width) {
    for (int64_t i = 0; to && i < width; i++) to[i] = 0;
    for (int64_t b = 0; to && b < B; b++) for (int64_t i = 0; i < width; i++) to[i] += rows[b * columns + i];
}

/* The sum over `width` units of weight times delta. */
OPTIONAL real dot_product(const real *weight, const real *delta, int64_t width) {
    vec sum = {0};
    real total = 0;
    int64_t j = 0;
    for (; j + LANES <= width; j += LANES) sum += load(weight + j) * load(delta + j);
    for (int l = 0; l < LANES; l++) total += sum[l];
    for (; j < width; j++) total += weight[j] * delta[j];
    return total;
}
