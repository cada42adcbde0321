/* The host's side of the loader: ST's USART boot loader protocol (AN3155) and a CRC-32 command.
 *
 * Bytes go in, answers come out through target.h; nothing here touches hardware or waits. A message
 * that is not what it should be is answered only when the line has been silent: whatever else is on
 * its way belongs to it, and must not be taken for a command. */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#define PROTOCOL_SYNC 0x7Fu
#define PROTOCOL_ACK  0x79u
#define PROTOCOL_NACK 0x1Fu

#define PROTOCOL_BLOCK_MAX 256u

/* What the next bytes are. */
enum protocol_phase {
    PHASE_UNKNOWN_HOST, /* nothing counts until PROTOCOL_SYNC */
    PHASE_COMMAND,
    PHASE_ADDRESS,
    PHASE_READ_COUNT,
    PHASE_WRITE_DATA,
    PHASE_ERASE_SECTORS,
    PHASE_CRC_LENGTH,
    PHASE_NONSENSE /* nothing counts until the line is silent */
};

/* All zero is the state after reset. */
struct protocol {
    enum protocol_phase phase;
    uint8_t command; /* that the address is for */
    uint32_t address;
    uint32_t received;                      /* bytes of the message so far */
    uint8_t bytes[PROTOCOL_BLOCK_MAX + 2u]; /* count, data, check sum */
};

void protocol_take(struct protocol *protocol, uint8_t byte);

/* A byte has come, but damaged. */
void protocol_take_damaged(struct protocol *protocol);

/* No byte has come for longer than bytes of one message are apart. */
void protocol_line_is_silent(struct protocol *protocol);

/* Whether silence would mean something: a message has begun, or nonsense has. */
bool protocol_is_amid_message(const struct protocol *protocol);

#endif
