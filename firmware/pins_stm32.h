/* Pins of the STM32 families F4, F7, L4 and H7, whose ports have the same registers. */
#ifndef PINS_STM32_H
#define PINS_STM32_H

#include <stdint.h>

/* Gives the pin to an alternate function, pulled up: an open line is an idle line. Port A is 0. */
void pin_connect(uint32_t port, uint32_t pin, uint32_t function);

/* Makes the edges of an output as steep as the port can. */
void pin_speed_up(uint32_t port, uint32_t pin);

#endif
