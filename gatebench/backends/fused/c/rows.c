/* The time loops of cells that are run by rows. Each group of the batch has its own sums of weight gradients. The groups
   are the same for any number of threads. Their sums are added up in the order of the groups at the end. */

#define EACH_I UNROLL for (int k = 0; k < I; k++)

static void forward_rows(const Call *a, const real *w, int64_t t, int64_t from, int64_t until);
static void backward_rows(const Call *a, const real *w, real *sums, int64_t t, int64_t from, int64_t until);
static void arriving_steps(const Call *a, const real *w, int64_t from, int64_t until, int64_t first, int64_t last);
static void begin_states(const Call *a, int64_t first, int64_t last);
static void end_states(const Call *a, int64_t first, int64_t last);

/* The product of a row of x with the weights of LANES units. */
INLINE vec input_product(const int I, const real *x, const real *w, int64_t P) {
    vec sum = x[0] * load(w);
    UNROLL for (int k = 1; k < I; k++) sum += x[k] * load(w + k * P);
    return sum;
}

/* Set the padding of a vector of units to 0; `left` is the number of units from its start. */
INLINE vec zero_padding(vec v, int64_t left) {
    for (int l = 0; left < LANES && l < LANES; l++) if (l >= left) v[l] = 0;
    return v;
}

INLINE real lane_sum(vec v) {
    real part[LANES];
    store(part, v);
    UNROLL for (int half = LANES / 2; half; half /= 2)
        UNROLL for (int l = 0; l < half; l++) part[l] += part[l + half];
    return part[0];
}

static int64_t groups(const Call *a) { return a->B < ROWS_AT_ONCE * ROW_GROUPS ? ceiling(a->B, ROWS_AT_ONCE) : ROW_GROUPS; }
static int64_t group_start(const Call *a, int64_t group) { return a->B * group / groups(a); }

static void pack_rows(const Call *a, real *to) {
    const int64_t P = padded(a->H);
    for (int i = 0; i < WEIGHTS; i++, to += a->I * P)
        for (int64_t j = 0; j < P; j += LANES) pack(to + j, P, a->weight[i], a->I, a->H, j, 0);
}

/* Run all steps forward. */
void forward(const Call *given) {
    const int64_t weights = WEIGHTS * given->I * padded(given->H);
    real *packed = workspace(weights + vectors_reals(given));
    if (!packed) return fail(given, NO_MEMORY);
    if (failed(given)) return release(packed);
    const Call call = with_vectors(given, packed + weights), *a = &call;
    pack_rows(a, packed);
    PARALLEL(a)
    {
        const int64_t first = a->B * thread() / threads(), last = a->B * (thread() + 1) / threads();
        begin_states(a, first, last);
        for (int64_t t = 0; t < a->T; t++) forward_rows(a, packed, t, first, last);
        end_states(a, first, last);
        DRAIN;
    }
    release(packed);
}

/* Run all steps backward. */
void backward(const Call *given) {
    const int64_t weights = WEIGHTS * given->I * padded(given->H), vectors = vectors_reals(given);
    const int64_t size = all_sums_reals(given), all = groups(given) * size;
    real *packed = workspace(weights + vectors + all), *sums = packed + weights + vectors, *sum_start[OUTER_SUMS + 1];
    if (!packed) return fail(given, NO_MEMORY);
    if (failed(given)) return release(packed);
    const Call call = with_vectors(given, packed + weights), *a = &call;
    pack_rows(a, packed);
    memset(sums, 0, (size_t)all * sizeof(real));
    PARALLEL(a)
    {
        const int64_t from = groups(a) * thread() / threads(), until = groups(a) * (thread() + 1) / threads();
        for (int64_t t = a->T - 1; t >= 0; t--) backward_rows(a, packed, sums, t, from, until);
        if (a->wants_start) arriving_steps(a, packed, -1, 0, group_start(a, from), group_start(a, until));
    }
    for (int64_t group = 1; group < groups(a); group++)
        for (int64_t i = 0; i < size; i++) sums[i] += sums[group * size + i];
    place_sums(a, sums, sum_start);
    scatter_gradients(a, sum_start);
    release(packed);
}
