/* Rounded operands as float32, multiplied as all float32 are. This form runs on every processor.

   A panel has a row for each sequence, and a row has whole vectors. */

typedef real narrow; /* a rounded number */

INLINE int64_t narrowed(int64_t K) { return padded(K); }
INLINE int64_t packed_units(int64_t K) { return K; }
enum { WEIGHT_REALS = LANES }; /* from the packed weights of one vector of units to the next */

/* Round `rows` rows of K numbers, `columns` apart. */
OPTIONAL void round_rows(narrow *to, const real *from, int64_t columns, int64_t K, int64_t rows) {
    for (int64_t r = 0; r < rows; r++, from += columns, to += padded(K)) {
        int64_t k = 0;
        for (; k + LANES <= K; k += LANES) store(to + k, rounded(load(from + k)));
        if (k == K) continue;
        copy_vector(to + k, from + k, K - k);
        store(to + k, rounded(load(to + k)));
    }
}

/* `pack`, and round the weights. */
OPTIONAL void pack_rounded(real *to, int64_t stride, const real *weight, int64_t K, int64_t units, int64_t first, int transposed) {
    pack(to, stride, weight, K, units, first, transposed);
    for (int64_t k = 0; k < K; k++, to += stride) store(to, rounded(load(to)));
}

/* The factors of the weight gradients of some steps: a row for each sequence and step. */
static int64_t factor_width(int64_t units) { return padded(units); }
static int64_t factor_rows(int64_t rows) { return rows; }

/* A thread's part of the rounding of factors, of shape (rows, width); `is_delta` makes no difference here. */
static void round_factor(narrow *to, const real *from, int64_t columns, int64_t width, int64_t rows, int is_delta, int64_t i, int64_t n) {
    const int64_t first = rows * i / n, last = rows * (i + 1) / n;
    round_rows(to + first * padded(width), from + first * columns, columns, width, last - first);
    (void)is_delta;
}

/* Add a thread's part of the products of rounded factors to an outer sum. `v` is the number of its first vector of delta. */
static void add_rounded_products(const Call *a, const OuterSum *outer_sum, const narrow *operand, const narrow *deltas, int64_t v, int more, int64_t rows) {
    const int64_t i = thread(), n = threads(), all = pieces(outer_sum);
    OuterSum own = *outer_sum;
    own.operand = operand, own.lo = padded(own.units), own.delta = deltas + v * LANES, own.ld = COLUMNS(STREAM_RING);
    add_outer_products(a, &own, more, rows, all * i / n, all * (i + 1) / n);
}
