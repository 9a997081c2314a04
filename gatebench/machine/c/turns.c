/* The turn of one of several threads, see turns.py. Python's lock is free while this code runs.

   A thread that waits looks at the turn all the time at first, because waking a thread takes up to half a millisecond. */
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

typedef struct { _Atomic int32_t taken, waiting; } Turn;

enum { LOOKS = 4000, YIELDS = 200, NAP_NANOSECONDS = 50000 }; /* about a tenth of a millisecond of looks */

static void rest(int64_t number) {
#if defined(__x86_64__)
    if (number < LOOKS) { __builtin_ia32_pause(); return; }
#else
    if (number < LOOKS) return;
#endif
    if (number < LOOKS + YIELDS) { sched_yield(); return; }
    const struct timespec nap = {0, NAP_NANOSECONDS};
    nanosleep(&nap, NULL);
}

static int is_taken_now(Turn *turn) {
    int32_t is_free = 0;
    return atomic_load_explicit(&turn->taken, memory_order_relaxed) == 0 && atomic_compare_exchange_strong(&turn->taken, &is_free, 1);
}

void take(Turn *turn) {
    if (is_taken_now(turn)) return;
    atomic_fetch_add(&turn->waiting, 1);
    for (int64_t number = 0; !is_taken_now(turn); number++) rest(number);
    atomic_fetch_sub(&turn->waiting, 1);
}

void give(Turn *turn) { atomic_store(&turn->taken, 0); }

/* Let a thread that waits have the turn, and wait for the next one. */
void pass_on(Turn *turn) {
    if (atomic_load(&turn->waiting) == 0) return;
    give(turn);
    for (int64_t number = 0; atomic_load(&turn->taken) == 0 && atomic_load(&turn->waiting) > 0; number++) rest(number);
    take(turn);
}

/* Call a function, and let other threads have the turn meanwhile. */
void call(Turn *turn, void (*function)(void *), void *argument) {
    give(turn);
    function(argument);
    take(turn);
}

/* The same for a function that returns a number. */
int call_for_answer(Turn *turn, int (*function)(void *), void *argument) {
    give(turn);
    const int answer = function(argument);
    take(turn);
    return answer;
}
