/* The time loops of a cell whose products have rounded operands. They are those of drive.c, with a panel for each thread
   behind the packed weights. */

static int64_t narrow_reals(int64_t count) { return padded(ceiling(count * (int64_t)sizeof(narrow), sizeof(real))); }

/* Run all steps forward. */
void forward(const Call *given) {
    const int64_t weights = forward_reals(given), vectors = vectors_reals(given), panel = narrow_reals(forward_panel(given));
    real *packed = workspace(weights + vectors + given->threads * panel);
    if (!packed) return fail(given, NO_MEMORY);
    if (failed(given)) return release(packed);
    const Call call = with_vectors(given, packed + weights), *a = &call;
    PARALLEL(a)
    {
        const int64_t i = thread(), n = threads(), first = a->B * i / n, last = a->B * (i + 1) / n;
        narrow *const own = (narrow *)(packed + weights + vectors + i * panel);
        begin_states(a, first, last);
        forward_pack(a, packed, i, n);
        BARRIER
        if (first < last)
            for (int64_t t = 0; t < a->T; t++) forward_steps(a, packed, own, t, t + 1, first, last);
        end_states(a, first, last);
        DRAIN;
    }
    release(packed);
}

/* Whether the factors of an outer sum are rounded: a bias has none, its gradient is a sum of δ. */
INLINE int has_factors(const OuterSum *outer_sum) { return outer_sum->lo != 0; }

/* Where the rounded operand of each outer sum begins, behind the rounded δ, and how many numbers there are in all. */
static int64_t place_factors(const Call *a, int64_t rows, int64_t *start) {
    OuterSum outer_sums[OUTER_SUMS + 1];
    int64_t end = factor_rows(rows) * COLUMNS(STREAM_RING);
    set_outer_sums(a, 0, outer_sums);
    for (int j = 0; j < OUTER_SUMS; j++) {
        int same = 0;
        while (outer_sums[same].operand != outer_sums[j].operand) same++;
        start[j] = same < j ? start[same] : end;
        if (same == j && has_factors(outer_sums + j)) end += factor_rows(rows) * factor_width(outer_sums[j].units);
    }
    return end;
}

/* A thread's part of the rounding of the factors of the steps from `start` on. */
static void round_factors(const Call *a, narrow *factors, const int64_t *place, int64_t start, int64_t end) {
    const int64_t rows = (end - start) * a->B, i = thread(), n = threads();
    OuterSum outer_sums[OUTER_SUMS + 1];
    set_outer_sums(a, start, outer_sums);
    round_factor(factors, slot(a, STREAM_RING, start), COLUMNS(STREAM_RING), COLUMNS(STREAM_RING), rows, 1, i, n);
    for (int j = 0; j < OUTER_SUMS; j++) {
        int is_new = has_factors(outer_sums + j);
        for (int same = 0; same < j; same++) if (place[same] == place[j] && has_factors(outer_sums + same)) is_new = 0;
        if (is_new) round_factor(factors + place[j], outer_sums[j].operand, outer_sums[j].lo, outer_sums[j].units, rows, 0, i, n);
    }
}

/* A thread's part of the gradients of biases from step `start` on. The steps at the end come first and begin the sums. */
static void bias_gradients(const Call *a, real *const *sum_start, int64_t start, int64_t end) {
    OuterSum outer_sums[OUTER_SUMS + 1];
    set_outer_sums(a, start, outer_sums);
    for (int j = 0; j < OUTER_SUMS; j++) {
        const int64_t all = pieces(outer_sums + j), first = all * thread() / threads(), last = all * (thread() + 1) / threads();
        outer_sums[j].to = sum_start[j];
        if (!has_factors(outer_sums + j)) add_outer_products(a, outer_sums + j, end < a->T, (end - start) * a->B, first, last);
    }
}

/* The same for the gradients of matrices. It reads the rounded factors only. */
static void matrix_gradients(const Call *a, const narrow *factors, const int64_t *place, real *const *sum_start, int64_t start, int64_t end) {
    OuterSum outer_sums[OUTER_SUMS + 1];
    set_outer_sums(a, start, outer_sums);
    for (int j = 0; j < OUTER_SUMS; j++) {
        const int64_t v = (outer_sums[j].delta - slot(a, STREAM_RING, start)) / LANES;
        outer_sums[j].to = sum_start[j];
        if (has_factors(outer_sums + j))
            add_rounded_products(a, outer_sums + j, factors + place[j], factors, v, end < a->T, (end - start) * a->B);
    }
}

/* A thread's part of the gradient of x: the rows of these steps are neighbours in memory, so they are one long step. */
static void input_gradient(const Call *a, const real *packed, narrow *panel, int64_t start, int64_t end) {
    const Call long_step = one_long_step(a, start, end); /* δ is 0 where a sequence has ended */
    const int64_t first = long_step.B * thread() / threads(), last = long_step.B * (thread() + 1) / threads();
    if (first < last) input_steps(&long_step, packed, panel, 0, 1, first, last);
}

/* Run all steps backward, some at a time: their δ, then the gradients that read them, while they are in the cache. A
   thread that begins the next steps may overwrite δ, but not the factors: it rounds those behind a barrier. */
void backward(const Call *given) {
    const int64_t weights = padded(backward_reals(given)), vectors = vectors_reals(given), sums = all_sums_reals(given);
    const int64_t panel = narrow_reals(backward_panel(given)), panels = given->threads * panel;
    int64_t place[OUTER_SUMS + 1];
    const int64_t count = narrow_reals(place_factors(given, given->ring_steps * given->B, place));
    real *packed = workspace(weights + vectors + sums + panels + count), *sum_start[OUTER_SUMS + 1];
    if (!packed) return fail(given, NO_MEMORY);
    if (failed(given)) return release(packed);
    const Call call = with_vectors(given, packed + weights), *a = &call;
    place_sums(a, packed + weights + vectors, sum_start);
    narrow *const factors = (narrow *)(packed + weights + vectors + sums + panels);
    PARALLEL(a)
    {
        const int64_t i = thread(), n = threads(), first = a->B * i / n, last = a->B * (i + 1) / n;
        narrow *const own = (narrow *)(packed + weights + vectors + sums + i * panel);
        backward_pack(a, packed, i, n);
        BARRIER
        for (int64_t start = (a->T - 1) / a->ring_steps * a->ring_steps; start >= 0; start -= a->ring_steps) {
            const int64_t end = start + a->ring_steps < a->T ? start + a->ring_steps : a->T;
            if (first < last)
                for (int64_t t = end - 1; t >= start; t--) backward_steps(a, packed, own, t, t + 1, first, last);
            BARRIER
            if (a->wants_input) input_gradient(a, packed, own, start, end);
            bias_gradients(a, sum_start, start, end);
            round_factors(a, factors, place, start, end);
            BARRIER
            matrix_gradients(a, factors, place, sum_start, start, end);
        }
        if (a->wants_start && first < last) arriving_steps(a, packed, own, -1, 0, first, last);
    }
    scatter_gradients(a, sum_start);
    release(packed);
}
