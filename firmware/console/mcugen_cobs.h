/* Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): bytes without a zero among them, so
 * that a zero can mark where a frame ends. */
#ifndef MCUGEN_COBS_H
#define MCUGEN_COBS_H

#include <stdbool.h>
#include <stdint.h>

/* Decodes byte by byte; all zero is the state between frames. */
struct mcugen_cobs_decoder {
    uint32_t left;     /* bytes until the next code byte */
    bool zero_follows; /* the block that is being read stands for its bytes and a zero */
};

/* The bytes that one encoded byte adds to the frame. */
enum mcugen_cobs_yield {
    MCUGEN_COBS_NOTHING,
    MCUGEN_COBS_BYTE, /* the encoded byte itself */
    MCUGEN_COBS_ZERO
};

/* Takes one encoded byte, which is not 0. */
enum mcugen_cobs_yield mcugen_cobs_decode(struct mcugen_cobs_decoder *decoder, uint8_t encoded);

/* Whether a frame may end here: not inside a block. */
bool mcugen_cobs_complete(const struct mcugen_cobs_decoder *decoder);

/* Sends the encoded bytes to put; the delimiter is the caller's. */
void mcugen_cobs_encode(const uint8_t *data, uint32_t length, void (*put)(uint8_t byte));

#endif
