/* The application: clocks, cycle counter, serial line, then answer requests for ever. */
#include <stdbool.h>

#include "clock.h"
#include "console.h"
#include "cycles.h"
#include "uart.h"

int main(void)
{
    struct clocks clocks = clock_start();
    bool counts_cycles = cycles_start();
    uart_start(clocks.console_hz);
    console_serve(clocks.core_hz, counts_cycles);
}
