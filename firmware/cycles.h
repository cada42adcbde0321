/* A free-running count of processor cycles. */
#ifndef CYCLES_H
#define CYCLES_H

#include <stdbool.h>
#include <stdint.h>

/* Starts the counter; false where there is none, and cycles_now() stays at 0. */
bool cycles_start(void);

/* Wraps around at 2^32; differences stay right. */
uint32_t cycles_now(void);

#endif
