/* Flash controller of the STM32F4 and F7 (RM0390, section 3; RM0385 and RM0410, section 3). Option
 * bytes are not written, and nothing here could. */
#include "flash.h"

#include <string.h>

#include "cortex_m.h"
#include "layout.h"

#define FLASH_KEYR  REG32(0x40023C04u)
#define FLASH_SR    REG32(0x40023C0Cu)
#define FLASH_CR    REG32(0x40023C10u)
#define FLASH_OPTCR REG32(0x40023C14u)

#define KEY_1 0x45670123u
#define KEY_2 0xCDEF89ABu

#define SR_ERRORS        0xF2u /* operation, write protection, alignment, parallelism, sequence */
#define SR_EOP           (1u << 0)
#define SR_BSY           (1u << 16)
#define CR_PG            (1u << 0)
#define CR_SER           (1u << 1)
#define CR_SNB(code)     ((code) << 3)
#define CR_PSIZE_32_BITS (2u << 8) /* for a supply of 2.7 V or more */
#define CR_STRT          (1u << 16)
#define CR_LOCK          (1u << 31)

#define SECTORS_A_BANK  12u
#define SNB_SECOND_BANK 0x10u

#define BLANK 0xFFFFFFFFu

/* Ten seconds or more at 16 MHz. The slowest sector takes four; the processor stands still for most
 * of them anyway, because its instructions come from the same flash. */
#define POLLS 20000000u

struct run {
    uint32_t count;
    uint32_t bytes;
};

static const struct run factory_layout[] = {LAYOUT_SECTOR_RUNS};

#if defined(LAYOUT_OTHER_SECTOR_RUNS)
static const struct run other_layout[] = {LAYOUT_OTHER_SECTOR_RUNS};

/* OPTCR has the option word in its upper half. */
static bool has_other_layout(void)
{
    return (FLASH_OPTCR >> (16u + LAYOUT_OTHER_OPTION_BIT) & 1u) == LAYOUT_OTHER_OPTION_VALUE;
}
#endif

/* A sector's address and size; size 0 where there is none of this number. */
struct sector {
    uint32_t address;
    uint32_t bytes;
};

static struct sector find_in(const struct run *runs, uint32_t count, uint32_t number)
{
    struct sector sector = {.address = LAYOUT_FLASH_BASE};
    for (uint32_t i = 0; i < count; i++) {
        if (number < runs[i].count) {
            sector.address += number * runs[i].bytes;
            sector.bytes = runs[i].bytes;
            return sector;
        }
        number -= runs[i].count;
        sector.address += runs[i].count * runs[i].bytes;
    }
    return sector;
}

static struct sector find(uint32_t number)
{
#if defined(LAYOUT_OTHER_SECTOR_RUNS)
    if (has_other_layout()) {
        return find_in(other_layout, sizeof(other_layout) / sizeof(*other_layout), number);
    }
#endif
    return find_in(factory_layout, sizeof(factory_layout) / sizeof(*factory_layout), number);
}

bool flash_range_is_application(uint32_t address, uint32_t length)
{
    return address >= LAYOUT_APPLICATION && address <= LAYOUT_FLASH_END &&
           length <= LAYOUT_FLASH_END - address;
}

bool flash_sector_is_application(uint32_t sector)
{
    struct sector found = find(sector);
    return found.bytes > 0 && flash_range_is_application(found.address, found.bytes);
}

/* Flash and registers are memory of different types, whose accesses the processor may reorder: the
 * one that starts an operation must be done before, and none of what follows may come early. */
static bool finished(void)
{
    barrier_data();
    uint32_t status = FLASH_SR;
    for (uint32_t polls = 0; polls < POLLS && (status & SR_BSY) != 0; polls++) {
        status = FLASH_SR;
    }
    barrier_data();
    return (status & (SR_BSY | SR_ERRORS)) == 0;
}

/* Ready for a command, with no error left over from an earlier one. */
static bool unlock(void)
{
    if (FLASH_CR & CR_LOCK) {
        FLASH_KEYR = KEY_1;
        FLASH_KEYR = KEY_2;
    }
    (void)finished();
    FLASH_SR = SR_ERRORS | SR_EOP;
    return (FLASH_CR & CR_LOCK) == 0 && (FLASH_SR & (SR_BSY | SR_ERRORS)) == 0;
}

static void lock(void)
{
    FLASH_CR = CR_LOCK;
    barrier_data();
}

static bool is_blank(uint32_t address, uint32_t bytes)
{
    for (uint32_t offset = 0; offset < bytes; offset += 4u) {
        if (REG32(address + offset) != BLANK) {
            return false;
        }
    }
    return true;
}

bool flash_is_blank(void)
{
    return is_blank(LAYOUT_APPLICATION, LAYOUT_FLASH_END - LAYOUT_APPLICATION);
}

/* Sectors of the second bank have codes of their own. */
static uint32_t sector_code(uint32_t sector)
{
    return sector < SECTORS_A_BANK ? sector : SNB_SECOND_BANK + sector - SECTORS_A_BANK;
}

bool flash_erase(uint32_t sector)
{
    struct sector found = find(sector);
    if (!flash_sector_is_application(sector) || !unlock()) {
        lock();
        return false;
    }
    FLASH_CR = CR_PSIZE_32_BITS | CR_SER | CR_SNB(sector_code(sector));
    FLASH_CR |= CR_STRT;
    bool done = finished();
    lock();
    return done && is_blank(found.address, found.bytes);
}

static bool program_word(uint32_t address, uint32_t value)
{
    uint32_t before = REG32(address);
    if (before == value) {
        return true;
    }
    if (before != BLANK) {
        return false;
    }
    REG32(address) = value;
    return finished() && REG32(address) == value;
}

bool flash_program(uint32_t address, const uint8_t *data, uint32_t length)
{
    bool good = flash_range_is_application(address, length) && unlock();
    if (good) {
        FLASH_CR = CR_PSIZE_32_BITS | CR_PG;
        barrier_data();
    }
    for (uint32_t done = 0; good && done < length; done += 4u) {
        uint32_t word = BLANK;
        uint32_t left = length - done;
        memcpy(&word, &data[done], left < 4u ? left : 4u);
        good = program_word(address + done, word);
    }
    lock();
    return good;
}
