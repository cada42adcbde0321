#include "protocol.h"

#include "target.h"

#define PROTOCOL_VERSION 0x31u

enum command {
    COMMAND_GET = 0x00,
    COMMAND_GET_VERSION = 0x01,
    COMMAND_GET_ID = 0x02,
    COMMAND_READ = 0x11,
    COMMAND_GO = 0x21,
    COMMAND_WRITE = 0x31,
    COMMAND_EXTENDED_ERASE = 0x44,
    COMMAND_CRC = 0xA1 /* not ST's */
};

static const uint8_t commands[] = {
    COMMAND_GET, COMMAND_GET_VERSION, COMMAND_GET_ID,         COMMAND_READ,
    COMMAND_GO,  COMMAND_WRITE,       COMMAND_EXTENDED_ERASE, COMMAND_CRC,
};

/* Sectors that one erase command may name: as many as fit the block's buffer. */
#define ERASE_SECTORS_MAX   ((PROTOCOL_BLOCK_MAX + 2u - 3u) / 2u)
#define ERASE_COUNT_SPECIAL 0xFFF0u /* and above: mass erase and the like */

static void expect(struct protocol *protocol, enum protocol_phase phase)
{
    protocol->phase = phase;
    protocol->received = 0;
}

static void refuse(struct protocol *protocol)
{
    target_send(PROTOCOL_NACK);
    expect(protocol, PHASE_COMMAND);
}

static void answer(struct protocol *protocol, bool good)
{
    target_send(good ? PROTOCOL_ACK : PROTOCOL_NACK);
    expect(protocol, PHASE_COMMAND);
}

static uint8_t exclusive_or(const uint8_t *bytes, uint32_t count)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum ^= bytes[i];
    }
    return sum;
}

/* Whether the message ends with the exclusive or of all before. */
static bool sum_is_right(const struct protocol *protocol)
{
    return exclusive_or(protocol->bytes, protocol->received) == 0;
}

/* Whether the message is a byte and its complement. */
static bool pair_is_right(const struct protocol *protocol)
{
    return (protocol->bytes[0] ^ protocol->bytes[1]) == 0xFFu;
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t pair(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

static void send_get(void)
{
    target_send((uint8_t)sizeof(commands));
    target_send(PROTOCOL_VERSION);
    for (uint32_t i = 0; i < sizeof(commands); i++) {
        target_send(commands[i]);
    }
}

static void send_version(void)
{
    target_send(PROTOCOL_VERSION);
    target_send(0);
    target_send(0);
}

static void send_id(void)
{
    uint32_t id = target_product_id();
    target_send(1); /* bytes that follow, less one */
    target_send((uint8_t)(id >> 8));
    target_send((uint8_t)id);
}

static void answer_with(struct protocol *protocol, void (*send)(void))
{
    target_send(PROTOCOL_ACK);
    send();
    answer(protocol, true);
}

static void take_command(struct protocol *protocol)
{
    protocol->command = protocol->bytes[0];
    switch (protocol->command) {
    case COMMAND_GET:
        answer_with(protocol, send_get);
        break;
    case COMMAND_GET_VERSION:
        answer_with(protocol, send_version);
        break;
    case COMMAND_GET_ID:
        answer_with(protocol, send_id);
        break;
    case COMMAND_READ:
    case COMMAND_GO:
    case COMMAND_WRITE:
    case COMMAND_CRC:
        target_send(PROTOCOL_ACK);
        expect(protocol, PHASE_ADDRESS);
        break;
    case COMMAND_EXTENDED_ERASE:
        target_send(PROTOCOL_ACK);
        expect(protocol, PHASE_ERASE_SECTORS);
        break;
    default:
        refuse(protocol);
        break;
    }
}

static void start_application(struct protocol *protocol)
{
    if (!target_startable(protocol->address)) {
        refuse(protocol);
        return;
    }
    answer(protocol, true);
    target_start();
}

/* Goes on to the phase where the address is good. */
static void accept_address(struct protocol *protocol, bool good, enum protocol_phase next)
{
    if (!good) {
        refuse(protocol);
        return;
    }
    target_send(PROTOCOL_ACK);
    expect(protocol, next);
}

static void take_address(struct protocol *protocol)
{
    uint32_t address = big_endian(protocol->bytes);
    protocol->address = address;
    switch (protocol->command) {
    case COMMAND_READ:
        accept_address(protocol, target_readable(address, 1), PHASE_READ_COUNT);
        break;
    case COMMAND_WRITE:
        accept_address(protocol, address % 4u == 0 && target_writable(address, 1),
                       PHASE_WRITE_DATA);
        break;
    case COMMAND_CRC:
        accept_address(
            protocol, target_checkable(address, 1) || target_checkable(address, PROTOCOL_BLOCK_MAX),
            PHASE_CRC_LENGTH);
        break;
    default:
        start_application(protocol);
        break;
    }
}

static void take_read_count(struct protocol *protocol)
{
    uint32_t count = protocol->bytes[0] + 1u;
    if (!target_readable(protocol->address, count)) {
        refuse(protocol);
        return;
    }
    answer(protocol, true);
    for (uint32_t i = 0; i < count; i++) {
        target_send(target_byte(protocol->address + i));
    }
}

static void take_data(struct protocol *protocol)
{
    uint32_t count = protocol->bytes[0] + 1u;
    answer(protocol, target_writable(protocol->address, count) &&
                         target_write(protocol->address, &protocol->bytes[1], count));
}

/* All sectors are looked at before one is erased. */
static bool erase_sectors(const uint8_t *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!target_erasable(pair(&numbers[2u * i]))) {
            return false;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!target_erase(pair(&numbers[2u * i]))) {
            return false;
        }
    }
    return true;
}

