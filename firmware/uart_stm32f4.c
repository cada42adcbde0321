/* USART of the STM32F4 (RM0390, section 25). */
#include "uart.h"

#include "board.h"
#include "cortex_m.h"
#include "pins_stm32.h"

#define USART_SR  REG32(BOARD_CONSOLE_BASE + 0x00u)
#define USART_DR  REG32(BOARD_CONSOLE_BASE + 0x04u)
#define USART_BRR REG32(BOARD_CONSOLE_BASE + 0x08u)
#define USART_CR1 REG32(BOARD_CONSOLE_BASE + 0x0Cu)

#define CR1_RE     (1u << 2)
#define CR1_TE     (1u << 3)
#define CR1_PCE    (1u << 10) /* parity; even unless PS is set */
#define CR1_M      (1u << 12) /* nine bits, the parity among them */
#define CR1_UE     (1u << 13)
#define SR_DAMAGED 0x7u /* parity, framing, noise; reading SR, then DR clears them */
#define SR_RXNE    (1u << 5)
#define SR_TC      (1u << 6)
#define SR_TXE     (1u << 7)

/* A byte takes 16,000 cycles at 180 MHz and 115,200 baud. */
#define POLLS 1000000u

static void start(uint32_t clock_hz, uint32_t frame)
{
    REG32(BOARD_CONSOLE_ENABLE_REGISTER) |= 1u << BOARD_CONSOLE_ENABLE_BIT;
    (void)REG32(BOARD_CONSOLE_ENABLE_REGISTER);
    pin_connect(BOARD_CONSOLE_TX_PORT, BOARD_CONSOLE_TX_PIN, BOARD_CONSOLE_TX_FUNCTION);
    pin_connect(BOARD_CONSOLE_RX_PORT, BOARD_CONSOLE_RX_PIN, BOARD_CONSOLE_RX_FUNCTION);
    USART_CR1 = 0;
    USART_BRR = (clock_hz + BOARD_CONSOLE_BAUD / 2u) / BOARD_CONSOLE_BAUD;
    USART_CR1 = frame | CR1_UE | CR1_RE | CR1_TE;
}

void uart_start(uint32_t clock_hz)
{
    start(clock_hz, 0);
}

void uart_start_even_parity(uint32_t clock_hz)
{
    start(clock_hz, CR1_PCE | CR1_M);
}

enum uart_event uart_poll(uint8_t *byte)
{
    uint32_t status = USART_SR;
    if ((status & SR_RXNE) == 0) {
        return UART_SILENT;
    }
    *byte = (uint8_t)USART_DR;
    return (status & SR_DAMAGED) ? UART_DAMAGED : UART_BYTE;
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
    for (uint32_t polls = 0; polls < POLLS && (USART_SR & flag) == 0; polls++) {
    }
}

void uart_write(uint8_t byte)
{
    wait_for(SR_TXE);
    USART_DR = byte;
}

void uart_flush(void)
{
    wait_for(SR_TC);
}
