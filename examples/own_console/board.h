/* What the programs here know of their board: a serial line and a cycle counter. */
#ifndef OWN_BOARD_H
#define OWN_BOARD_H

#include <stdint.h>

#include "mcugen_console.h"

/* The chip runs at the 16 MHz of its reset. */
#define BOARD_HZ 16000000u

void board_start(void);

/* USART3, which is the board's USB serial port: 115,200 baud. */
void board_put(uint8_t byte);
int board_get(void);

uint32_t board_cycles(void);

/* Cycles on the chip; the virtual board has no cycles and counts instructions. */
enum mcugen_counts board_counts(void);

#endif