static void take_sectors(struct protocol *protocol)
{
    uint32_t last = pair(protocol->bytes);
    answer(protocol, last < ERASE_COUNT_SPECIAL && erase_sectors(&protocol->bytes[2], last + 1u));
}

static void take_crc_length(struct protocol *protocol)
{
    uint32_t length = big_endian(protocol->bytes);
    if (!target_checkable(protocol->address, length)) {
        refuse(protocol);
        return;
    }
    target_send(PROTOCOL_ACK);
    uint32_t crc = target_crc(protocol->address, length);
    answer(protocol, true);
    for (uint32_t shift = 32; shift > 0; shift -= 8) {
        target_send((uint8_t)(crc >> (shift - 8u)));
    }
}

/* Bytes of a whole message, as far as the ones that have come can tell; 0 if they cannot be right.
 */
static uint32_t erase_message_bytes(const struct protocol *protocol)
{
    if (protocol->received < 2u) {
        return 3u;
    }
    uint32_t last = pair(protocol->bytes);
    if (last >= ERASE_COUNT_SPECIAL) {
        return 3u;
    }
    return last < ERASE_SECTORS_MAX ? 2u + 2u * (last + 1u) + 1u : 0u;
}

static uint32_t message_bytes(const struct protocol *protocol)
{
    switch (protocol->phase) {
    case PHASE_COMMAND:
        return protocol->bytes[0] == PROTOCOL_SYNC ? 0u : 2u;
    case PHASE_READ_COUNT:
        return 2u;
    case PHASE_WRITE_DATA:
        return protocol->bytes[0] + 3u;
    case PHASE_ERASE_SECTORS:
        return erase_message_bytes(protocol);
    default:
        return 5u;
    }
}

static bool is_right(const struct protocol *protocol)
{
    if (protocol->phase == PHASE_COMMAND || protocol->phase == PHASE_READ_COUNT) {
        return pair_is_right(protocol);
    }
    return sum_is_right(protocol);
}

static void take_message(struct protocol *protocol)
{
    switch (protocol->phase) {
    case PHASE_COMMAND:
        take_command(protocol);
        break;
    case PHASE_ADDRESS:
        take_address(protocol);
        break;
    case PHASE_READ_COUNT:
        take_read_count(protocol);
        break;
    case PHASE_WRITE_DATA:
        take_data(protocol);
        break;
    case PHASE_ERASE_SECTORS:
        take_sectors(protocol);
        break;
    case PHASE_CRC_LENGTH:
        take_crc_length(protocol);
        break;
    case PHASE_UNKNOWN_HOST:
    case PHASE_NONSENSE:
        break;
    }
}

static void collect(struct protocol *protocol, uint8_t byte)
{
    protocol->bytes[protocol->received++] = byte;
    uint32_t wanted = message_bytes(protocol);
    if (wanted == 0) {
        expect(protocol, PHASE_NONSENSE);
    } else if (protocol->received == wanted) {
        if (is_right(protocol)) {
            take_message(protocol);
        } else {
            expect(protocol, PHASE_NONSENSE);
        }
    }
}

void protocol_take(struct protocol *protocol, uint8_t byte)
{
    if (protocol->phase == PHASE_UNKNOWN_HOST) {
        if (byte == PROTOCOL_SYNC) {
            answer(protocol, true);
        }
    } else if (protocol->phase != PHASE_NONSENSE) {
        collect(protocol, byte);
    }
}

void protocol_take_damaged(struct protocol *protocol)
{
    if (protocol->phase != PHASE_UNKNOWN_HOST) {
        expect(protocol, PHASE_NONSENSE);
    }
}

bool protocol_is_amid_message(const struct protocol *protocol)
{
    return protocol->phase == PHASE_NONSENSE || protocol->received > 0;
}

void protocol_line_is_silent(struct protocol *protocol)
{
    if (protocol_is_amid_message(protocol)) {
        refuse(protocol);
    }
}
