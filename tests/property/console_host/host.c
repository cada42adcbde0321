/* firmware/console.c on the host: bytes from standard input, answers to standard output. */
#include <stdio.h>
#include <stdlib.h>

#include "caches.h"
#include "console.h"
#include "cortex_m.h"
#include "counter.h"
#include "mailbox.h"
#include "uart.h"

volatile uint32_t _mailbox;

static uint32_t count;

uint8_t uart_read(void)
{
    int byte = getchar();
    if (byte == EOF) {
        exit(0);
    }
    return (uint8_t)byte;
}

void uart_write(uint8_t byte)
{
    (void)putchar(byte);
}

void uart_flush(void)
{
}

void caches_clean(const volatile void *address)
{
    (void)address;
}

uint32_t counter_now(void)
{
    return count++;
}

/* A reset ends the program, with a status that says so. */
uint32_t *host_reset(void)
{
    (void)fflush(stdout);
    exit(_mailbox == MAILBOX_STAY_IN_LOADER ? 64 : 65);
}

int main(void)
{
    console_serve(1000000u, COUNTS_CYCLES);
}
