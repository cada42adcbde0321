/* The board, as the protocol sees it. */
#include "target.h"

#include "application.h"
#include "cortex_m.h"
#include "flash.h"
#include "layout.h"
#include "mailbox.h"
#include "mcugen_crc32.h"
#include "protocol.h"
#include "uart.h"

struct range {
    uint32_t address;
    uint32_t bytes;
};

static const struct range readable[] = {LAYOUT_READABLE_RANGES};

void target_send(uint8_t byte)
{
    uart_write(byte);
}

uint32_t target_product_id(void)
{
    return LAYOUT_PRODUCT_ID;
}

bool target_readable(uint32_t address, uint32_t length)
{
    for (uint32_t i = 0; i < sizeof(readable) / sizeof(*readable); i++) {
        uint32_t offset = address - readable[i].address;
        if (offset < readable[i].bytes && length <= readable[i].bytes - offset) {
            return true;
        }
    }
    return false;
}

/* A loader that gives nothing out tells CRCs of whole blocks only: those of pieces that overlap, or
 * of single bytes, would give out what is in them. */
bool target_checkable(uint32_t address, uint32_t length)
{
    bool blocks = (address | length) % PROTOCOL_BLOCK_MAX == 0;
    return target_readable(address, length) ||
           (LAYOUT_NO_READ != 0u && blocks && flash_range_is_application(address, length));
}

/* By words: not all that may be read can be read otherwise. */
uint8_t target_byte(uint32_t address)
{
    return (uint8_t)(REG32(address & ~3u) >> (8u * (address & 3u)));
}

uint32_t target_crc(uint32_t address, uint32_t length)
{
    return mcugen_crc32_update(0, (const void *)(uintptr_t)address, length);
}

bool target_writable(uint32_t address, uint32_t length)
{
    return flash_range_is_application(address, length);
}

/* Where nothing is given out, nothing may be written beside what is there: it could be a program
 * that gives it out. Holds from when all was blank to the next reset. */
static bool may_write(void)
{
    static bool was_blank;
    if (LAYOUT_NO_READ != 0u && !was_blank) {
        was_blank = flash_is_blank();
    }
    return LAYOUT_NO_READ == 0u || was_blank;
}

bool target_write(uint32_t address, const uint8_t *data, uint32_t length)
{
    return may_write() && flash_program(address, data, length);
}

bool target_erasable(uint32_t sector)
{
    return flash_sector_is_application(sector);
}

bool target_erase(uint32_t sector)
{
    return flash_erase(sector);
}

bool target_startable(uint32_t address)
{
    return address == LAYOUT_APPLICATION && application_is_whole();
}

/* By way of a reset, so that the application finds every register as after power-up. */
void target_start(void)
{
    uart_flush();
    _mailbox = MAILBOX_START_APPLICATION;
    barrier_data();
    SCB_AIRCR = AIRCR_SYSRESETREQ;
    barrier_data();
    for (;;) {
    }
}
