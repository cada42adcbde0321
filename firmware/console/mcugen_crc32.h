/* CRC-32 as in IEEE 802.3 (reflected, polynomial 0x04C11DB7): the check sum of Ethernet, zip, PNG.
 */
#ifndef MCUGEN_CRC32_H
#define MCUGEN_CRC32_H

#include <stdint.h>

/* Check sum of the bytes so far followed by these; start with 0. */
uint32_t mcugen_crc32_update(uint32_t crc, const void *data, uint32_t length);

#endif
