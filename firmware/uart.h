/* The board's serial line, polled. */
#ifndef UART_H
#define UART_H

#include <stdint.h>

/* 8 data bits, no parity, 1 stop bit at the board's baud rate, from a UART clock of clock_hz. */
void uart_start(uint32_t clock_hz);

/* 8 data bits, even parity, 1 stop bit: what boot loaders of STM32 speak. */
void uart_start_even_parity(uint32_t clock_hz);

enum uart_event {
    UART_SILENT, /* nothing has come */
    UART_BYTE,
    UART_DAMAGED /* a byte has come, but parity, stop bit or noise say that it is another one */
};

/* Takes a byte that has come. That others were lost before it is not told. */
enum uart_event uart_poll(uint8_t *byte);

/* Waits for a byte. A byte that arrived damaged is returned as it is: frames carry a check sum. */
uint8_t uart_read(void);

/* Waits for room, but not for ever: a fault report may come before the line is up. */
void uart_write(uint8_t byte);

/* Waits until the last bit is on the wire. */
void uart_flush(void);

#endif
