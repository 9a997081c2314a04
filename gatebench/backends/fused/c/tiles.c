/* Rounded operands as bfloat16, multiplied by the tiles of a processor with AMX.

   A tile has 16 rows of 64 bytes. The first factor of a product has a row for each row of the result, of 32 bfloat16. The
   second one has a column for each column of the result: two bfloat16, so that a row of it belongs to two of the 32. The
   processor takes denormal numbers as 0. In memory a tile is 1 KB without gaps. Numbers that a tile has and a matrix lacks
   are 0. */

/* What only products without tiles need. */
OPTIONAL int64_t block_rows(int64_t left, int64_t most);
OPTIONAL void pack(real *to, int64_t stride, const real *weight, int64_t K, int64_t units, int64_t first, int transposed);

typedef uint16_t narrow; /* the bits of a bfloat16 */

enum { SIDE = 16, DEEP = 32, TILE = SIDE * DEEP, BLOCK_ROWS = 2 * SIDE };
enum { WEIGHT_REALS = TILE / 2 }; /* from the packed weights of one vector of units to the next */

INLINE int64_t narrowed(int64_t K) { return ceiling(K, DEEP) * DEEP; }
INLINE int64_t packed_units(int64_t K) { return narrowed(K) / 2; }

/* Before a thread uses tiles, and after it. What was written to memory before is there when a tile is loaded. */
INLINE void begin_tiles(void) {
    static const struct { uint8_t palette, start, unused[14]; uint16_t bytes[16]; uint8_t rows[16]; } shape = {
        .palette = 1, .bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};
    _tile_loadconfig(&shape);
}
#define END_TILES _tile_release()
#define WRITTEN __asm__ volatile("" ::: "memory")

/* Numbers `first` up to K of a row, with zeros up to LANES. */
INLINE vec part(const real *from, int64_t first, int64_t K) {
    const int64_t left = K - first;
    return (vec)_mm512_maskz_loadu_ps(left >= LANES ? 0xffff : left > 0 ? (1 << left) - 1 : 0, from + first);
}

/* In each lane the bfloat16 of `low` and that of `high`, side by side. */
INLINE __m512i pairs(vec low, vec high) {
    const __m512i l = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)low));
    const __m512i h = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)high));
    return _mm512_or_si512(l, _mm512_slli_epi32(h, 16));
}

/* Transpose 16 rows of 16 pairs. */
INLINE void transpose_pairs(__m512i *row) {
    __m512i a[SIDE], b[SIDE];
    UNROLL for (int i = 0; i < SIDE; i += 2) {
        a[i] = _mm512_unpacklo_epi32(row[i], row[i + 1]);
        a[i + 1] = _mm512_unpackhi_epi32(row[i], row[i + 1]);
    }
    UNROLL for (int i = 0; i < SIDE; i += 4) UNROLL for (int j = 0; j < 2; j++) {
        b[i + 2 * j] = _mm512_unpacklo_epi64(a[i + j], a[i + j + 2]);
        b[i + 2 * j + 1] = _mm512_unpackhi_epi64(a[i + j], a[i + j + 2]);
    }
    UNROLL for (int i = 0; i < SIDE; i += 8) UNROLL for (int j = 0; j < 4; j++) {
        a[i + j] = _mm512_shuffle_i32x4(b[i + j], b[i + j + 4], 0x88);
        a[i + j + 4] = _mm512_shuffle_i32x4(b[i + j], b[i + j + 4], 0xdd);
    }
    UNROLL for (int j = 0; j < 8; j++) {
        row[j] = _mm512_shuffle_i32x4(a[j], a[j + 8], 0x88);
        row[j + 8] = _mm512_shuffle_i32x4(a[j], a[j + 8], 0xdd);
    }
}

/* Round `rows` rows of K numbers, `columns` apart, to first factors: tiles of (16 rows, 32 numbers), row after row of tiles. */
OPTIONAL void round_rows(narrow *to, const real *from, int64_t columns, int64_t K, int64_t rows) {
    const int64_t wide = narrowed(K);
    for (int64_t r = 0; r < ceiling(rows, SIDE) * SIDE; r++, from += columns) {
        narrow *row = to + r / SIDE * SIDE * wide + r % SIDE * DEEP;
        for (int64_t k = 0; k < K; k += DEEP, row += TILE) {
            const vec low = r < rows ? part(from, k, K) : (vec){0}, high = r < rows ? part(from, k + LANES, K) : (vec){0};
            _mm512_store_si512(row, (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low));
        }
    }
}

/* Pack the weights of LANES units, from `first` on, as second factors: a tile for 32 of the K, `stride` reals apart. */
OPTIONAL void pack_rounded(real *to, int64_t stride, const real *weight, int64_t K, int64_t units, int64_t first, int transposed) {
    const int64_t left = units > first ? units - first : 0, some = least(left, LANES);
    for (int64_t k = 0; k < K; k += DEEP, to += stride) {
        const int64_t deep = least(K - k, DEEP);
        real block[DEEP * LANES] __attribute__((aligned(BYTES))) = {0};
        if (transposed) for (int64_t i = 0; i < deep; i++) copy_vector(block + i * LANES, weight + (k + i) * units + first, some);
        else transpose(0, block, LANES, weight + first * K + k, K, some, deep);
        UNROLL for (int i = 0; i < SIDE; i++)
            _mm512_store_si512(to + i * LANES, pairs(load(block + 2 * i * LANES), load(block + (2 * i + 1) * LANES)));
    }
}

/* Add the products of one operand to the sums in tiles 0 to 3: two tiles of rows (one if `both` is 0), two of units. `left`
   and `right` are the places of the units' weights among the `size` tiles for 32 numbers of the operand; -1 for none. */
