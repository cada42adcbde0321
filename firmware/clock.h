/* The clock tree: from whatever runs after reset to the speed of the board's description. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

struct clocks {
    uint32_t core_hz;
    uint32_t console_hz; /* that feeds the console's UART */
};

/* Brings the clocks up and returns what really runs: a clock that will not start is not fatal. */
struct clocks clock_start(void);

#endif
