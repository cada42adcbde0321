/* A free-running counter: of processor cycles, or of whatever stands in for them in an emulator. */
#ifndef COUNTER_H
#define COUNTER_H

#include <stdint.h>

#include "mcugen_counts.h"

/* Starts the counter. Where it counts nothing, counter_now() stays as it is. */
enum mcugen_counts counter_start(void);

/* Wraps around at 2^32; differences stay right. */
uint32_t counter_now(void);

#endif
