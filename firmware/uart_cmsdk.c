/* UART of ARM's Cortex-M System Design Kit (ARM DDI 0479, "APB UART"). */
#include "uart.h"

#include "board.h"
#include "cortex_m.h"

#define UART_DATA    REG32(BOARD_CONSOLE_BASE + 0x00u)
#define UART_STATE   REG32(BOARD_CONSOLE_BASE + 0x04u)
#define UART_CTRL    REG32(BOARD_CONSOLE_BASE + 0x08u)
#define UART_BAUDDIV REG32(BOARD_CONSOLE_BASE + 0x10u)

#define STATE_TX_FULL (1u << 0)
#define STATE_RX_FULL (1u << 1)
#define CTRL_TX_RX    (3u << 0)

#define POLLS 1000000u

void uart_start(uint32_t clock_hz)
{
    UART_BAUDDIV = (clock_hz + BOARD_CONSOLE_BAUD / 2u) / BOARD_CONSOLE_BAUD;
    UART_CTRL = CTRL_TX_RX;
}

enum uart_event uart_poll(uint8_t *byte)
{
    if ((UART_STATE & STATE_RX_FULL) == 0) {
        return UART_SILENT;
    }
    *byte = (uint8_t)UART_DATA;
    return UART_BYTE;
}

uint8_t uart_read(void)
{
    uint8_t byte = 0;
    while (uart_poll(&byte) == UART_SILENT) {
    }
    return byte;
}

static void wait_for_room(void)
{
    for (uint32_t polls = 0; polls < POLLS && (UART_STATE & STATE_TX_FULL) != 0; polls++) {
    }
}

void uart_write(uint8_t byte)
{
    wait_for_room();
    UART_DATA = byte;
}

void uart_flush(void)
{
    wait_for_room();
}
