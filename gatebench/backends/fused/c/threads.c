/* The parts that both kinds of time loops use: threads, memory to work in, and the writing of gradients. */

const int64_t lanes = LANES;

#ifdef _OPENMP
#define PARALLEL(a) _Pragma("omp parallel num_threads((int)(a)->threads) if ((a)->threads > 1)")
#define BARRIER _Pragma("omp barrier")
const int64_t threaded = 1;
static int64_t thread(void) { return omp_get_thread_num(); }
static int64_t threads(void) { return omp_get_num_threads(); }
#else
#define PARALLEL(a)
#define BARRIER
const int64_t threaded = 0;
static int64_t thread(void) { return 0; }
static int64_t threads(void) { return 1; }
#endif

/* Memory to work in. One piece of up to KEPT_BYTES is kept for the next call: its lines are in the caches, and the
   allocator need not look for it. The line before what is returned has the size in bytes. */
enum { KEPT_BYTES = 1 << 22 };
static char *kept_memory = NULL;

static real *workspace(int64_t reals) {
    const int64_t bytes = ceiling((reals + LANES) * (int64_t)sizeof(real), LINE_BYTES) * LINE_BYTES + LINE_BYTES;
    char *memory = __atomic_exchange_n(&kept_memory, NULL, __ATOMIC_ACQ_REL);
    if (!memory || *(int64_t *)memory < bytes) {
        free(memory);
        memory = aligned_alloc(LINE_BYTES, (size_t)bytes);
        if (!memory) return NULL;
        *(int64_t *)memory = bytes;
    }
    return (real *)(memory + LINE_BYTES);
}

static void release(real *work) {
    char *memory = (char *)work - LINE_BYTES;
    if (*(int64_t *)memory <= KEPT_BYTES) memory = __atomic_exchange_n(&kept_memory, memory, __ATOMIC_ACQ_REL);
    free(memory);
}

static int64_t vector_width(const Call *a, int number);
static int64_t sum_reals(const Call *a, int number);
static void scatter_gradients(const Call *a, real *const *sum_start);

static int64_t vectors_reals(const Call *a) {
    int64_t reals = 0;
    for (int i = 0; i < VECTORS; i++) reals += padded(vector_width(a, i));
    return reals;
}

/* The call with its pointwise weights copied to whole vectors, with zeros behind. */
static Call with_vectors(const Call *a, real *to) {
    Call own = *a;
    for (int i = 0; i < VECTORS; i++) {
        const int64_t width = vector_width(a, i);
        for (int64_t j = 0; j < padded(width); j++) to[j] = j < width ? a->vector[i][j] : 0;
        own.vector[i] = to;
        to += padded(width);
    }
    return own;
}

/* The sums of all weight gradients, one `OuterSum` after the other. */
static int64_t all_sums_reals(const Call *a) {
    int64_t reals = 0;
    for (int j = 0; j < OUTER_SUMS; j++) reals += sum_reals(a, j);
    return reals;
}

static void place_sums(const Call *a, real *from, real **sum_start) {
    for (int j = 0; j < OUTER_SUMS; from += sum_reals(a, j), j++) sum_start[j] = from;
}

/* Wait for the non-temporal stores of `store_saved`. */
#ifdef __AVX512F__
#define DRAIN _mm_sfence()
#else
#define DRAIN
#endif
