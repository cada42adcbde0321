/* firmware/loader/protocol.c on the host, around a chip of four sectors.
 *
 * Standard input is pairs of a kind and a value: b and a byte, d and a damaged byte, s and silence,
 * m and a mark. Standard output is pairs too: > and a byte that was sent, m for a mark, g when the
 * application was started. A command that reaches the loader's sector ends the program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcugen_crc32.h"
#include "protocol.h"
#include "target.h"

#define FLASH_BASE   0x08000000u
#define SECTOR_BYTES 1024u
#define SECTORS      4u
#define APPLICATION  (FLASH_BASE + SECTOR_BYTES)

static uint8_t flash[SECTORS * SECTOR_BYTES];

static void put(char kind, uint8_t value)
{
    (void)putchar(kind);
    (void)putchar(value);
}

static void must(bool condition, const char *what)
{
    if (!condition) {
        (void)fprintf(stderr, "%s\n", what);
        exit(3);
    }
}

static bool within(uint32_t address, uint32_t length, uint32_t base, uint32_t bytes)
{
    uint32_t offset = address - base;
    return offset < bytes && length <= bytes - offset;
}

void target_send(uint8_t byte)
{
    put('>', byte);
}

uint32_t target_product_id(void)
{
    return 0x449u;
}

bool target_readable(uint32_t address, uint32_t length)
{
    return within(address, length, FLASH_BASE, sizeof(flash));
}

bool target_checkable(uint32_t address, uint32_t length)
{
    return target_readable(address, length);
}

uint8_t target_byte(uint32_t address)
{
    must(target_readable(address, 1), "read outside memory");
    return flash[address - FLASH_BASE];
}

uint32_t target_crc(uint32_t address, uint32_t length)
{
    must(target_readable(address, length), "check sum outside memory");
    return mcugen_crc32_update(0, &flash[address - FLASH_BASE], length);
}

bool target_writable(uint32_t address, uint32_t length)
{
    return within(address, length, APPLICATION, sizeof(flash) - SECTOR_BYTES);
}

bool target_write(uint32_t address, const uint8_t *data, uint32_t length)
{
    must(target_writable(address, length) && address % 4u == 0, "write outside the application");
    memcpy(&flash[address - FLASH_BASE], data, length);
    return true;
}

bool target_erasable(uint32_t sector)
{
    return sector > 0 && sector < SECTORS;
}

bool target_erase(uint32_t sector)
{
    must(target_erasable(sector), "erase outside the application");
    memset(&flash[sector * SECTOR_BYTES], 0xFF, SECTOR_BYTES);
    return true;
}

bool target_startable(uint32_t address)
{
    return address == APPLICATION && flash[SECTOR_BYTES] != 0xFFu;
}

void target_start(void)
{
    put('g', 0);
}

static void happen(struct protocol *protocol, int kind, int value)
{
    if (kind == 'b') {
        protocol_take(protocol, (uint8_t)value);
    } else if (kind == 'd') {
        protocol_take_damaged(protocol);
    } else if (kind == 's') {
        protocol_line_is_silent(protocol);
    } else {
        put('m', 0);
    }
}

int main(void)
{
    /* On the heap, where a byte beyond its end is noticed. */
    struct protocol *protocol = calloc(1, sizeof(*protocol));
    must(protocol != NULL, "no memory");
    memset(flash, 0xFF, sizeof(flash));
    for (uint32_t i = 0; i < SECTOR_BYTES; i++) {
        flash[i] = (uint8_t)i;
    }
    for (int kind = getchar(); kind != EOF; kind = getchar()) {
        happen(protocol, kind, getchar());
    }
    for (uint32_t i = 0; i < SECTOR_BYTES; i++) {
        must(flash[i] == (uint8_t)i, "the loader's sector has changed");
    }
    free(protocol);
    return 0;
}
