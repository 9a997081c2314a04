/* What both kinds of time loops share: threads, and memory for packed weights. */

const int64_t lanes = LANES, call_bytes = sizeof(Call);

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

static real *workspace(int64_t reals) {
    return aligned_alloc(64, (size_t)ceiling((reals + LANES) * (int64_t)sizeof(real), 64) * 64);
}

/* Wait for what `keep` sent past the caches. */
#ifdef __AVX512F__
#define DRAIN _mm_sfence()
#else
#define DRAIN
#endif
