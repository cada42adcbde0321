/* STM32F7 and the STM32F4 that have overdrive: PLL from the internal 16 MHz oscillator (RM0385,
 * sections 4.1.4 and 5; RM0390, sections 5.1.4 and 6). Registers and bits are the same, but for the
 * names of PWR's and for what speeds the flash up. */
#include "clock.h"

#include <stdbool.h>

#include "board.h"
#include "cortex_m.h"
#include "settles.h"

#define RCC_CR      REG32(0x40023800u)
#define RCC_PLLCFGR REG32(0x40023804u)
#define RCC_CFGR    REG32(0x40023808u)
#define RCC_APB1ENR REG32(0x40023840u)
#define PWR_CR1     REG32(0x40007000u)
#define PWR_CSR1    REG32(0x40007004u)
#define FLASH_ACR   REG32(0x40023C00u)

#define CR_HSION        (1u << 0)
#define CR_HSIRDY       (1u << 1)
#define CR_PLLON        (1u << 24)
#define CR_PLLRDY       (1u << 25)
#define CFGR_SW         (3u << 0)
#define CFGR_SW_PLL     (2u << 0)
#define CFGR_SWS        (3u << 2)
#define CFGR_SWS_PLL    (2u << 2)
#define APB1ENR_PWREN   (1u << 28)
#define CR1_VOS_SCALE_1 (3u << 14)
#define CR1_ODEN        (1u << 16)
#define CR1_ODSWEN      (1u << 17)
#define CSR1_ODRDY      (1u << 16)
#define CSR1_ODSWRDY    (1u << 17)
#define ACR_LATENCY     (0xFu << 0)
#define ACR_PRFTEN      (1u << 8)
#if defined(BOARD_FAMILY_STM32F4)
#define ACR_CACHES (3u << 9) /* ICEN, DCEN */
#else
#define ACR_CACHES (1u << 9) /* ARTEN */
#endif

#define PLLCFGR_RESERVED 0x20000000u /* reset value of the reserved bits */
#define PLLCFGR                                                                                    \
    (PLLCFGR_RESERVED | BOARD_PLL_M | BOARD_PLL_N << 6 | (BOARD_PLL_P / 2u - 1u) << 16 |           \
     BOARD_PLL_Q << 24)

/* How a prescaler register says 1, 2, 4, 8 or 16. */
#define PRESCALER(divider)                                                                         \
    ((divider) == 1u ? 0u : (divider) == 2u ? 4u : (divider) == 4u ? 5u : (divider) == 8u ? 6u : 7u)
#define CFGR_PRESCALERS (PRESCALER(BOARD_APB1_DIVIDER) << 10 | PRESCALER(BOARD_APB2_DIVIDER) << 13)

/* The slow oscillator, undivided: where a start after a reset begins anyway, but not one by a
 * debugger, and where it ends when the PLL fails. */
static void run_from_hsi(void)
{
    RCC_CR |= CR_HSION;
    (void)settles(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
    RCC_CFGR &= ~CFGR_SW;
    (void)settles(&RCC_CFGR, CFGR_SWS, 0);
    RCC_CFGR = 0;
    PWR_CR1 &= ~(CR1_ODEN | CR1_ODSWEN);
    RCC_CR &= ~CR_PLLON;
    (void)settles(&RCC_CR, CR_PLLRDY, 0);
}

static bool start_overdrive(void)
{
    PWR_CR1 |= CR1_ODEN;
    if (!settles(&PWR_CSR1, CSR1_ODRDY, CSR1_ODRDY)) {
        return false;
    }
    PWR_CR1 |= CR1_ODSWEN;
    return settles(&PWR_CSR1, CSR1_ODSWRDY, CSR1_ODSWRDY);
}

static bool start_pll(void)
{
    PWR_CR1 |= CR1_VOS_SCALE_1;
    RCC_PLLCFGR = PLLCFGR;
    RCC_CR |= CR_PLLON;
    return start_overdrive() && settles(&RCC_CR, CR_PLLRDY, CR_PLLRDY);
}

static bool run_from_pll(void)
{
    FLASH_ACR = BOARD_FLASH_WAIT_STATES | ACR_PRFTEN | ACR_CACHES;
    if (!settles(&FLASH_ACR, ACR_LATENCY, BOARD_FLASH_WAIT_STATES)) {
        return false;
    }
    RCC_CFGR = CFGR_PRESCALERS;
    RCC_CFGR |= CFGR_SW_PLL;
    return settles(&RCC_CFGR, CFGR_SWS, CFGR_SWS_PLL);
}

struct clocks clock_start(void)
{
    RCC_APB1ENR |= APB1ENR_PWREN;
    (void)RCC_APB1ENR; /* the clock needs two cycles to reach PWR */
    run_from_hsi();
    if (start_pll() && run_from_pll()) {
        return (struct clocks){.core_hz = BOARD_CORE_HZ, .console_hz = BOARD_CONSOLE_CLOCK_HZ};
    }
    run_from_hsi();
    return (struct clocks){.core_hz = BOARD_FALLBACK_HZ, .console_hz = BOARD_FALLBACK_HZ};
}
