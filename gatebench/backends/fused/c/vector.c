/* The functions that gates apply to vectors. */

/* Bounds let a NaN in `a` through. */
#ifdef __AVX512F__
INLINE vec at_least(vec a, real low) { return WIDE(max)(splat(low), a); }
INLINE vec at_most(vec a, real high) { return WIDE(min)(splat(high), a); }
#else
INLINE vec at_least(vec a, real low) { return choose(a < low, splat(low), a); }
INLINE vec at_most(vec a, real high) { return choose(a > high, splat(high), a); }
#endif

INLINE vec v_relu(vec a) { return at_least(a, 0); }
INLINE vec v_hard_sigmoid(vec a) { return at_most(at_least(a / 6 + (real)0.5, 0), 1); }
INLINE vec v_maximum(vec a, vec b) { return choose((a > b) | (a != a), a, b); }
/* Derivatives of what jumps, as torch has them. */
INLINE vec v_positive(vec y) { return choose(y > 0, splat(1), splat(0)); }
INLINE vec v_between(vec y) { return choose((y > 0) & (y < 1), splat(1), splat(0)); }
INLINE vec v_wins(vec a, vec b) { return choose(a > b, splat(1), choose(a == b, splat((real)0.5), splat(0))); }

/* Polynomials are minimax fits, of e^r = 1 + r + r² GROWTH(r) and of 2 atanh s = 2 s + s³ ATANH(s²). Two numbers at the
   end of a comment bound the relative error where the result is a normal number: in float, in double. */
#if DOUBLE
enum { MANTISSA = 52, BIAS = 1023, LOWEST = -746, HIGHEST = 710, NORMAL = 708 };
static const real ROUND = 0x1.8p52, LOG2E = 1.4426950408889634, LOG2_HIGH = 0x1.62e42fefa38p-1,
                  LOG2_LOW = 0x1.ef35793c7673p-45, SMALLEST = 0x1p-1022, ROOT_HALF = 0.7071067811865476;
static const real GROWTH[] = {2.5053794812272915e-8, 2.7626088847539037e-7, 2.755740761979606e-6,
    2.4801505154124141e-5, 1.9841269718792853e-4, 1.3888888931655911e-3, 8.3333333333896911e-3,
    4.1666666666576511e-2, 0.16666666666666589, 0.5};
static const real ATANH[] = {0.14796708634447494, 0.15313988937706093, 0.18183566102605023, 0.22222198553256819,
    0.28571428742410942, 0.39999999999415593, 0.66666666666667340};
#else
enum { MANTISSA = 23, BIAS = 127, LOWEST = -104, HIGHEST = 89, NORMAL = 87 };
static const real ROUND = 0x1.8p23f, LOG2E = 1.44269504f, LOG2_HIGH = 0.693359375f, LOG2_LOW = -2.12194440e-4f,
                  SMALLEST = 0x1p-126f, ROOT_HALF = 0.70710678f;
static const real GROWTH[] = {1.3882541e-3f, 8.3665459e-3f, 4.1667200e-2f, 0.16666543f, 0.49999998f};
static const real ATANH[] = {0.29872568f, 0.39977518f, 0.66666776f};
#endif
static const natural EXPONENT = (natural)1 << MANTISSA; /* its lowest bit */

/* A polynomial in `a`, the highest power's coefficient first. */
#define POLYNOMIAL(a, OF) polynomial(a, OF, sizeof OF / sizeof *OF)
INLINE vec polynomial(vec a, const real *of, const int terms) {
    vec sum = splat(of[0]);
    UNROLL for (int i = 1; i < terms; i++) sum = sum * a + of[i];
    return sum;
}

/* Split a = n log 2 + r, |r| <= log 2 / 2; the lowest bits of what is returned are the whole number n. */
INLINE vec reduced(vec a, vec *r) {
    const vec shifted = a * LOG2E + ROUND, n = shifted - ROUND;
    *r = (a - n * LOG2_HIGH) - n * LOG2_LOW;
    return shifted;
}

/* e^r - 1 for reduced r. */
INLINE vec growth(vec r) { return r + r * r * POLYNOMIAL(r, GROWTH); }

/* 2^n, a normal number. */
INLINE vec power(vec shifted) { return (vec)(((pattern)shifted + BIAS) << MANTISSA); }

/* 2^n p, exact where the result is a normal number. */
INLINE vec scaled(vec p, vec shifted) {
#ifdef __AVX512F__
    return WIDE(scalef)(p, shifted - ROUND);
#else
    const pattern n = (pattern)shifted - (pattern)splat(ROUND) + 2 * BIAS, half = n >> 1;
    return p * (vec)(half << MANTISSA) * (vec)((n - half) << MANTISSA);
#endif
}

