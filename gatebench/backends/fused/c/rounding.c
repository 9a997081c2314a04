/* Matrix products of operands that are rounded to bfloat16. Their sums, and all other values, are float32.

   A thread rounds the operands of some sequences into its `panel` before it multiplies them. There are two forms, with the
   same functions: rounded.c and tiles.c. */

/* Sequences whose operands are rounded at once. */
enum { PANEL_ROWS = 64 };

/* The nearest bfloat16, the even one of two; a float32 with 16 lower bits of 0. */
INLINE vec rounded(vec a) {
    const pattern all = (pattern)a, odd = all >> 16 & 1;
    return choose(a == a, (vec)((all + 0x7fff + odd) & 0xffff0000u), splat(NAN));
}

INLINE int64_t greatest(int64_t a, int64_t b) { return a > b ? a : b; }

INLINE real rounded_real(real a) { return rounded(splat(a))[0]; }

/* The sum over `width` units of weight times rounded delta. The weights are rounded already. */
OPTIONAL real rounded_dot_product(const real *weight, const real *delta, int64_t width) {
    vec sum = {0};
    real total = 0;
    int64_t j = 0;
    for (; j + LANES <= width; j += LANES) sum += load(weight + j) * rounded(load(delta + j));
    for (int l = 0; l < LANES; l++) total += sum[l];
    for (; j < width; j++) total += weight[j] * rounded_real(delta[j]);
    return total;
}
