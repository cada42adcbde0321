/* Cycles from the debug unit's CYCCNT. */
#include "cycles.h"

#include "cortex_m.h"

bool cycles_start(void)
{
    SCB_DEMCR |= DEMCR_TRCENA;
    DWT_LAR = DWT_LAR_UNLOCK; /* Cortex-M7 ignores writes to the unit until then */
    if (DWT_CTRL & DWT_CTRL_NOCYCCNT) {
        return false;
    }
    DWT_CYCCNT = 0;
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
    barrier_data();
    /* An emulator may have the register but not the counter. */
    uint32_t before = DWT_CYCCNT;
    barrier_instruction();
    return DWT_CYCCNT != before;
}

uint32_t cycles_now(void)
{
    return DWT_CYCCNT;
}
