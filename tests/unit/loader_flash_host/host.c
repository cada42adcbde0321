/* firmware/loader/flash_stm32f4f7.c on the host, with a flash controller as RM0410 describes it.
 *
 * Arguments: the option control register; a flag for a fault (p: all sectors are write-protected,
 * b: busy for ever, e: an error left over from before, k: the last word of a sector is not erased
 * and nothing says so, n: none); then e and a sector number, or w,
 * an address and bytes in hexadecimal. Says whether the loader's function succeeded, and which
 * codes of sectors were erased, which words programmed. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cortex_m.h"
#include "flash.h"
#include "layout.h"

#define CONTROLLER 0x40023C00u

enum {
    KEYR = 1,
    SR = 3,
    CR = 4,
    OPTCR = 5,
    REGISTERS = 6
};

#define SR_WRPERR (1u << 4)
#define SR_PGSERR (1u << 7)
#define SR_ERRORS 0xF2u
#define SR_BSY    (1u << 16)
#define CR_LOCK   (1u << 31)
#define CR_STRT   (1u << 16)

#define WORDS ((LAYOUT_FLASH_END - LAYOUT_FLASH_BASE) / 4u)

static uint32_t flash[WORDS];
static volatile uint32_t seen[REGISTERS];
static uint32_t status, control = CR_LOCK;
static uint32_t keys;
static char fault;
static volatile uint32_t *touched; /* a word of flash that may have been stored to */
static uint32_t before;

static void must(bool condition, const char *what)
{
    if (!condition) {
        (void)fprintf(stderr, "%s\n", what);
        exit(3);
    }
}

static void fill_sector(uint32_t code)
{
    bool two_banks = (seen[OPTCR] >> 29 & 1u) == 0;
    uint32_t unit = two_banks ? 0x4000u : 0x8000u;
    uint32_t start = 0, number = code;
    if (code >= 16u) {
        must(two_banks, "a code of a second bank that is not there");
        start = (LAYOUT_FLASH_END - LAYOUT_FLASH_BASE) / 2u;
        number -= 16u;
    }
    must(number < 12u, "a code of no sector");
    start += number < 5u ? number * unit : (number - 4u) * 8u * unit;
    uint32_t bytes = number < 4u ? unit : number == 4u ? 4u * unit : 8u * unit;
    memset((unsigned char *)flash + start, 0xFF, fault == 'k' ? bytes - 4u : bytes);
    (void)printf("erased %u 0x%08x %u\n", code, LAYOUT_FLASH_BASE + start, bytes);
}

static void start_operation(void)
{
    if (fault == 'b') {
        status |= SR_BSY;
    } else if (fault == 'p') {
        status |= SR_WRPERR;
    } else {
        must((control & 0x307u) == 0x202u, "not set up to erase a sector by 32 bits");
        fill_sector(control >> 3 & 0x1Fu);
    }
    control &= ~CR_STRT;
}

static void finish_control(uint32_t written)
{
    if (written == control) {
        return;
    }
    must((control & CR_LOCK) == 0 || written == CR_LOCK, "CR is written while it is locked");
    control = written;
    if (control & CR_STRT) {
        start_operation();
    }
}

static void finish_key(uint32_t written)
{
    if (written == 0) {
        return;
    }
    must((control & CR_LOCK) != 0, "a key is written while nothing is locked");
    must(written == (keys == 0 ? 0x45670123u : 0xCDEF89ABu), "a wrong key");
    if (++keys == 2u) {
        control &= ~CR_LOCK;
        keys = 0;
    }
}

static void finish_store(void)
{
    uint32_t now = touched == NULL ? 0 : *touched;
    if (touched == NULL || now == before) {
        return;
    }
    must((control & 0x307u) == 0x201u, "not set up to program 32 bits");
    must((control & CR_LOCK) == 0, "a store while the flash is locked");
    *touched = fault == 'p' ? before : before & now;
    status |= fault == 'p' ? SR_WRPERR : fault == 'b' ? SR_BSY : 0;
    uint32_t offset = (uint32_t)((uintptr_t)touched - (uintptr_t)flash);
    (void)printf("programmed 0x%08x\n", LAYOUT_FLASH_BASE + offset);
}

static void finish_status(uint32_t written)
{
    if (written != status) {
        must((written & ~(SR_ERRORS | 1u)) == 0, "reserved bits of SR are written");
        status &= ~written;
    }
}

/* What the access before did: whether it was a store shows only now. */
static void settle(void)
{
    finish_status(seen[SR]);
    finish_store();
    finish_control(seen[CR]);
    finish_key(seen[KEYR]);
    touched = NULL;
    seen[KEYR] = 0;
    seen[CR] = control;
    seen[SR] = status;
}

volatile uint32_t *host_word(uint32_t address)
{
    settle();
    if (address - LAYOUT_FLASH_BASE < sizeof(flash)) {
        touched = (volatile uint32_t *)&flash[(address - LAYOUT_FLASH_BASE) / 4u];
        before = *touched;
        return touched;
    }
    uint32_t index = (address - CONTROLLER) / 4u;
    must(index == KEYR || index == SR || index == CR || index == OPTCR, "an unknown register");
    return &seen[index];
}

static bool write_words(const char *address, const char *digits)
{
    uint8_t data[256];
    uint32_t length = (uint32_t)strlen(digits) / 2u;
    for (uint32_t i = 0; i < length; i++) {
        char pair[3] = {digits[2u * i], digits[2u * i + 1u], 0};
        data[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return flash_program((uint32_t)strtoul(address, NULL, 0), data, length);
}

int main(int count, char **arguments)
{
    must(count >= 5, "too few arguments");
    seen[OPTCR] = (uint32_t)strtoul(arguments[1], NULL, 0);
    fault = arguments[2][0];
    status = fault == 'e' ? SR_PGSERR : 0;
    seen[SR] = status;
    seen[CR] = control;
    memset(flash, arguments[3][0] == 'e' ? 0x55 : 0xFF, sizeof(flash));
    for (int i = 4; i < count; i++) {
        bool good = arguments[3][0] == 'e' ? flash_erase((uint32_t)strtoul(arguments[i], NULL, 0))
                                           : write_words(arguments[i], arguments[i + 1]);
        (void)printf("%s\n", good ? "good" : "bad");
        i += arguments[3][0] == 'e' ? 0 : 1;
    }
    settle();
    must((control & CR_LOCK) != 0, "the flash is left unlocked");
    return 0;
}
