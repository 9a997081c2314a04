/* The time loops. Each thread owns a slice of the batch for the whole sequence, so no step waits for another thread;
   weight gradients are split by weight and not by sequence, so their sums do not depend on the number of threads. */

/* Run all steps forward. */
void forward(const Call *given) {
    const int64_t weights = forward_reals(given), vectors = vectors_reals(given);
    const int64_t early = given->B == 1 && given->T > 1 ? begun_reals(given) : 0;
    real *packed = workspace(weights + vectors + early);
    if (!packed) return fail(given, NO_MEMORY);
    if (failed(given)) return release(packed);
    Call call = with_vectors(given, packed + weights);
    call.begun = early ? packed + weights + vectors : NULL;
    const Call *a = &call;
    PARALLEL(a)
    {
        const int64_t i = thread(), n = threads(), first = a->B * i / n, last = a->B * (i + 1) / n;
        begin_states(a, first, last);
        forward_pack(a, packed, i, n);
        BARRIER
        if (first < last)
            for (int64_t t = 0; t < a->T; t++) {
                if (early && t % EARLY_STEPS == 0) begin_inputs(a, packed, a->begun, t);
                forward_steps(a, packed, t, t + 1, first, last);
            }
        end_states(a, first, last);
        DRAIN;
    }
    release(packed);
}

/* A thread's part of the weight gradients from step `start` on. The steps at the end come first and begin the sums. */
static void weight_gradients(const Call *a, real *const *sum_start, int64_t start, int64_t end) {
    OuterSum outer_sums[OUTER_SUMS + 1];
    int64_t total = 0, seen = 0;
    set_outer_sums(a, start, outer_sums);
    for (int j = 0; j < OUTER_SUMS; j++) outer_sums[j].to = sum_start[j], total += pieces(outer_sums + j);
    const int64_t first = total * thread() / threads(), last = total * (thread() + 1) / threads();
    for (int j = 0; j < OUTER_SUMS; j++) {
        const int64_t here = pieces(outer_sums + j), from = first - seen, to = last - seen;
        add_outer_products(a, outer_sums + j, end < a->T, (end - start) * a->B, from > 0 ? from : 0, to < here ? to : here);
        seen += here;
    }
}

/* A thread's part of the gradient of x: the rows of these steps are neighbours in memory, so they are one long step. */
static void input_gradient(const Call *a, const real *packed, int64_t start, int64_t end) {
    const Call long_step = one_long_step(a, start, end); /* δ is 0 where a sequence has ended */
    const int64_t first = long_step.B * thread() / threads(), last = long_step.B * (thread() + 1) / threads();
    if (first < last) input_steps(&long_step, packed, 0, 1, first, last);
}

/* Run all steps backward, some at a time: their δ, then the gradients that read them, while they are in the cache. */
void backward(const Call *given) {
    const int64_t weights = backward_reals(given), vectors = vectors_reals(given), sums = all_sums_reals(given);
    real *packed = workspace(weights + vectors + sums), *sum_start[OUTER_SUMS + 1];
    if (!packed) return fail(given, NO_MEMORY);
    if (failed(given)) return release(packed);
    const Call call = with_vectors(given, packed + weights), *a = &call;
    place_sums(a, packed + weights + vectors, sum_start);
    PARALLEL(a)
    {
        const int64_t i = thread(), n = threads(), first = a->B * i / n, last = a->B * (i + 1) / n;
        backward_pack(a, packed, i, n);
        BARRIER
        for (int64_t start = (a->T - 1) / a->ring_steps * a->ring_steps; start >= 0; start -= a->ring_steps) {
            const int64_t end = start + a->ring_steps < a->T ? start + a->ring_steps : a->T;
            if (first < last)
                for (int64_t t = end - 1; t >= start; t--) backward_steps(a, packed, t, t + 1, first, last);
            BARRIER
            if (a->wants_input) input_gradient(a, packed, start, end);
            weight_gradients(a, sum_start, start, end);
            BARRIER
        }
        if (a->wants_start && first < last) arriving_steps(a, packed, -1, 0, first, last);
    }
    scatter_gradients(a, sum_start);
    release(packed);
}
