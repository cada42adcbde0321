/* STM32F7 USART (RM0385, section 31) and its two pins. */
#include "uart.h"

#include "board.h"
#include "cortex_m.h"

#define RCC_AHB1ENR   REG32(0x40023830u)
#define GPIO(port)    (0x40020000u + 0x400u * (port))
#define GPIO_MODER    0x00u
#define GPIO_PUPDR    0x0Cu
#define GPIO_AFR(pin) (0x20u + 4u * ((pin) / 8u))

#define USART_CR1 REG32(BOARD_CONSOLE_BASE + 0x00u)
#define USART_BRR REG32(BOARD_CONSOLE_BASE + 0x0Cu)
#define USART_ISR REG32(BOARD_CONSOLE_BASE + 0x1Cu)
#define USART_ICR REG32(BOARD_CONSOLE_BASE + 0x20u)
#define USART_RDR REG32(BOARD_CONSOLE_BASE + 0x24u)
#define USART_TDR REG32(BOARD_CONSOLE_BASE + 0x28u)

#define CR1_UE          (1u << 0)
#define CR1_RE          (1u << 2)
#define CR1_TE          (1u << 3)
#define ISR_LINE_ERRORS 0xFu /* parity, framing, noise, overrun; same bits in ICR */
#define ISR_RXNE        (1u << 5)
#define ISR_TC          (1u << 6)
#define ISR_TXE         (1u << 7)

/* A byte takes 19,000 cycles at 216 MHz and 115,200 baud. */
#define POLLS 1000000u

/* Alternate function, pulled up: an open line is an idle line. */
static void pin_connect(uint32_t port, uint32_t pin, uint32_t function)
{
    RCC_AHB1ENR |= 1u << port;
    (void)RCC_AHB1ENR; /* the clock needs two cycles to reach the port */
    volatile uint32_t *afr = &REG32(GPIO(port) + GPIO_AFR(pin));
    *afr = (*afr & ~(0xFu << (4u * (pin % 8u)))) | function << (4u * (pin % 8u));
    volatile uint32_t *pull = &REG32(GPIO(port) + GPIO_PUPDR);
    *pull = (*pull & ~(3u << (2u * pin))) | 1u << (2u * pin);
    volatile uint32_t *mode = &REG32(GPIO(port) + GPIO_MODER);
    *mode = (*mode & ~(3u << (2u * pin))) | 2u << (2u * pin);
}

void uart_start(uint32_t clock_hz)
{
    REG32(BOARD_CONSOLE_ENABLE_REGISTER) |= 1u << BOARD_CONSOLE_ENABLE_BIT;
    (void)REG32(BOARD_CONSOLE_ENABLE_REGISTER);
    pin_connect(BOARD_CONSOLE_TX_PORT, BOARD_CONSOLE_TX_PIN, BOARD_CONSOLE_TX_FUNCTION);
    pin_connect(BOARD_CONSOLE_RX_PORT, BOARD_CONSOLE_RX_PIN, BOARD_CONSOLE_RX_FUNCTION);
    USART_CR1 = 0; /* the baud rate can only change while the unit is off */
    USART_BRR = (clock_hz + BOARD_CONSOLE_BAUD / 2u) / BOARD_CONSOLE_BAUD;
    USART_CR1 = CR1_UE | CR1_RE | CR1_TE;
}

uint8_t uart_read(void)
{
    uint32_t status;
    do {
        status = USART_ISR;
    } while ((status & ISR_RXNE) == 0);
    if (status & ISR_LINE_ERRORS) {
        USART_ICR = status & ISR_LINE_ERRORS;
    }
    return (uint8_t)USART_RDR;
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
