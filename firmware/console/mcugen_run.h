/* The model as the host runs it: input in pieces, a run with an answer for each layer, output. */
#ifndef MCUGEN_RUN_H
#define MCUGEN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "mcugen_console.h"

/* Which models can be run, and what counts meanwhile. */
void mcugen_run_start(const struct mcugen_port *port, const struct mcugen_model *const *models,
                      uint32_t count);

/* The model of a number; NULL where there is none, and the host is told so. */
const struct mcugen_model *mcugen_run_choose(uint32_t number);

/* Requests; each sends its answers. */
void mcugen_run_input(const uint8_t *payload, uint32_t length);
void mcugen_run_output(const uint8_t *payload, uint32_t length);

/* Whether it ran: then its answers can be repeated. */
bool mcugen_run_model(const uint8_t *payload, uint32_t length);
void mcugen_run_repeat(void);

#endif