INLINE void add_tile_products(const int both, const int left, const int right, const narrow *operand, int64_t K, const real *weights, const int size) {
    const int64_t deep = ceiling(K, DEEP);
    for (int64_t k = 0; k < deep; k++, operand += TILE, weights += size * WEIGHT_REALS) {
        _tile_loadd(4, operand, 64);
        if (both) _tile_loadd(5, operand + deep * TILE, 64);
        if (left >= 0) {
            _tile_loadd(6, weights + left * WEIGHT_REALS, 64);
            _tile_dpbf16ps(0, 4, 6);
            if (both) _tile_dpbf16ps(2, 5, 6);
        }
        if (right >= 0) {
            _tile_loadd(7, weights + right * WEIGHT_REALS, 64);
            _tile_dpbf16ps(1, 4, 7);
            if (both) _tile_dpbf16ps(3, 5, 7);
        }
    }
}

INLINE void zero_sums(void) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
}

/* Store the sums; `across` is the length of the rows of `to`, and `right` says whether there are two tiles of units. */
INLINE void store_sums(const int both, const int right, real *to, int64_t across) {
    _tile_stored(0, to, across * (int64_t)sizeof(real));
    if (right) _tile_stored(1, to + LANES, across * (int64_t)sizeof(real));
    if (both) _tile_stored(2, to + SIDE * across, across * (int64_t)sizeof(real));
    if (both && right) _tile_stored(3, to + SIDE * across + LANES, across * (int64_t)sizeof(real));
}

INLINE void load_sums(const int both, const int right, const real *to, int64_t across) {
    _tile_loadd(0, to, across * (int64_t)sizeof(real));
    if (right) _tile_loadd(1, to + LANES, across * (int64_t)sizeof(real));
    if (both) _tile_loadd(2, to + SIDE * across, across * (int64_t)sizeof(real));
    if (both && right) _tile_loadd(3, to + SIDE * across + LANES, across * (int64_t)sizeof(real));
}

/* The factors of the weight gradients of some steps. A row is one sequence at one step; tiles have 32 rows, side by side. */
static int64_t factor_width(int64_t units) { return ceiling(units, SIDE) * SIDE; }
static int64_t factor_rows(int64_t rows) { return ceiling(rows, DEEP) * DEEP; }

/* A thread's part of the rounding of factors, (rows, width): first factors, or second ones of `is_delta`. The tiles of the
   same units lie one after the other. */
static void round_factor(narrow *to, const real *from, int64_t columns, int64_t width, int64_t rows, int is_delta, int64_t i, int64_t n) {
    const int64_t deep = ceiling(rows, DEEP), first = deep * i / n, last = deep * (i + 1) / n;
    for (int64_t d = first; d < last; d++) for (int64_t unit = 0; unit < width; unit += SIDE) {
        narrow *const tile = to + (unit / SIDE * deep + d) * TILE;
        const real *const block = from + d * DEEP * columns;
        const int64_t left = rows - d * DEEP;
        __m512i row[SIDE];
        UNROLL for (int p = 0; p < SIDE; p++)
            row[p] = pairs(2 * p < left ? part(block + 2 * p * columns, unit, width) : (vec){0},
                           2 * p + 1 < left ? part(block + (2 * p + 1) * columns, unit, width) : (vec){0});
        if (!is_delta) transpose_pairs(row);
        UNROLL for (int p = 0; p < SIDE; p++) _mm512_store_si512(tile + p * DEEP, row[p]);
    }
}

/* One piece of an outer sum: two tiles of units (one if `both` is 0) and two vectors of delta (one if `right` is 0). */
INLINE void add_piece(const int both, const int right, int more, int64_t deep, const narrow *operand, const narrow *delta, real *to, int64_t lt) {
    if (more) load_sums(both, right, to, lt);
    else zero_sums();
    for (int64_t d = 0; d < deep; d++, operand += TILE, delta += TILE) {
        _tile_loadd(4, operand, 64);
        _tile_loadd(6, delta, 64);
        _tile_dpbf16ps(0, 4, 6);
        if (right) {
            _tile_loadd(7, delta + deep * TILE, 64);
            _tile_dpbf16ps(1, 4, 7);
        }
        if (both) {
            _tile_loadd(5, operand + deep * TILE, 64);
            _tile_dpbf16ps(2, 5, 6);
        }
        if (both && right) _tile_dpbf16ps(3, 5, 7);
    }
    store_sums(both, right, to, lt);
}

/* Add a thread's part of the products of rounded factors to an outer sum. `v` is the number of its first vector of delta. */
static void add_rounded_products(const Call *a, const OuterSum *outer_sum, const narrow *operand, const narrow *deltas, int64_t v, int more, int64_t rows) {
    const int64_t deep = ceiling(rows, DEEP), tiles = ceiling(outer_sum->units, SIDE), lt = outer_sum->vectors * LANES;
    const int64_t high = ceiling(tiles, 2), all = high * ceiling(outer_sum->vectors, 2);
    WRITTEN;
    begin_tiles();
    for (int64_t piece = all * thread() / threads(); piece < all * (thread() + 1) / threads(); piece++) {
        const int64_t u = piece % high * 2, m = piece / high * 2;
        const int both = u + 1 < tiles, right = m + 1 < outer_sum->vectors;
        const narrow *const o = operand + u * deep * TILE, *const d = deltas + (v + m) * deep * TILE;
        real *const to = outer_sum->to + u * SIDE * lt + m * LANES;
        if (both && right) add_piece(1, 1, more, deep, o, d, to, lt);
        else if (both) add_piece(1, 0, more, deep, o, d, to, lt);
        else if (right) add_piece(0, 1, more, deep, o, d, to, lt);
        else add_piece(0, 0, more, deep, o, d, to, lt);
    }
    END_TILES;
    (void)a;
}
