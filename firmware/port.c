#include "port.h"

#include "board.h"
#include "caches.h"
#include "cortex_m.h"
#include "counter.h"
#ifdef BOARD_EXTERNAL_ADDRESS_BITS
#include "external.h"
#endif
#include "mailbox.h"
#include "uart.h"

static int get(void)
{
    uint8_t byte;
    /* A byte that arrived damaged is taken as it is: frames carry a check sum. */
    return uart_poll(&byte) == UART_SILENT ? -1 : byte;
}

static void reboot_to_loader(void)
{
    uart_flush();
    _mailbox = MAILBOX_STAY_IN_LOADER;
    caches_clean(&_mailbox);
    SCB_AIRCR = AIRCR_SYSRESETREQ;
    barrier_data();
    for (;;) {
    }
}

/* An empty mark between the console's work and the model's: the virtual board stops here, and at
 * mcugen_on_piece, to watch the model alone. */
__attribute__((noipa)) void port_watch(enum mcugen_moment moment);

__attribute__((noipa)) void port_watch(enum mcugen_moment moment)
{
    (void)moment;
    __asm__ volatile("" ::: "memory");
}

const struct mcugen_port *port_start(uint32_t core_hz)
{
    static struct mcugen_port port = {
        .put = uart_write,
        .get = get,
        .cycles = counter_now,
        .board = BOARD_ID,
        .reboot = reboot_to_loader,
        .watch = port_watch,
#ifdef BOARD_EXTERNAL_ADDRESS_BITS
        .has_weights = external_is_whole,
#endif
    };
    port.counts = counter_start();
    port.clock_hz = core_hz;
    return &port;
}
