/* The flash controller, for the application's part of the flash only. */
#ifndef FLASH_H
#define FLASH_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the sector exists and holds nothing but the application's flash. */
bool flash_sector_is_application(uint32_t sector);

/* Whether all of the range is the application's flash. */
bool flash_range_is_application(uint32_t address, uint32_t length);

/* Whether all of the application's flash is blank. */
bool flash_is_blank(void);

/* Erases a sector of the application and reads all of it; false unless it is blank then. */
bool flash_erase(uint32_t sector);

/* Programs bytes of the application by words, from an address that divides by four; what is missing
 * of the last word stays erased. A word must be blank or hold the wanted value already. False
 * unless all of them read back. */
bool flash_program(uint32_t address, const uint8_t *data, uint32_t length);

#endif
