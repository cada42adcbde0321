/* STM32H7: PLL 1 from the internal 64 MHz oscillator at voltage scale 1 (RM0433, sections 6.6 and
 * 8). Compiled only: this file never ran. */
#include "clock.h"

#include <stdbool.h>

#include "board.h"
#include "cortex_m.h"
#include "settles.h"

#define RCC_CR        REG32(0x58024400u)
#define RCC_CFGR      REG32(0x58024410u)
#define RCC_D1CFGR    REG32(0x58024418u)
#define RCC_D2CFGR    REG32(0x5802441Cu)
#define RCC_D3CFGR    REG32(0x58024420u)
#define RCC_PLLCKSELR REG32(0x58024428u)
#define RCC_PLLCFGR   REG32(0x5802442Cu)
#define RCC_PLL1DIVR  REG32(0x58024430u)
#define PWR_CSR1      REG32(0x58024804u)
#define PWR_CR3       REG32(0x5802480Cu)
#define PWR_D3CR      REG32(0x58024818u)
#define FLASH_ACR     REG32(0x52002000u)

#define CR_HSION           (1u << 0)
#define CR_HSIRDY          (1u << 2)
#define CR_HSIDIV          (3u << 3)
#define CR_PLL1ON          (1u << 24)
#define CR_PLL1RDY         (1u << 25)
#define CFGR_SW            (7u << 0)
#define CFGR_SW_PLL1       (3u << 0)
#define CFGR_SWS           (7u << 3)
#define CFGR_SWS_PLL1      (3u << 3)
#define PLLCKSELR_HSI      0u
#define PLLCFGR_RGE_8_MHZ  (3u << 2) /* 8 to 16 MHz into the PLL, wide oscillator range */
#define PLLCFGR_DIVP1EN    (1u << 16)
#define CR3_LDO            0x6u /* LDOEN and the reset value of the bit that locks it */
#define CSR1_ACTVOSRDY     (1u << 13)
#define D3CR_VOS           (3u << 14)
#define D3CR_VOS_SCALE_1   (3u << 14)
#define D3CR_VOSRDY        (1u << 13)
#define ACR_LATENCY        (0xFu << 0)
#define ACR_WRHIGHFREQ_MAX (3u << 4)

/* Core at full clock, AHB and AXI at half of it. */
#define D1CFGR_HPRE_HALF 8u

/* How an APB prescaler says 1, 2, 4, 8 or 16. */
#define PRESCALER(divider)                                                                         \
    ((divider) == 1u ? 0u : (divider) == 2u ? 4u : (divider) == 4u ? 5u : (divider) == 8u ? 6u : 7u)
#define D1CFGR (PRESCALER(BOARD_APB1_DIVIDER) << 4 | D1CFGR_HPRE_HALF)
#define D2CFGR (PRESCALER(BOARD_APB1_DIVIDER) << 4 | PRESCALER(BOARD_APB2_DIVIDER) << 8)
#define D3CFGR (PRESCALER(BOARD_APB1_DIVIDER) << 4)

#define PLL1DIVR                                                                                   \
    ((BOARD_PLL_N - 1u) | (BOARD_PLL_P - 1u) << 9 | (BOARD_PLL_Q - 1u) << 16 | 1u << 24)

/* Where a start after a reset begins anyway, but not one by a debugger, and where it ends when the
 * PLL fails. */
static void run_from_hsi(void)
{
    RCC_CR |= CR_HSION;
    (void)settles(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
    RCC_CFGR &= ~CFGR_SW;
    (void)settles(&RCC_CFGR, CFGR_SWS, 0);
    RCC_CR &= ~(CR_PLL1ON | CR_HSIDIV);
    (void)settles(&RCC_CR, CR_PLL1RDY, 0);
    RCC_D1CFGR = 0;
    RCC_D2CFGR = 0;
    RCC_D3CFGR = 0;
}

/* The supply can be set up once after power-up; writing it again changes nothing. */
static bool raise_voltage(void)
{
    PWR_CR3 = CR3_LDO;
    if (!settles(&PWR_CSR1, CSR1_ACTVOSRDY, CSR1_ACTVOSRDY)) {
        return false;
    }
    PWR_D3CR = (PWR_D3CR & ~D3CR_VOS) | D3CR_VOS_SCALE_1;
    return settles(&PWR_D3CR, D3CR_VOSRDY, D3CR_VOSRDY);
}

static bool start_pll(void)
{
    RCC_PLLCKSELR = PLLCKSELR_HSI | BOARD_PLL_M << 4;
    RCC_PLLCFGR = PLLCFGR_RGE_8_MHZ | PLLCFGR_DIVP1EN;
    RCC_PLL1DIVR = PLL1DIVR;
    RCC_CR |= CR_PLL1ON;
    return settles(&RCC_CR, CR_PLL1RDY, CR_PLL1RDY);
}

static bool run_from_pll(void)
{
    FLASH_ACR = BOARD_FLASH_WAIT_STATES | ACR_WRHIGHFREQ_MAX;
    if (!settles(&FLASH_ACR, ACR_LATENCY, BOARD_FLASH_WAIT_STATES)) {
        return false;
    }
    RCC_D1CFGR = D1CFGR;
    RCC_D2CFGR = D2CFGR;
    RCC_D3CFGR = D3CFGR;
    RCC_CFGR |= CFGR_SW_PLL1;
    return settles(&RCC_CFGR, CFGR_SWS, CFGR_SWS_PLL1);
}

struct clocks clock_start(void)
{
    run_from_hsi();
    if (raise_voltage() && start_pll() && run_from_pll()) {
        return (struct clocks){.core_hz = BOARD_CORE_HZ, .console_hz = BOARD_CONSOLE_CLOCK_HZ};
    }
    run_from_hsi();
    return (struct clocks){.core_hz = BOARD_FALLBACK_HZ, .console_hz = BOARD_FALLBACK_HZ};
}
