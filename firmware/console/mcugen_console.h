/*
 * The board's end of the console protocol, for any program and any line of bytes: with it, the
 * models in that program answer `mcugen verify --port` and `mcugen run`.
 *
 *     static const struct mcugen_port port = {.put = put, .get = get, .cycles = cycles, ...};
 *
 *     mcugen_console_start(&port, mcugen_models, MCUGEN_MODELS);
 *     for (;;) {
 *         mcugen_console_poll();
 *         ...
 *     }
 *
 * No heap, no interrupts, no hardware. Not reentrant: all calls come from one task, and nobody else
 * runs a model while the host does, since both would use one arena.
 */
#ifndef MCUGEN_CONSOLE_H
#define MCUGEN_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "mcugen_counts.h"
#include "mcugen_model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the model is about to do, for whoever watches it. */
enum mcugen_moment {
    MCUGEN_MODEL_BEGINS, /* a picture begins; the layers of the one before are forgotten */
    MCUGEN_MODEL_RUNS,   /* the model's own code goes on, until it calls mcugen_on_piece or ends */
    MCUGEN_MODEL_ENDED
};

/* The program around the console. What is not said to be optional must be there. */
struct mcugen_port {
    /* Sends a byte, and waits until there is room for it. A zero is the last byte of a frame: the
     * moment for a line with a buffer, such as USB, to send what is in it. */
    void (*put)(uint8_t byte);

    /* Takes a byte that has come, 0 to 255, or is negative and does not wait when none has.
     * Optional where all bytes are given to mcugen_console_take. */
    int (*get)(void);

    /* A free-running 32-bit counter, and what it counts. Optional: NULL, MCUGEN_COUNTS_NOTHING. */
    uint32_t (*cycles)(void);
    enum mcugen_counts counts;

    uint32_t clock_hz; /* of the core, as it really runs; not 0 */
    const char *board; /* any text of at most 128 bytes that says what this program runs on */

    /* Optional: false keeps models from being run, for their weights are elsewhere and are not what
     * they were built with. */
    bool (*has_weights)(void);

    /* Optional: restarts into the resident loader of mcugen and does not return. Without it the
     * host is told that there is none. */
    void (*reboot)(void);

    /* Optional: told of each moment. */
    void (*watch)(enum mcugen_moment moment);
};

/* Before anything else; all that is named must stay. The host knows a model by its place here: see
 * mcugen_models.h for those of a build. */
void mcugen_console_start(const struct mcugen_port *port, const struct mcugen_model *const *models,
                          uint32_t count);

/* Takes one byte from the host. The one that ends a request carries it out, and sends its answers:
 * for RUN that takes as long as the model. */
void mcugen_console_take(uint8_t byte);

/* Takes all bytes that have come, and returns. */
void mcugen_console_poll(void);

/* Never returns. */
void mcugen_console_serve(void);

/* Registers of a processor that met something that it cannot do. */
struct mcugen_fault {
    uint32_t exception; /* in the vector table: 3 HardFault ... 6 UsageFault, 16 up interrupts */
    uint32_t pc;
    uint32_t lr;
    uint32_t sp;
    uint32_t cfsr;
    uint32_t hfsr;
    uint32_t address; /* that a MemManage or BusFault was about, else 0 */
};

/* For a fault handler: tells the host what happened, whatever the console was doing. The host says
 * it to the user; nothing else may be called after this but this. */
void mcugen_console_report(const struct mcugen_fault *fault);

/* The model's layer hook while it runs for the host; here so that a debugger can stop at it. */
int mcugen_on_piece(void *context, uint32_t layer, uint32_t offset, const void *data,
                    uint32_t bytes);

#ifdef __cplusplus
}
#endif

#endif
