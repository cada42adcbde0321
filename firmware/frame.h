/* Frames of the console protocol: type, sequence number, payload, CRC-32; see
 * docs/console-protocol.md. Nothing here touches hardware. */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "cobs.h"

#define FRAME_PAYLOAD_MAX 512u
#define FRAME_HEADER      2u
#define FRAME_CRC         4u
#define FRAME_MAX         (FRAME_HEADER + FRAME_PAYLOAD_MAX + FRAME_CRC)

/* A frame before it is stuffed, or after it was unstuffed; valid up to length. */
struct frame {
    uint32_t length;
    uint8_t bytes[FRAME_MAX];
};

/* Writing: begin, put what the payload holds, seal, send. Putting past the end has no effect. */
void frame_begin(struct frame *frame, uint8_t type, uint8_t sequence);
void frame_put(struct frame *frame, const void *data, uint32_t length);
void frame_put_u8(struct frame *frame, uint8_t value);
void frame_put_u32(struct frame *frame, uint32_t value);
void frame_seal(struct frame *frame);
void frame_send(const struct frame *frame, void (*put)(uint8_t byte));

/* Reading; the frame is one that the receiver found good. */
uint8_t frame_type(const struct frame *frame);
uint8_t frame_sequence(const struct frame *frame);
uint32_t frame_crc(const struct frame *frame);
const uint8_t *frame_payload(const struct frame *frame);
uint32_t frame_payload_length(const struct frame *frame);
uint32_t frame_u32(const uint8_t *bytes);

/* Takes bytes as they come in; all zero is the state between frames. */
struct frame_receiver {
    struct frame frame;
    struct cobs_decoder decoder;
    bool overflowed;
    bool started;
};

enum frame_event {
    FRAME_NONE,
    FRAME_GOOD, /* receiver->frame holds it until the next byte is given */
    FRAME_BAD   /* a delimiter ended something that is no frame */
};

enum frame_event frame_receive(struct frame_receiver *receiver, uint8_t byte);

#endif
