/* The time loops. Each thread owns a slice of the batch for the whole sequence, so no step waits for another thread;
   weight gradients are split by weight and not by sequence, so their sums do not depend on the number of threads. */

/* Run all steps forward; 0 when there was no memory for it. */
int forward(const Call *a) {
    real *packed = workspace(forward_reals(a));
    if (!packed) return 0;
    PARALLEL(a)
    {
        const int64_t i = thread(), n = threads(), first = a->B * i / n, last = a->B * (i + 1) / n;
        forward_pack(a, packed, i, n);
        BARRIER
        if (first < last)
            for (int64_t t = 0; t < a->T; t++) forward_steps(a, packed, t, t + 1, first, last);
        DRAIN;
    }
    free(packed);
    return 1;
}

static void weight_gradients(const Call *a, const Job *jobs, int64_t rows, int64_t i, int64_t n) {
    int64_t total = 0, seen = 0;
    for (int j = 0; j < JOBS; j++) total += blocks(jobs + j);
    const int64_t first = total * i / n, last = total * (i + 1) / n;
    for (int j = 0; j < JOBS; j++) {
        const int64_t here = blocks(jobs + j), from = first - seen, to = last - seen;
        run_job(jobs + j, rows, from > 0 ? from : 0, to < here ? to : here);
        seen += here;
    }
    (void)a;
}

/* Run all steps backward, some at a time: their δ, then the weight gradients of these while δ is in the cache. */
int backward(const Call *a) {
    real *packed = workspace(backward_reals(a));
    if (!packed) return 0;
    PARALLEL(a)
    {
        const int64_t i = thread(), n = threads(), first = a->B * i / n, last = a->B * (i + 1) / n;
        backward_pack(a, packed, i, n);
        BARRIER
        for (int64_t start = (a->T - 1) / a->rows * a->rows; start >= 0; start -= a->rows) {
            const int64_t end = start + a->rows < a->T ? start + a->rows : a->T;
            if (first < last) {
                for (int64_t t = end - 1; t >= start; t--) backward_steps(a, packed, t, t + 1, first, last);
                if (a->wants_input) input_steps(a, packed, start, end, first, last);
            }
            BARRIER
            Job jobs[JOBS + 1];
            gradient_jobs(a, start, jobs);
            weight_gradients(a, jobs, (end - start) * a->B, i, n);
            BARRIER
        }
        if (a->wants_start && first < last) arriving_steps(a, packed, -1, 0, first, last);
    }
    free(packed);
    return 1;
}
