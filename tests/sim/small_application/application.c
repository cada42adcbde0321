/* An application of about a kilobyte: says which one it is whenever a byte comes. */
#include <stdint.h>

#include "board.h"
#include "cortex_m.h"
#include "mailbox.h"
#include "uart.h"

extern uint32_t _stack_top[];
extern const uint32_t _footer[];

void Reset_Handler(void);

#define HSI_HZ 16000000u

typedef void (*vector)(void);

/* Keeps the image from being so small that it is all in the first block. */
#define FOUR_WORDS(n) (n) * 0x01010101u, (n)*0x02040810u, (n)*0x76543210u, (n)*0x9E3779B9u
__attribute__((used)) const uint32_t ballast[] = {
    FOUR_WORDS(3u),  FOUR_WORDS(5u),  FOUR_WORDS(7u),  FOUR_WORDS(11u), FOUR_WORDS(13u),
    FOUR_WORDS(17u), FOUR_WORDS(19u), FOUR_WORDS(23u), FOUR_WORDS(29u), FOUR_WORDS(31u),
};

void Reset_Handler(void)
{
    uart_start(HSI_HZ);
    for (;;) {
        if (uart_read() == '?') {
            uart_write(VERSION);
        } else {
            _mailbox = MAILBOX_STAY_IN_LOADER;
            SCB_AIRCR = AIRCR_SYSRESETREQ;
        }
    }
}

__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    (vector)(uintptr_t)_stack_top,
    Reset_Handler,
    [7] = (vector)(uintptr_t)_footer,
};
