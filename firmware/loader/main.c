/* The resident loader: starts the application, or speaks to a host that wants to replace it. */
#include <stdbool.h>
#include <stdint.h>

#include "application.h"
#include "board.h"
#include "counter.h"
#include "mailbox.h"
#include "protocol.h"
#include "target.h"
#include "uart.h"

#define HZ BOARD_FALLBACK_HZ /* the oscillator that runs after a reset */

/* How long after a reset a host may knock. Checking the application takes part of this time, or
 * longer; the receiver keeps a byte that comes meanwhile. */
#define KNOCK_CYCLES (HZ / 1000u * 10u)

/* Bytes of one message come closer together than this. */
#define SILENCE_CYCLES (HZ / 1000u * 20u)

/* Between two looks at the receiver: less than the 1,500 cycles that a byte takes at 16 MHz, and
 * few looks, because each one costs an emulator more than thousands of cycles of anything else. */
#define PAUSE_TURNS 250u

/* Ends a wait where no cycle counter counts: no sooner than SILENCE_CYCLES, with a pause of
 * PAUSE_TURNS cycles or more. */
#define LOOKS_MAX (SILENCE_CYCLES / PAUSE_TURNS)

static struct protocol protocol;

static void pause(void)
{
    for (uint32_t turns = PAUSE_TURNS; turns > 0; turns--) {
        __asm__ volatile("");
    }
}

/* UART_SILENT when nothing came until the cycle counter had gone on by that much. */
static enum uart_event wait_for_byte(uint8_t *byte, uint32_t since, uint32_t cycles)
{
    uint32_t looks = 0;
    enum uart_event event = uart_poll(byte);
    while (event == UART_SILENT && looks < LOOKS_MAX && counter_now() - since < cycles) {
        pause();
        event = uart_poll(byte);
        looks++;
    }
    return event;
}

static void serve(void)
{
    uint8_t byte = 0;
    enum uart_event event = protocol_is_amid_message(&protocol)
                                ? wait_for_byte(&byte, counter_now(), SILENCE_CYCLES)
                                : uart_poll(&byte);
    switch (event) {
    case UART_BYTE:
        protocol_take(&protocol, byte);
        break;
    case UART_DAMAGED:
        protocol_take_damaged(&protocol);
        break;
    case UART_SILENT:
        protocol_line_is_silent(&protocol);
        break;
    }
}

/* Whether a host wants the loader. Other bytes are those of a host that talks to nobody. */
static bool somebody_knocks(uint32_t since)
{
    uint8_t byte = 0;
    enum uart_event event;
    do {
        event = wait_for_byte(&byte, since, KNOCK_CYCLES);
    } while (event != UART_SILENT && byte != PROTOCOL_SYNC);
    return event != UART_SILENT;
}

_Noreturn void loader_main(bool stay)
{
    (void)counter_start();
    uart_start_even_parity(HZ);
    uint32_t since = counter_now();
    if (!stay && application_is_whole()) {
        if (!somebody_knocks(since)) {
            target_start();
        }
        protocol_take(&protocol, PROTOCOL_SYNC);
    }
    for (;;) {
        serve();
    }
}
