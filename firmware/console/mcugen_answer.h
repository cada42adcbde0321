/* The answer to the request that is being carried out; it stays until the next one is. */
#ifndef MCUGEN_ANSWER_H
#define MCUGEN_ANSWER_H

#include <stdint.h>

#include "mcugen_messages.h"

/* How answers leave, from now on. */
void mcugen_answer_through(void (*put)(uint8_t byte));

/* Answers carry the sequence number of their request, and are put together piece by piece. */
void mcugen_answer_to(uint8_t sequence);
void mcugen_answer_begin(enum mcugen_answer type);
void mcugen_answer_u8(uint8_t value);
void mcugen_answer_u32(uint32_t value);
void mcugen_answer_bytes(const void *data, uint32_t length);

/* A length and that many bytes; of a longer text the first 128. */
void mcugen_answer_text(const char *text);

void mcugen_answer_send(void);

/* The last answer, once more. */
void mcugen_answer_repeat(void);

/* Whole answers. */
void mcugen_answer_ack(void);
void mcugen_answer_error(enum mcugen_error_code code);

#endif
