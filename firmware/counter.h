/* A free-running counter: of processor cycles, or of whatever stands in for them in an emulator. */
#ifndef COUNTER_H
#define COUNTER_H

#include <stdint.h>

/* What it counts, as HELLO says it. An instruction is not a cycle: on no core can one be told from
 * the other. */
enum counter_unit {
    COUNTS_NOTHING = 0, /* counter_now() stays as it is */
    COUNTS_CYCLES = 1,
    COUNTS_INSTRUCTIONS = 2
};

/* Starts the counter. */
enum counter_unit counter_start(void);

/* Wraps around at 2^32; differences stay right. */
uint32_t counter_now(void);

#endif
