/* Stands in for firmware/cortex_m.h on the host: there is no register to reset. */
#ifndef CORTEX_M_H
#define CORTEX_M_H

#include <stdint.h>

uint32_t *host_reset(void);

#define SCB_AIRCR         (*host_reset())
#define AIRCR_SYSRESETREQ 1u

static inline void barrier_data(void)
{
}

#endif
