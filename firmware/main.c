/* The application: clocks, counter, serial line, then answer requests for ever. */
#include "clock.h"
#include "console.h"
#include "counter.h"
#include "uart.h"

int main(void)
{
    struct clocks clocks = clock_start();
    enum counter_unit unit = counter_start();
    uart_start(clocks.console_hz);
    console_serve(clocks.core_hz, unit);
}