/* 1 / a where both are normal. 1e-7, 2e-16. */
INLINE vec reciprocal(vec a) {
#ifdef __AVX512F__
    const vec y = WIDE(rcp14)(a), e = 1 - a * y;
    return y + y * (DOUBLE ? e + e * (e + e * e) : e);
#else
    return 1 / a;
#endif
}

/* e^a; a denormal result is off by one step at most. 1e-7, 3e-16. */
INLINE vec v_exp(vec a) {
    vec r;
    const vec n = reduced(at_most(at_least(a, LOWEST), HIGHEST), &r);
    return scaled(1 + growth(r), n);
}

/* e^-a, bounded so that it stays a normal number. */
INLINE vec decay(vec a) {
    vec r;
    const vec n = reduced(-at_most(at_least(a, -NORMAL), NORMAL), &r);
    return (1 + growth(r)) * power(n);
}

/* 1 / (1 + e^-a); below -87 (-708 in double) it stays at 1.6e-38 (3.3e-308). 2e-7, 5e-16. */
INLINE vec v_sigmoid(vec a) { return reciprocal(1 + decay(a)); }

#if DOUBLE
/* tanh |a| = u / (2 - u), where u = 1 - e^(-2 |a|) = (1 - 2^n) - 2^n (e^r - 1) does not cancel near 0. 8e-16. */
INLINE vec v_tanh(vec a) {
    const bits sign = (bits)a & (bits)splat(-(real)0);
    vec r;
    const vec scale = power(reduced(-2 * at_most((vec)((bits)a ^ sign), 20), &r));
    const vec u = (1 - scale) - growth(r) * scale;
    return (vec)((bits)(u * reciprocal(2 - u)) | sign);
}
#else
/* tanh a = a P(a²) / Q(a²), a minimax fit on |a| <= 9.02, where tanh rounds to 1. 5e-7. */
INLINE vec v_tanh(vec a) {
    const vec x = at_most(at_least(a, -9.02f), 9.02f), s = x * x;
    static const real P[] = {1.3319058e-8f, 2.0583471e-5f, 3.4940338e-3f, 0.13379717f, 1};
    static const real Q[] = {7.7620137e-7f, 3.2830919e-4f, 2.5871070e-2f, 0.46713033f, 1};
    return at_most(at_least(x * POLYNOMIAL(s, P) * reciprocal(POLYNOMIAL(s, Q)), -1), 1);
}
#endif

/* n log 2 + log(1 + f) for whole n. With s = f / (2 + f), log(1 + f) = 2 atanh s = f - s (f - s² ATANH(s²)). */
INLINE vec logarithm(vec n, vec f) {
    const vec s = f * reciprocal(2 + f), z = s * s;
    return n * LOG2_HIGH + (n * LOG2_LOW + (f - s * (f - z * POLYNOMIAL(z, ATANH))));
}

/* log a for a = 2^n (1 + f), sqrt(1/2) <= 1 + f < sqrt 2; denormals are lifted among the normal first. 1e-7, 3e-16. */
INLINE vec v_log(vec a) {
    const bits low = a < SMALLEST;
    const pattern root = (pattern)splat(ROOT_HALF), lift = (pattern)splat(MANTISSA + 1) & (pattern)low;
    const pattern ratio = (pattern)choose(low, a * (real)(2 * EXPONENT), a) - root + BIAS * EXPONENT;
    const vec n = (vec)(ratio >> MANTISSA | (pattern)splat(ROUND)) - (ROUND + BIAS) - (vec)lift;
    const vec f = (vec)((ratio & (EXPONENT - 1)) + root) - 1;
    const vec y = choose(a > 0, logarithm(n, f), choose(a == 0, splat(-INFINITY), splat(NAN)));
    return choose(a == INFINITY, a, y);
}

/* min(a, 0) - log(1 + u), u = e^-|a|; beyond sqrt 2, log(1 + u) = log 2 + log(1 + (u - 1) / 2). 2e-7, 4e-16. */
INLINE vec v_log_sigmoid(vec a) {
    const vec u = v_exp((vec)((bits)a | (bits)splat(-(real)0)));
    const bits beyond = u > (real)0.41421356;
    return at_most(a, 0) - logarithm((vec)((bits)splat(1) & beyond), choose(beyond, (u - 1) / 2, u));
}
