/* Frames of the console protocol: type, sequence number, payload, CRC-32; see
 * docs/console-protocol.md. Nothing here touches hardware. */
#ifndef MCUGEN_FRAME_H
#define MCUGEN_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "mcugen_cobs.h"

#define MCUGEN_FRAME_PAYLOAD_MAX 512u
#define MCUGEN_FRAME_HEADER      2u
#define MCUGEN_FRAME_CRC         4u
#define MCUGEN_FRAME_MAX         (MCUGEN_FRAME_HEADER + MCUGEN_FRAME_PAYLOAD_MAX + MCUGEN_FRAME_CRC)

/* A frame before it is stuffed, or after it was unstuffed; valid up to length. */
struct mcugen_frame {
    uint32_t length;
    uint8_t bytes[MCUGEN_FRAME_MAX];
};

/* Writing: begin, put what the payload holds, seal, send. Putting past the end has no effect. */
void mcugen_frame_begin(struct mcugen_frame *frame, uint8_t type, uint8_t sequence);
void mcugen_frame_put(struct mcugen_frame *frame, const void *data, uint32_t length);
void mcugen_frame_put_u8(struct mcugen_frame *frame, uint8_t value);
void mcugen_frame_put_u32(struct mcugen_frame *frame, uint32_t value);
void mcugen_frame_seal(struct mcugen_frame *frame);
void mcugen_frame_send(const struct mcugen_frame *frame, void (*put)(uint8_t byte));

/* Reading; the frame is one that the receiver found good. */
uint8_t mcugen_frame_type(const struct mcugen_frame *frame);
uint8_t mcugen_frame_sequence(const struct mcugen_frame *frame);
uint32_t mcugen_frame_crc(const struct mcugen_frame *frame);
const uint8_t *mcugen_frame_payload(const struct mcugen_frame *frame);
uint32_t mcugen_frame_payload_length(const struct mcugen_frame *frame);
uint32_t mcugen_frame_u32(const uint8_t *bytes);

/* Takes bytes as they come in; all zero is the state between frames. */
struct mcugen_frame_receiver {
    struct mcugen_frame frame;
    struct mcugen_cobs_decoder decoder;
    bool overflowed;
    bool started;
};

enum mcugen_frame_event {
    MCUGEN_FRAME_NONE,
    MCUGEN_FRAME_GOOD, /* receiver->frame holds it until the next byte is given */
    MCUGEN_FRAME_BAD   /* a delimiter ended something that is no frame */
};

enum mcugen_frame_event mcugen_frame_receive(struct mcugen_frame_receiver *receiver, uint8_t byte);

#endif
