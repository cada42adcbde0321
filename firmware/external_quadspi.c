/* An N25Q128A or its like on the QUADSPI of an STM32F4 or F7, read like memory (RM0385, section 14;
 * RM0390, section 12). Read in the manuals, not tried on hardware.
 *
 * The instructions are those that such chips know after power-up: 6Bh reads, with its address on
 * one line and data on four, at up to 108 MHz with 8 dummy cycles.
 */
#include "external.h"

#include "board.h"
#include "cortex_m.h"
#include "pins_stm32.h"
#include "settles.h"

#define RCC_AHB3RSTR REG32(0x40023818u)
#define RCC_AHB3ENR  REG32(0x40023838u)
#define QUADSPI_CR   REG32(0xA0001000u)
#define QUADSPI_DCR  REG32(0xA0001004u)
#define QUADSPI_SR   REG32(0xA0001008u)
#define QUADSPI_FCR  REG32(0xA000100Cu)
#define QUADSPI_CCR  REG32(0xA0001014u)

#define AHB3_QSPI        (1u << 1)
#define CR_EN            (1u << 0)
#define CR_SSHIFT        (1u << 4) /* samples half a cycle later: pins and traces take time */
#define CR_PRESCALER_4   (3u << 24)
#define DCR_CSHT_2       (1u << 8) /* cycles between two instructions */
#define DCR_FSIZE(bits)  (((bits)-1u) << 16)
#define SR_TCF           (1u << 1)
#define SR_BUSY          (1u << 5)
#define CCR_ONE_LINE     (1u << 8)
#define CCR_ADDRESS      (1u << 10 | 2u << 12) /* on one line, 24 bits */
#define CCR_DUMMY(count) ((count) << 18)
#define CCR_DATA_FOUR    (3u << 24)
#define CCR_MAPPED       (3u << 26)

#define RESET_ENABLE     0x66u
#define RESET_MEMORY     0x99u
#define READ_FOUR_OUTPUT 0x6Bu

static void command(uint32_t instruction)
{
    QUADSPI_CCR = CCR_ONE_LINE | instruction;
    (void)settles(&QUADSPI_SR, SR_TCF | SR_BUSY, SR_TCF);
    QUADSPI_FCR = SR_TCF;
}

/* Whatever ran before a reset may have left unit and chip in another mode. */
static void reset_both(void)
{
    RCC_AHB3ENR |= AHB3_QSPI;
    (void)RCC_AHB3ENR; /* the clock needs two cycles to reach the unit */
    RCC_AHB3RSTR |= AHB3_QSPI;
    RCC_AHB3RSTR &= ~AHB3_QSPI;
    QUADSPI_DCR = DCR_FSIZE(BOARD_EXTERNAL_ADDRESS_BITS) | DCR_CSHT_2;
    QUADSPI_CR = CR_PRESCALER_4 | CR_SSHIFT | CR_EN;
    command(RESET_ENABLE);
    command(RESET_MEMORY);
}

void external_start(void)
{
    static const uint8_t pins[][3] = BOARD_EXTERNAL_PINS; /* port, pin, function */
    for (uint32_t index = 0; index < sizeof(pins) / sizeof(pins[0]); index++) {
        pin_connect(pins[index][0], pins[index][1], pins[index][2]);
        pin_speed_up(pins[index][0], pins[index][1]);
    }
    reset_both();
    QUADSPI_CCR =
        CCR_MAPPED | CCR_DATA_FOUR | CCR_DUMMY(8u) | CCR_ADDRESS | CCR_ONE_LINE | READ_FOUR_OUTPUT;
    barrier_data();
}
