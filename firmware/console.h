/* The host's side of the board: answers the requests of the console protocol. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdint.h>

#include "counter.h"
#include "fault.h"

/* Answers requests for ever. */
_Noreturn void console_serve(uint32_t core_hz, enum counter_unit unit);

/* Says what happened, then again whenever somebody asks anything. */
_Noreturn void console_report_fault(const struct fault *fault);

/* The model's layer hook: sends a LAYER frame when a layer's output is complete. */
void console_on_piece(void *context, uint32_t layer, uint32_t offset, const void *data,
                      uint32_t bytes);

/* Empty marks between the console's work and the model's: a debugger or the virtual board stops
 * here to watch the model alone, from console_model_runs to console_on_piece or
 * console_model_ended. Before the first of a picture there is console_model_begins. */
void console_model_begins(void);
void console_model_runs(void);
void console_model_ended(void);

#endif
