/* What the protocol asks of the board. target.c is the board; the tests have another one. */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stdint.h>

void target_send(uint8_t byte);

/* The chip's number in the answer to GetID. */
uint32_t target_product_id(void);

/* Whether all of the range is memory that may be read. */
bool target_readable(uint32_t address, uint32_t length);
uint8_t target_byte(uint32_t address);

/* Whether the CRC of the range may be told. */
bool target_checkable(uint32_t address, uint32_t length);
uint32_t target_crc(uint32_t address, uint32_t length);

/* Whether all of the range is flash of the application. */
bool target_writable(uint32_t address, uint32_t length);

/* Programs bytes at an address that divides by four; false unless they can be read back. */
bool target_write(uint32_t address, const uint8_t *data, uint32_t length);

/* Whether this sector exists and is the application's. */
bool target_erasable(uint32_t sector);

/* False unless all of the sector reads as erased. */
bool target_erase(uint32_t sector);

/* Whether this is the address of an application that is whole. */
bool target_startable(uint32_t address);
void target_start(void);

#endif
