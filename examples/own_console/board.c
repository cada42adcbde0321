#include "board.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define RCC_AHB1ENR REGISTER(0x40023830u)
#define RCC_APB1ENR REGISTER(0x40023840u)
#define GPIOD_MODER REGISTER(0x40020C00u)
#define GPIOD_AFRH  REGISTER(0x40020C24u)
#define USART3_CR1  REGISTER(0x40004800u)
#define USART3_BRR  REGISTER(0x4000480Cu)
#define USART3_ISR  REGISTER(0x4000481Cu)
#define USART3_ICR  REGISTER(0x40004820u)
#define USART3_RDR  REGISTER(0x40004824u)
#define USART3_TDR  REGISTER(0x40004828u)
#define CPUID       REGISTER(0xE000ED00u)
#define DEMCR       REGISTER(0xE000EDFCu)
#define DWT_CTRL    REGISTER(0xE0001000u)
#define DWT_CYCCNT  REGISTER(0xE0001004u)
#define DWT_LAR     REGISTER(0xE0001FB0u)

#define ISR_ERRORS 0xFu
#define ISR_RXNE   (1u << 5)
#define ISR_TXE    (1u << 7)

static void line_start(void)
{
    RCC_AHB1ENR |= 1u << 3;  /* port D */
    RCC_APB1ENR |= 1u << 18; /* USART3 */
    (void)RCC_APB1ENR;
    GPIOD_AFRH = (GPIOD_AFRH & ~0xFFu) | 0x77u; /* PD8, PD9: function 7 */
    GPIOD_MODER = (GPIOD_MODER & ~(0xFu << 16)) | 0xAu << 16;
    USART3_BRR = (BOARD_HZ + 115200u / 2) / 115200u;
    USART3_CR1 = 0xDu; /* on, receive, send */
}

static void counter_start(void)
{
    DEMCR |= 1u << 24;
    DWT_LAR = 0xC5ACCE55u;
    DWT_CTRL |= 1u;
}

void board_start(void)
{
    line_start();
    counter_start();
}

void board_put(uint8_t byte)
{
    while ((USART3_ISR & ISR_TXE) == 0) {
    }
    USART3_TDR = byte;
}

int board_get(void)
{
    const uint32_t status = USART3_ISR;
    if ((status & ISR_RXNE) == 0) {
        return -1;
    }
    USART3_ICR = status & ISR_ERRORS;
    return (int)(USART3_RDR & 0xFFu);
}

uint32_t board_cycles(void)
{
    return DWT_CYCCNT;
}

/* Arm's chips name Arm as their implementer, 0x41. */
enum mcugen_counts board_counts(void)
{
    return CPUID >> 24 == 0 ? MCUGEN_COUNTS_INSTRUCTIONS : MCUGEN_COUNTS_CYCLES;
}
