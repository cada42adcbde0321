#include "frame.h"

#include <string.h>

#include "crc32.h"

void frame_begin(struct frame *frame, uint8_t type, uint8_t sequence)
{
    frame->length = FRAME_HEADER;
    frame->bytes[0] = type;
    frame->bytes[1] = sequence;
}

void frame_put(struct frame *frame, const void *data, uint32_t length)
{
    if (length <= FRAME_HEADER + FRAME_PAYLOAD_MAX - frame->length) {
        memcpy(frame->bytes + frame->length, data, length);
        frame->length += length;
    }
}

void frame_put_u8(struct frame *frame, uint8_t value)
{
    frame_put(frame, &value, 1);
}

static void store_u32(uint8_t *bytes, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

void frame_put_u32(struct frame *frame, uint32_t value)
{
    uint8_t bytes[4];
    store_u32(bytes, value);
    frame_put(frame, bytes, sizeof(bytes));
}

void frame_seal(struct frame *frame)
{
    store_u32(frame->bytes + frame->length, crc32_update(0, frame->bytes, frame->length));
    frame->length += FRAME_CRC;
}

void frame_send(const struct frame *frame, void (*put)(uint8_t byte))
{
    cobs_encode(frame->bytes, frame->length, put);
    put(0);
}

uint8_t frame_type(const struct frame *frame)
{
    return frame->bytes[0];
}

uint8_t frame_sequence(const struct frame *frame)
{
    return frame->bytes[1];
}

uint32_t frame_crc(const struct frame *frame)
{
    return frame_u32(frame->bytes + frame->length - FRAME_CRC);
}

const uint8_t *frame_payload(const struct frame *frame)
{
    return frame->bytes + FRAME_HEADER;
}

uint32_t frame_payload_length(const struct frame *frame)
{
    return frame->length - FRAME_HEADER - FRAME_CRC;
}

uint32_t frame_u32(const uint8_t *bytes)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < 4; i++) {
        value |= (uint32_t)bytes[i] << (8 * i);
    }
    return value;
}

static void collect(struct frame_receiver *receiver, uint8_t byte)
{
    if (receiver->frame.length < FRAME_MAX) {
        receiver->frame.bytes[receiver->frame.length++] = byte;
    } else {
        receiver->overflowed = true;
    }
}

static void take_encoded(struct frame_receiver *receiver, uint8_t encoded)
{
    if (!receiver->started) {
        receiver->started = true;
        receiver->overflowed = false;
        receiver->frame.length = 0;
        receiver->decoder = (struct cobs_decoder){0};
    }
    switch (cobs_decode(&receiver->decoder, encoded)) {
    case COBS_BYTE:
        collect(receiver, encoded);
        break;
    case COBS_ZERO:
        collect(receiver, 0);
        break;
    case COBS_NOTHING:
        break;
    }
}

static bool is_good(const struct frame_receiver *receiver)
{
    const struct frame *frame = &receiver->frame;
    if (receiver->overflowed || !cobs_complete(&receiver->decoder) ||
        frame->length < FRAME_HEADER + FRAME_CRC) {
        return false;
    }
    return crc32_update(0, frame->bytes, frame->length - FRAME_CRC) == frame_crc(frame);
}

enum frame_event frame_receive(struct frame_receiver *receiver, uint8_t byte)
{
    if (byte != 0) {
        take_encoded(receiver, byte);
        return FRAME_NONE;
    }
    if (!receiver->started) {
        return FRAME_NONE; /* two delimiters with nothing between them */
    }
    receiver->started = false;
    return is_good(receiver) ? FRAME_GOOD : FRAME_BAD;
}
