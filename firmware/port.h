/* The console's port on this board. */
#ifndef PORT_H
#define PORT_H

#include <stdint.h>

#include "mcugen_console.h"

/* Starts the cycle counter; the serial line is up already. */
const struct mcugen_port *port_start(uint32_t core_hz);

#endif
