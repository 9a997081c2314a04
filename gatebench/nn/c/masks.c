/* Dropout masks from a Mersenne Twister, with the numbers that torch's generator on the CPU gives (mt19937, Matsumoto &
   Nishimura 1998). torch computes them one by one; here a block of them is computed at once, so that the compiler can use
   vectors. */
#include <stdint.h>

enum { WORDS = 624, MIDDLE = 397 };

/* The start of what `torch.Generator.get_state` returns. */
typedef struct {
    uint64_t seed;
    int32_t left; /* WORDS + 1 - next; 1 if all words were read, and after the generator was seeded */
    int32_t seeded;
    uint64_t next; /* the number of the next word to be read */
    uint64_t word[WORDS];
} State;

static inline uint32_t twisted(uint32_t own, uint32_t following) {
    const uint32_t mixed = (own & 0x80000000u) | (following & 0x7fffffffu);
    return (mixed >> 1) ^ (-(following & 1) & 0x9908b0dfu);
}

/* Replace all words by the next ones. */
static void advance(uint32_t *word) {
    for (int i = 0; i < WORDS - MIDDLE; i++) word[i] = word[i + MIDDLE] ^ twisted(word[i], word[i + 1]);
    for (int i = WORDS - MIDDLE; i < WORDS - 1; i++) word[i] = word[i + MIDDLE - WORDS] ^ twisted(word[i], word[i + 1]);
    word[WORDS - 1] = word[MIDDLE - 1] ^ twisted(word[WORDS - 1], word[0]);
}

/* The outputs of all words. */
static void temper(const uint32_t *word, uint32_t *output) {
    for (int i = 0; i < WORDS; i++) {
        uint32_t y = word[i];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680u;
        y ^= (y << 15) & 0xefc60000u;
        output[i] = y ^ (y >> 18);
    }
}

/* Whether a number from two words is below the limit: the first word has the high bits, of which 53 count. */
static inline int is_below(uint32_t high, uint32_t low, uint64_t limit) {
    return ((uint64_t)(high & 0x1fffffu) << 32 | low) < limit;
}

/* Write `count` numbers: `kept` with the probability limit / 2^53, and 0 otherwise. Each takes two words. */
void draw_mask(State *state, int64_t count, uint64_t limit, float kept, float *mask) {
    uint32_t word[WORDS], output[WORDS];
    int64_t next = state->left == 1 ? WORDS : (int64_t)state->next;
    for (int i = 0; i < WORDS; i++) word[i] = (uint32_t)state->word[i];
    temper(word, output);
    for (int64_t i = 0; i < count;) {
        const int64_t pairs = (WORDS - next) / 2 < count - i ? (WORDS - next) / 2 : count - i;
        const uint32_t *const pair = output + next;
        for (int64_t k = 0; k < pairs; k++) mask[i + k] = is_below(pair[2 * k], pair[2 * k + 1], limit) ? kept : 0;
        i += pairs, next += 2 * pairs;
        if (i == count) break;
        const uint32_t last = output[WORDS - 1]; /* the first word of a pair, if one word is left */
        const int64_t left = WORDS - next;
        advance(word);
        temper(word, output);
        if (left) mask[i++] = is_below(last, output[0], limit) ? kept : 0;
        next = left;
    }
    for (int i = 0; i < WORDS; i++) state->word[i] = word[i];
    state->next = (uint64_t)next;
    state->left = (int32_t)(WORDS + 1 - next);
}
