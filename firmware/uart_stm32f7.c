/* USART of the STM32F7 and H7 (RM0385, section 31; RM0433, section 48). */
#include "uart.h"

#include "board.h"
#include "cortex_m.h"
#include "pins_stm32.h"

#define USART_CR1 REG32(BOARD_CONSOLE_BASE + 0x00u)
#define USART_BRR REG32(BOARD_CONSOLE_BASE + 0x0Cu)
#define USART_ISR REG32(BOARD_CONSOLE_BASE + 0x1Cu)
#define USART_ICR REG32(BOARD_CONSOLE_BASE + 0x20u)
#define USART_RDR REG32(BOARD_CONSOLE_BASE + 0x24u)
#define USART_TDR REG32(BOARD_CONSOLE_BASE + 0x28u)

#define CR1_UE          (1u << 0)
#define CR1_RE          (1u << 2)
#define CR1_TE          (1u << 3)
#define CR1_PCE         (1u << 10) /* parity; even unless PS is set */
#define CR1_M0          (1u << 12) /* nine bits, the parity among them */
#define ISR_DAMAGED     0x7u       /* parity, framing, noise; same bits in ICR */
#define ISR_LINE_ERRORS 0xFu       /* these and overrun */
#define ISR_RXNE        (1u << 5)
#define ISR_TC          (1u << 6)
#define ISR_TXE         (1u << 7)

/* A byte takes 19,000 cycles at 216 MHz and 115,200 baud. */
#define POLLS 1000000u

static void start(uint32_t clock_hz, uint32_t frame)
{
    REG32(BOARD_CONSOLE_ENABLE_REGISTER) |= 1u << BOARD_CONSOLE_ENABLE_BIT;
    (void)REG32(BOARD_CONSOLE_ENABLE_REGISTER);
    pin_connect(BOARD_CONSOLE_TX_PORT, BOARD_CONSOLE_TX_PIN, BOARD_CONSOLE_TX_FUNCTION);
    pin_connect(BOARD_CONSOLE_RX_PORT, BOARD_CONSOLE_RX_PIN, BOARD_CONSOLE_RX_FUNCTION);
    USART_CR1 = 0; /* baud rate and frame can only change while the unit is off */
    USART_BRR = (clock_hz + BOARD_CONSOLE_BAUD / 2u) / BOARD_CONSOLE_BAUD;
    USART_CR1 = frame;
    USART_CR1 = frame | CR1_UE | CR1_RE | CR1_TE;
}

void uart_start(uint32_t clock_hz)
{
    start(clock_hz, 0);
}

void uart_start_even_parity(uint32_t clock_hz)
{
    start(clock_hz, CR1_PCE | CR1_M0);
}

enum uart_event uart_poll(uint8_t *byte)
{
    uint32_t status = USART_ISR;
    if ((status & ISR_RXNE) == 0) {
        return UART_SILENT;
    }
    if (status & ISR_LINE_ERRORS) {
        USART_ICR = status & ISR_LINE_ERRORS;
    }
    *byte = (uint8_t)USART_RDR;
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
    for (uint32_t polls = 0; polls < POLLS && (USART_ISR & flag) == 0; polls++) {
    }
}

void uart_write(uint8_t byte)
{
    wait_for(ISR_TXE);
    USART_TDR = byte;
}

void uart_flush(void)
{
    wait_for(ISR_TC);
}
