#include "mcugen_frame.h"

#include <string.h>

#include "mcugen_crc32.h"

void mcugen_frame_begin(struct mcugen_frame *frame, uint8_t type, uint8_t sequence)
{
    frame->length = MCUGEN_FRAME_HEADER;
    frame->bytes[0] = type;
    frame->bytes[1] = sequence;
}

void mcugen_frame_put(struct mcugen_frame *frame, const void *data, uint32_t length)
{
    if (length <= MCUGEN_FRAME_HEADER + MCUGEN_FRAME_PAYLOAD_MAX - frame->length) {
        memcpy(frame->bytes + frame->length, data, length);
        frame->length += length;
    }
}

void mcugen_frame_put_u8(struct mcugen_frame *frame, uint8_t value)
{
    mcugen_frame_put(frame, &value, 1);
}

static void store_u32(uint8_t *bytes, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

void mcugen_frame_put_u32(struct mcugen_frame *frame, uint32_t value)
{
    uint8_t bytes[4];
    store_u32(bytes, value);
    mcugen_frame_put(frame, bytes, sizeof(bytes));
}

void mcugen_frame_seal(struct mcugen_frame *frame)
{
    store_u32(frame->bytes + frame->length, mcugen_crc32_update(0, frame->bytes, frame->length));
    frame->length += MCUGEN_FRAME_CRC;
}

void mcugen_frame_send(const struct mcugen_frame *frame, void (*put)(uint8_t byte))
{
    mcugen_cobs_encode(frame->bytes, frame->length, put);
    put(0);
}

uint8_t mcugen_frame_type(const struct mcugen_frame *frame)
{
    return frame->bytes[0];
}

uint8_t mcugen_frame_sequence(const struct mcugen_frame *frame)
{
    return frame->bytes[1];
}

uint32_t mcugen_frame_crc(const struct mcugen_frame *frame)
{
    return mcugen_frame_u32(frame->bytes + frame->length - MCUGEN_FRAME_CRC);
}

const uint8_t *mcugen_frame_payload(const struct mcugen_frame *frame)
{
    return frame->bytes + MCUGEN_FRAME_HEADER;
}

uint32_t mcugen_frame_payload_length(const struct mcugen_frame *frame)
{
    return frame->length - MCUGEN_FRAME_HEADER - MCUGEN_FRAME_CRC;
}

uint32_t mcugen_frame_u32(const uint8_t *bytes)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < 4; i++) {
        value |= (uint32_t)bytes[i] << (8 * i);
    }
    return value;
}

static void collect(struct mcugen_frame_receiver *receiver, uint8_t byte)
{
    if (receiver->frame.length < MCUGEN_FRAME_MAX) {
        receiver->frame.bytes[receiver->frame.length++] = byte;
    } else {
        receiver->overflowed = true;
    }
}

static void take_encoded(struct mcugen_frame_receiver *receiver, uint8_t encoded)
{
    if (!receiver->started) {
        receiver->started = true;
        receiver->overflowed = false;
        receiver->frame.length = 0;
        receiver->decoder = (struct mcugen_cobs_decoder){0};
    }
    switch (mcugen_cobs_decode(&receiver->decoder, encoded)) {
    case MCUGEN_COBS_BYTE:
        collect(receiver, encoded);
        break;
    case MCUGEN_COBS_ZERO:
        collect(receiver, 0);
        break;
    case MCUGEN_COBS_NOTHING:
        break;
    }
}

static bool is_good(const struct mcugen_frame_receiver *receiver)
{
    const struct mcugen_frame *frame = &receiver->frame;
    if (receiver->overflowed || !mcugen_cobs_complete(&receiver->decoder) ||
        frame->length < MCUGEN_FRAME_HEADER + MCUGEN_FRAME_CRC) {
        return false;
    }
    return mcugen_crc32_update(0, frame->bytes, frame->length - MCUGEN_FRAME_CRC) ==
           mcugen_frame_crc(frame);
}

enum mcugen_frame_event mcugen_frame_receive(struct mcugen_frame_receiver *receiver, uint8_t byte)
{
    if (byte != 0) {
        take_encoded(receiver, byte);
        return MCUGEN_FRAME_NONE;
    }
    if (!receiver->started) {
        return MCUGEN_FRAME_NONE; /* two delimiters with nothing between them */
    }
    receiver->started = false;
    return is_good(receiver) ? MCUGEN_FRAME_GOOD : MCUGEN_FRAME_BAD;
}
