/* The debug unit's CYCCNT. */
#include "counter.h"

#include <stdbool.h>

#include "cortex_m.h"

static bool counts(void)
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

/* Arm keeps implementer 0 for software: no chip has it, the virtual board does. */
static bool is_virtual(void)
{
    return CPUID_IMPLEMENTER(SCB_CPUID) == CPUID_IMPLEMENTER_SOFTWARE;
}

enum mcugen_counts counter_start(void)
{
    if (!counts()) {
        return MCUGEN_COUNTS_NOTHING;
    }
    return is_virtual() ? MCUGEN_COUNTS_INSTRUCTIONS : MCUGEN_COUNTS_CYCLES;
}

uint32_t counter_now(void)
{
    return DWT_CYCCNT;
}
