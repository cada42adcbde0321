/* Stands in for firmware/cortex_m.h on the host: every access goes to a flash controller of the
 * test's own. */
#ifndef CORTEX_M_H
#define CORTEX_M_H

#include <stdint.h>

volatile uint32_t *host_word(uint32_t address);

#define REG32(address) (*host_word(address))

static inline void barrier_data(void)
{
}

#endif
