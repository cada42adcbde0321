/* The application: clocks, counter, serial line, then answer requests for ever. */
#include "clock.h"
#include "mcugen_console.h"
#include "mcugen_models.h"
#include "port.h"
#include "uart.h"

int main(void)
{
    struct clocks clocks = clock_start();
    uart_start(clocks.console_hz);
    mcugen_console_start(port_start(clocks.core_hz), mcugen_models, MCUGEN_MODELS);
    mcugen_console_serve();
}
