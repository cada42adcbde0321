/* Waiting for a register, but not for ever. */
#ifndef SETTLES_H
#define SETTLES_H

#include <stdbool.h>
#include <stdint.h>

/* Tens of milliseconds at 16 MHz; what clock start-up waits for takes less than one. */
#define SETTLES_POLLS 100000u

static inline bool settles(volatile uint32_t *reg, uint32_t mask, uint32_t value)
{
    for (uint32_t polls = 0; polls < SETTLES_POLLS; polls++) {
        if ((*reg & mask) == value) {
            return true;
        }
    }
    return false;
}

#endif
