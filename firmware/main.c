/* The application: clocks, counter, serial line, then answer requests for ever. */
#include "board.h"
#include "clock.h"
#ifdef BOARD_EXTERNAL_ADDRESS_BITS
#include "external.h"
#endif
#include "mcugen_console.h"
#include "mcugen_models.h"
#include "port.h"
#include "uart.h"

int main(void)
{
    struct clocks clocks = clock_start();
#ifdef BOARD_EXTERNAL_ADDRESS_BITS
    external_start();
#endif
    uart_start(clocks.console_hz);
    mcugen_console_start(port_start(clocks.core_hz), mcugen_models, MCUGEN_MODELS);
    mcugen_console_serve();
}
