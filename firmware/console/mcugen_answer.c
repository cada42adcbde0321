#include "mcugen_answer.h"

#include "mcugen_frame.h"

/* Names that would not fit the frame together are cut. */
#define TEXT_MAX_BYTES 128u

static struct mcugen_frame answer;
static uint8_t answered;
static void (*put_byte)(uint8_t byte);

void mcugen_answer_through(void (*put)(uint8_t byte))
{
    put_byte = put;
}

void mcugen_answer_to(uint8_t sequence)
{
    answered = sequence;
}

void mcugen_answer_begin(enum mcugen_answer type)
{
    mcugen_frame_begin(&answer, (uint8_t)type, answered);
}

void mcugen_answer_u8(uint8_t value)
{
    mcugen_frame_put_u8(&answer, value);
}

void mcugen_answer_u32(uint32_t value)
{
    mcugen_frame_put_u32(&answer, value);
}

void mcugen_answer_bytes(const void *data, uint32_t length)
{
    mcugen_frame_put(&answer, data, length);
}

void mcugen_answer_text(const char *text)
{
    uint32_t length = 0;
    while (length < TEXT_MAX_BYTES && text[length] != '\0') {
        length++;
    }
    mcugen_frame_put_u8(&answer, (uint8_t)length);
    mcugen_frame_put(&answer, text, length);
}

void mcugen_answer_send(void)
{
    mcugen_frame_seal(&answer);
    mcugen_answer_repeat();
}

void mcugen_answer_repeat(void)
{
    mcugen_frame_send(&answer, put_byte);
}

void mcugen_answer_ack(void)
{
    mcugen_answer_begin(MCUGEN_ANSWER_ACK);
    mcugen_answer_send();
}

void mcugen_answer_error(enum mcugen_error_code code)
{
    mcugen_answer_begin(MCUGEN_ANSWER_ERROR);
    mcugen_answer_u8((uint8_t)code);
    mcugen_answer_send();
}
