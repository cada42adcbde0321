/* Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): bytes without a zero among them, so
 * that a zero can mark where a frame ends. */
#ifndef COBS_H
#define COBS_H

#include <stdbool.h>
#include <stdint.h>

/* Decodes byte by byte; all zero is the state between frames. */
struct cobs_decoder {
    uint32_t left;     /* bytes until the next code byte */
    bool zero_follows; /* the block that is being read stands for its bytes and a zero */
};

/* The bytes that one encoded byte adds to the frame. */
enum cobs_yield {
    COBS_NOTHING,
    COBS_BYTE, /* the encoded byte itself */
    COBS_ZERO
};

/* Takes one encoded byte, which is not 0. */
enum cobs_yield cobs_decode(struct cobs_decoder *decoder, uint8_t encoded);

/* Whether a frame may end here: not inside a block. */
bool cobs_complete(const struct cobs_decoder *decoder);

/* Sends the encoded bytes to put; the delimiter is the caller's. */
void cobs_encode(const uint8_t *data, uint32_t length, void (*put)(uint8_t byte));

#endif
