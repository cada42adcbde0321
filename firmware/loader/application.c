#include "application.h"

#include <stdint.h>

#include "cortex_m.h"
#include "layout.h"
#include "mcugen_crc32.h"

/* mcugen/footer.py is the definition. */
#define FOOTER_MAGIC  0x4647434Du
#define FOOTER_FORMAT 1u
#define FOOTER_BYTES  32u

enum {
    FOOTER_WORD_MAGIC = 0,
    FOOTER_WORD_FORMAT = 1,
    FOOTER_WORD_LENGTH = 2,
    FOOTER_WORD_CRC = 3
};

#define VECTOR_RESET  4u
#define VECTOR_FOOTER (4u * 7u)
#define VECTOR_END    64u /* of the processor's own vectors */

/* The footer's address, or 0 where the vector table names no place that one can be at. */
static uint32_t footer_address(void)
{
    uint32_t address = REG32(LAYOUT_APPLICATION + VECTOR_FOOTER);
    bool possible = address % 4u == 0 && address >= LAYOUT_APPLICATION + VECTOR_END &&
                    address <= LAYOUT_FLASH_END - FOOTER_BYTES;
    return possible ? address : 0u;
}

static uint32_t footer_word(uint32_t index)
{
    return REG32(footer_address() + 4u * index);
}

bool application_is_there(void)
{
    uint32_t address = footer_address();
    return address != 0 && footer_word(FOOTER_WORD_MAGIC) == FOOTER_MAGIC &&
           footer_word(FOOTER_WORD_FORMAT) == FOOTER_FORMAT &&
           footer_word(FOOTER_WORD_LENGTH) == address - LAYOUT_APPLICATION;
}

bool application_is_whole(void)
{
    if (!application_is_there()) {
        return false;
    }
    const void *start = (const void *)(uintptr_t)LAYOUT_APPLICATION;
    return mcugen_crc32_update(0, start, footer_word(FOOTER_WORD_LENGTH)) ==
           footer_word(FOOTER_WORD_CRC);
}

_Noreturn void application_enter(void)
{
    uint32_t stack = REG32(LAYOUT_APPLICATION);
    uint32_t entry = REG32(LAYOUT_APPLICATION + VECTOR_RESET);
    __asm__ volatile("msr msp, %0\n"
                     "bx %1\n" ::"r"(stack),
                     "r"(entry));
    __builtin_unreachable();
}
