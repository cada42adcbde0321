/* LPUART of the STM32L4 (RM0432, section 51): the USART of the F7 with another baud rate divider.
 * Compiled only: this file never ran. */
#include "uart.h"

#include "board.h"
#include "cortex_m.h"
#include "pins_stm32.h"

#define LPUART_CR1 REG32(BOARD_CONSOLE_BASE + 0x00u)
#define LPUART_BRR REG32(BOARD_CONSOLE_BASE + 0x0Cu)
#define LPUART_ISR REG32(BOARD_CONSOLE_BASE + 0x1Cu)
#define LPUART_ICR REG32(BOARD_CONSOLE_BASE + 0x20u)
#define LPUART_RDR REG32(BOARD_CONSOLE_BASE + 0x24u)
#define LPUART_TDR REG32(BOARD_CONSOLE_BASE + 0x28u)

#define CR1_UE          (1u << 0)
#define CR1_RE          (1u << 2)
#define CR1_TE          (1u << 3)
#define ISR_DAMAGED     0x7u /* parity, framing, noise; same bits in ICR */
#define ISR_LINE_ERRORS 0xFu /* parity, framing, noise, overrun; same bits in ICR */
#define ISR_RXNE        (1u << 5)
#define ISR_TC          (1u << 6)
#define ISR_TXE         (1u << 7)

/* A byte takes 11,000 cycles at 120 MHz and 115,200 baud. */
#define POLLS 1000000u

/* 256 clocks over the baud rate, rounded; the product needs more than 32 bits. */
static uint32_t divisor(uint32_t clock_hz)
{
    uint64_t scaled = (uint64_t)clock_hz * 256u;
    return (uint32_t)((scaled + BOARD_CONSOLE_BAUD / 2u) / BOARD_CONSOLE_BAUD);
}

void uart_start(uint32_t clock_hz)
{
    REG32(BOARD_CONSOLE_ENABLE_REGISTER) |= 1u << BOARD_CONSOLE_ENABLE_BIT;
    (void)REG32(BOARD_CONSOLE_ENABLE_REGISTER);
    pin_connect(BOARD_CONSOLE_TX_PORT, BOARD_CONSOLE_TX_PIN, BOARD_CONSOLE_TX_FUNCTION);
    pin_connect(BOARD_CONSOLE_RX_PORT, BOARD_CONSOLE_RX_PIN, BOARD_CONSOLE_RX_FUNCTION);
    LPUART_CR1 = 0; /* the baud rate can only change while the unit is off */
    LPUART_BRR = divisor(clock_hz);
    LPUART_CR1 = CR1_UE | CR1_RE | CR1_TE;
}

enum uart_event uart_poll(uint8_t *byte)
{
    uint32_t status = LPUART_ISR;
    if ((status & ISR_RXNE) == 0) {
        return UART_SILENT;
    }
    if (status & ISR_LINE_ERRORS) {
        LPUART_ICR = status & ISR_LINE_ERRORS;
    }
    *byte = (uint8_t)LPUART_RDR;
    return (status & ISR_DAMAGED) ? UART_DAMAGED : UART_BYTE;
}

uint8_t uart_read(void)
{
    uint8_t byte = 0;
    while (uart_poll(&byte) == UART_SILENT) {
    }
    return byte;
}

static void wait_for(uint32_t flag)
{
    for (uint32_t polls = 0; polls < POLLS && (LPUART_ISR & flag) == 0; polls++) {
    }
}

void uart_write(uint8_t byte)
{
    wait_for(ISR_TXE);
    LPUART_TDR = byte;
}

void uart_flush(void)
{
    wait_for(ISR_TC);
}
