/* STM32L4+: PLL from the multi-speed internal oscillator, boost mode (RM0432, sections 5.1.8 and
 * 6), and the supply of the pins of port G. Compiled only: this file never ran. */
#include "clock.h"

#include <stdbool.h>

#include "board.h"
#include "cortex_m.h"
#include "settles.h"

#define RCC_CR       REG32(0x40021000u)
#define RCC_CFGR     REG32(0x40021008u)
#define RCC_PLLCFGR  REG32(0x4002100Cu)
#define RCC_APB1ENR1 REG32(0x40021058u)
#define PWR_CR1      REG32(0x40007000u)
#define PWR_CR2      REG32(0x40007004u)
#define PWR_SR2      REG32(0x40007014u)
#define PWR_CR5      REG32(0x40007080u)
#define FLASH_ACR    REG32(0x40022000u)

#define CR_MSION         (1u << 0)
#define CR_MSIRDY        (1u << 1)
#define CR_MSIRGSEL      (1u << 3)
#define CR_MSIRANGE      (0xFu << 4)
#define CR_MSIRANGE_4MHZ (6u << 4)
#define CR_PLLON         (1u << 24)
#define CR_PLLRDY        (1u << 25)
#define CFGR_SW          (3u << 0)
#define CFGR_SW_PLL      (3u << 0)
#define CFGR_SWS         (3u << 2)
#define CFGR_SWS_PLL     (3u << 2)
#define CFGR_HPRE        (0xFu << 4)
#define CFGR_HPRE_HALF   (8u << 4)
#define PLLCFGR_MSI      (1u << 0)
#define PLLCFGR_REN      (1u << 24)
#define APB1ENR1_PWREN   (1u << 28)
#define CR1_VOS          (3u << 9)
#define CR1_VOS_RANGE_1  (1u << 9)
#define CR2_IOSV         (1u << 9)
#define SR2_VOSF         (1u << 10)
#define CR5_R1MODE       (1u << 8) /* 0 is boost */
#define ACR_LATENCY      (0xFu << 0)
#define ACR_SPEED_UP     (7u << 8) /* PRFTEN, ICEN, DCEN */

#define PLLCFGR                                                                                    \
    (PLLCFGR_MSI | (BOARD_PLL_M - 1u) << 4 | BOARD_PLL_N << 8 | (BOARD_PLL_P / 2u - 1u) << 25 |    \
     PLLCFGR_REN)

/* More than a microsecond at the full clock. */
#define BOOST_PAUSE_TURNS 120u

/* Where a start after a reset begins anyway, but not one by a debugger, and where it ends when the
 * PLL fails. */
static void run_from_msi(void)
{
    RCC_CR |= CR_MSION;
    (void)settles(&RCC_CR, CR_MSIRDY, CR_MSIRDY);
    RCC_CFGR &= ~CFGR_SW;
    (void)settles(&RCC_CFGR, CFGR_SWS, 0);
    RCC_CFGR = 0;
    RCC_CR = (RCC_CR & ~CR_MSIRANGE) | CR_MSIRANGE_4MHZ | CR_MSIRGSEL;
    RCC_CR &= ~CR_PLLON;
    (void)settles(&RCC_CR, CR_PLLRDY, 0);
}

static bool start_boost(void)
{
    PWR_CR1 = (PWR_CR1 & ~CR1_VOS) | CR1_VOS_RANGE_1;
    if (!settles(&PWR_SR2, SR2_VOSF, 0)) {
        return false;
    }
    PWR_CR5 &= ~CR5_R1MODE;
    return true;
}

static bool start_pll(void)
{
    RCC_PLLCFGR = PLLCFGR;
    RCC_CR |= CR_PLLON;
    return settles(&RCC_CR, CR_PLLRDY, CR_PLLRDY);
}

/* In two steps, as the manual wants it above 80 MHz. */
static bool run_from_pll(void)
{
    FLASH_ACR = BOARD_FLASH_WAIT_STATES | ACR_SPEED_UP;
    if (!settles(&FLASH_ACR, ACR_LATENCY, BOARD_FLASH_WAIT_STATES)) {
        return false;
    }
    RCC_CFGR = CFGR_HPRE_HALF;
    RCC_CFGR |= CFGR_SW_PLL;
    if (!settles(&RCC_CFGR, CFGR_SWS, CFGR_SWS_PLL)) {
        return false;
    }
    for (uint32_t turns = BOOST_PAUSE_TURNS; turns > 0; turns--) {
        __asm__ volatile("");
    }
    RCC_CFGR &= ~CFGR_HPRE;
    return true;
}

struct clocks clock_start(void)
{
    RCC_APB1ENR1 |= APB1ENR1_PWREN;
    (void)RCC_APB1ENR1; /* the clock needs two cycles to reach PWR */
    PWR_CR2 |= CR2_IOSV;
    run_from_msi();
    if (start_boost() && start_pll() && run_from_pll()) {
        return (struct clocks){.core_hz = BOARD_CORE_HZ, .console_hz = BOARD_CONSOLE_CLOCK_HZ};
    }
    run_from_msi();
    return (struct clocks){.core_hz = BOARD_FALLBACK_HZ, .console_hz = BOARD_FALLBACK_HZ};
}
