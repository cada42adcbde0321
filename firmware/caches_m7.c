/* Cortex-M7 caches (ARM DDI 0489, "Initialising and enabling the caches"). */
#include "caches.h"

#include "cortex_m.h"

static void instruction_cache_enable(void)
{
    barrier_data();
    barrier_instruction();
    SCB_ICIALLU = 0;
    barrier_data();
    barrier_instruction();
    SCB_CCR |= CCR_IC;
    barrier_data();
    barrier_instruction();
}

/* The cache holds chance bits after power-up: every line of every way is declared invalid first. */
static void data_cache_invalidate(void)
{
    SCB_CSSELR = 0; /* level 1, data */
    barrier_data();
    uint32_t size = SCB_CCSIDR;
    uint32_t last_set = (size >> 13) & 0x7FFFu;
    uint32_t last_way = (size >> 3) & 0x3FFu;
    for (uint32_t set = 0; set <= last_set; set++) {
        for (uint32_t way = 0; way <= last_way; way++) {
            SCB_DCISW = (way << 30) | (set << 5);
        }
    }
    barrier_data();
}

static void data_cache_enable(void)
{
    data_cache_invalidate();
    SCB_CCR |= CCR_DC;
    barrier_data();
    barrier_instruction();
}

void caches_enable(void)
{
    instruction_cache_enable();
    /* Already on when a debugger restarts the program: then it holds data, and must not lose it. */
    if ((SCB_CCR & CCR_DC) == 0) {
        data_cache_enable();
    }
}

void caches_clean(const volatile void *address)
{
    barrier_data();
    SCB_DCCMVAC = (uint32_t)(uintptr_t)address;
    barrier_data();
    barrier_instruction();
}
