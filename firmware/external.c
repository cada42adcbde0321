#include "external.h"

#include <stdint.h>

#include "mcugen_crc32.h"

extern const uint8_t _external_start[], _external_end[];
extern const uint32_t _external_crc[]; /* the build fills it in */

bool external_is_whole(void)
{
    static enum {
        UNKNOWN,
        WHOLE,
        ANOTHER
    } state;
    if (state == UNKNOWN) {
        const uint32_t bytes = (uint32_t)(_external_end - _external_start);
        const uint32_t crc = mcugen_crc32_update(0, _external_start, bytes);
        state = crc == *(const volatile uint32_t *)_external_crc ? WHOLE : ANOTHER;
    }
    return state == WHOLE;
}
