#include "mcugen_console.h"

#include <stdbool.h>
#include <stddef.h>

#include "mcugen_answer.h"
#include "mcugen_frame.h"
#include "mcugen_run.h"

static const struct mcugen_port *console_port;

static struct mcugen_frame_receiver receiver;

/* The last request that was carried out: when it comes again, its answer was lost on the way. */
static struct {
    bool any;
    uint8_t sequence;
    uint32_t crc;
    bool ran;
} last;

void mcugen_console_start(const struct mcugen_port *port, const struct mcugen_model *const *models,
                          uint32_t count)
{
    console_port = port;
    last.any = false;
    receiver.started = false;
    mcugen_answer_through(port->put);
    mcugen_run_start(port, models, count);
}

/* Without a number, as other versions of the protocol ask, of the first model. */
static void answer_hello(const uint8_t *payload, uint32_t length)
{
    if (length > 1) {
        mcugen_answer_error(MCUGEN_ERROR_BAD_LENGTH);
        return;
    }
    const struct mcugen_model *model = mcugen_run_choose(length == 0 ? 0 : payload[0]);
    if (model == NULL) {
        return;
    }
    mcugen_answer_begin(MCUGEN_ANSWER_HELLO);
    mcugen_answer_u32(MCUGEN_PROTOCOL_VERSION);
    mcugen_answer_u32(console_port->clock_hz);
    mcugen_answer_u32(model->input_bytes);
    mcugen_answer_u32(model->output_bytes);
    mcugen_answer_u32(model->layers);
    mcugen_answer_u8((uint8_t)console_port->counts);
    mcugen_answer_text(console_port->board);
    mcugen_answer_text(model->name);
    mcugen_answer_text(model->hash);
    mcugen_answer_send();
}

static void reboot(uint32_t length)
{
    if (length != 0) {
        mcugen_answer_error(MCUGEN_ERROR_BAD_LENGTH);
    } else if (console_port->reboot == NULL) {
        mcugen_answer_error(MCUGEN_ERROR_NO_LOADER);
    } else {
        mcugen_answer_ack();
        console_port->reboot();
    }
}

static void carry_out(const struct mcugen_frame *request)
{
    const uint8_t *payload = mcugen_frame_payload(request);
    uint32_t length = mcugen_frame_payload_length(request);
    switch (mcugen_frame_type(request)) {
    case MCUGEN_REQUEST_HELLO:
        answer_hello(payload, length);
        break;
    case MCUGEN_REQUEST_INPUT:
        mcugen_run_input(payload, length);
        break;
    case MCUGEN_REQUEST_RUN:
        last.ran = mcugen_run_model(payload, length);
        break;
    case MCUGEN_REQUEST_OUTPUT:
        mcugen_run_output(payload, length);
        break;
    case MCUGEN_REQUEST_REBOOT_TO_LOADER:
        reboot(length);
        break;
    default:
        mcugen_answer_error(MCUGEN_ERROR_UNKNOWN_REQUEST);
        break;
    }
}

static void handle(const struct mcugen_frame *request)
{
    bool repeated = last.any && last.sequence == mcugen_frame_sequence(request) &&
                    last.crc == mcugen_frame_crc(request);
    if (repeated && last.ran) {
        mcugen_run_repeat();
    } else if (repeated) {
        mcugen_answer_repeat();
    } else {
        last.any = true;
        last.sequence = mcugen_frame_sequence(request);
        last.crc = mcugen_frame_crc(request);
        last.ran = false;
        mcugen_answer_to(last.sequence);
        carry_out(request);
    }
}

/* Built where the damaged frame was: the last answer must stay, it may be asked for again. */
static void complain_about_frame(void)
{
    mcugen_frame_begin(&receiver.frame, MCUGEN_ANSWER_ERROR, 0);
    mcugen_frame_put_u8(&receiver.frame, MCUGEN_ERROR_BAD_FRAME);
    mcugen_frame_seal(&receiver.frame);
    mcugen_frame_send(&receiver.frame, console_port->put);
}

void mcugen_console_take(uint8_t byte)
{
    switch (mcugen_frame_receive(&receiver, byte)) {
    case MCUGEN_FRAME_GOOD:
        handle(&receiver.frame);
        break;
    case MCUGEN_FRAME_BAD:
        complain_about_frame();
        break;
    case MCUGEN_FRAME_NONE:
        break;
    }
}

void mcugen_console_poll(void)
{
    for (int byte = console_port->get(); byte >= 0; byte = console_port->get()) {
        mcugen_console_take((uint8_t)byte);
    }
}

void mcugen_console_serve(void)
{
    for (;;) {
        mcugen_console_poll();
    }
}

void mcugen_console_report(const struct mcugen_fault *fault)
{
    if (console_port == NULL) {
        return; /* there is no line yet */
    }
    console_port->put(0); /* ends a frame that the fault cut short */
    mcugen_answer_to(0);
    mcugen_answer_begin(MCUGEN_ANSWER_FAULT);
    mcugen_answer_u32(fault->exception);
    mcugen_answer_u32(fault->pc);
    mcugen_answer_u32(fault->lr);
    mcugen_answer_u32(fault->sp);
    mcugen_answer_u32(fault->cfsr);
    mcugen_answer_u32(fault->hfsr);
    mcugen_answer_u32(fault->address);
    mcugen_answer_send();
}
