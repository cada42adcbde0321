#include "mcugen_cobs.h"

/* A code byte c stands for c - 1 bytes and, unless c is 255, a zero after them. */
#define LONGEST_CODE 0xFFu

enum mcugen_cobs_yield mcugen_cobs_decode(struct mcugen_cobs_decoder *decoder, uint8_t encoded)
{
    if (decoder->left > 0) {
        decoder->left--;
        return MCUGEN_COBS_BYTE;
    }
    bool zero = decoder->zero_follows;
    decoder->left = encoded - 1u;
    decoder->zero_follows = encoded != LONGEST_CODE;
    return zero ? MCUGEN_COBS_ZERO : MCUGEN_COBS_NOTHING;
}

bool mcugen_cobs_complete(const struct mcugen_cobs_decoder *decoder)
{
    return decoder->left == 0;
}

static uint32_t run_without_zero(const uint8_t *data, uint32_t length)
{
    uint32_t run = 0;
    while (run < length && run < LONGEST_CODE - 1u && data[run] != 0) {
        run++;
    }
    return run;
}

void mcugen_cobs_encode(const uint8_t *data, uint32_t length, void (*put)(uint8_t byte))
{
    bool more = true;
    while (more) {
        uint32_t run = run_without_zero(data, length);
        put((uint8_t)(run + 1u));
        for (uint32_t i = 0; i < run; i++) {
            put(data[i]);
        }
        data += run;
        length -= run;
        /* A zero ended the run, and the code byte stands for it: so what follows needs a code byte
         * too, even when nothing follows. */
        more = length > 0;
        if (more && run < LONGEST_CODE - 1u) {
            data++;
            length--;
        }
    }
}
