/* The board, as the protocol sees it. */
#include "target.h"

#include "application.h"
#include "cortex_m.h"
#include "crc32.h"
#include "flash.h"
#include "layout.h"
#include "mailbox.h"
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

/* By words: not all that may be read can be read otherwise. */
uint8_t target_byte(uint32_t address)
{
    return (uint8_t)(REG32(address & ~3u) >> (8u * (address & 3u)));
}

uint32_t target_crc(uint32_t address, uint32_t length)
{
    return crc32_update(0, (const void *)(uintptr_t)address, length);
}

bool target_writable(uint32_t address, uint32_t length)
{
    return flash_range_is_application(address, length);
}

bool target_write(uint32_t address, const uint8_t *data, uint32_t length)
{
    return flash_program(address, data, length);
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
