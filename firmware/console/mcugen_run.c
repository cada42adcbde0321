#include "mcugen_run.h"

#include <stddef.h>
#include <string.h>

#include "mcugen_answer.h"
#include "mcugen_crc32.h"
#include "mcugen_frame.h"

/* Before the bytes of an input: the model's number and the offset. */
#define INPUT_HEAD (1u + (uint32_t)sizeof(uint32_t))

static struct {
    const struct mcugen_port *port;
    const struct mcugen_model *const *models;
    uint32_t count;
    const struct mcugen_model *model; /* that has the input or the output */
    uint32_t input_received;
    bool output_valid;
    uint32_t piece_began;
    uint32_t since_piece; /* what the next piece has cost so far, while its rows come */
    bool running;         /* a RUN is under way */
    int32_t status;
} run;

void mcugen_run_start(const struct mcugen_port *port, const struct mcugen_model *const *models,
                      uint32_t count)
{
    memset(&run, 0, sizeof(run));
    run.port = port;
    run.models = models;
    run.count = count;
    run.model = models[0];
}

const struct mcugen_model *mcugen_run_choose(uint32_t number)
{
    if (number >= run.count) {
        mcugen_answer_error(MCUGEN_ERROR_NO_MODEL);
        return NULL;
    }
    return run.models[number];
}

/* Input and output of another model are void, for both may have one arena. */
static void change_to(const struct mcugen_model *model)
{
    if (run.model != model) {
        run.model = model;
        run.input_received = 0;
        run.output_valid = false;
    }
}

static uint32_t now(void)
{
    return run.port->cycles != NULL ? run.port->cycles() : 0;
}

static void mark(enum mcugen_moment moment)
{
    if (run.port->watch != NULL) {
        run.port->watch(moment);
    }
}

static void send_layer(uint32_t layer)
{
    const struct mcugen_layer *result = &run.model->results[layer];
    mcugen_answer_begin(MCUGEN_ANSWER_LAYER);
    mcugen_answer_u32(layer);
    mcugen_answer_u32(result->count);
    mcugen_answer_u32(result->crc);
    mcugen_answer_u32(result->bytes);
    mcugen_answer_send();
}

static bool is_complete(uint32_t layer)
{
    return run.model->results[layer].bytes == run.model->layer_bytes[layer];
}

static void send_complete_layers(void)
{
    for (uint32_t layer = 0; layer < run.model->layers; layer++) {
        if (is_complete(layer)) {
            send_layer(layer);
        }
    }
}

static void send_done(void)
{
    uint64_t count = 0;
    for (uint32_t layer = 0; layer < run.model->layers; layer++) {
        count += run.model->results[layer].count;
    }
    mcugen_answer_begin(MCUGEN_ANSWER_DONE);
    mcugen_answer_u32((uint32_t)count);
    mcugen_answer_u32((uint32_t)(count >> 32));
    mcugen_answer_u32((uint32_t)run.status);
    mcugen_answer_send();
}

__attribute__((noinline)) int mcugen_on_piece(void *context, uint32_t layer, uint32_t offset,
                                              const void *data, uint32_t bytes)
{
    uint32_t count = now() - run.piece_began;
    (void)context;
    (void)offset; /* pieces of a layer come in order */
    if (layer < run.model->layers) {
        struct mcugen_layer *result = &run.model->results[layer];
        result->count += count;
        result->crc = mcugen_crc32_update(result->crc, data, bytes);
        result->bytes += bytes;
        if (is_complete(layer) && run.running) {
            send_layer(layer);
        }
    }
    run.piece_began = now();
    mark(MCUGEN_MODEL_RUNS);
    return 0;
}

static void forget_layers(void)
{
    memset(run.model->results, 0, run.model->layers * sizeof(run.model->results[0]));
    run.since_piece = 0;
    mark(MCUGEN_MODEL_BEGINS);
}

static void model_goes_on(void)
{
    run.piece_began = now() - run.since_piece;
    mark(MCUGEN_MODEL_RUNS);
}

static void model_waits(int status)
{
    mark(MCUGEN_MODEL_ENDED);
    run.since_piece = now() - run.piece_began;
    run.status = status;
}

static void begin_rows(void)
{
    forget_layers();
    model_goes_on();
    model_waits(run.model->begin(mcugen_on_piece, NULL));
}

static void push_row(void)
{
    if (run.status == 0) {
        model_goes_on();
        model_waits(run.model->push(run.model->row, 1));
    }
}

/* The last row is kept back until RUN, for that is when the host is ready to wait. */
static void store_rows(uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++, offset++) {
        uint32_t place = offset % run.model->row_bytes;
        if (place == 0 && offset != 0) {
            push_row();
        }
        run.model->row[place] = bytes[i];
    }
}

static void store_input(uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    run.output_valid = false; /* the arena holds both */
    if (run.model->row_bytes == 0) {
        memcpy((uint8_t *)run.model->input() + offset, bytes, length);
        return;
    }
    if (offset == 0) {
        begin_rows();
    }
    store_rows(offset, bytes, length);
}

void mcugen_run_input(const uint8_t *payload, uint32_t length)
{
    if (length <= INPUT_HEAD) {
        mcugen_answer_error(MCUGEN_ERROR_BAD_LENGTH);
        return;
    }
    const struct mcugen_model *model = mcugen_run_choose(payload[0]);
    if (model == NULL) {
        return;
    }
    uint32_t offset = mcugen_frame_u32(payload + 1);
    uint32_t bytes = length - INPUT_HEAD;
    if (offset > model->input_bytes || bytes > model->input_bytes - offset) {
        mcugen_answer_error(MCUGEN_ERROR_BAD_RANGE);
        return;
    }
    if (offset != 0 && (model != run.model || offset != run.input_received)) {
        mcugen_answer_error(MCUGEN_ERROR_OUT_OF_ORDER);
        return;
    }
    change_to(model);
    store_input(offset, payload + INPUT_HEAD, bytes);
    run.input_received = offset + bytes;
    mcugen_answer_ack();
}

static void compute(void)
{
    if (run.model->row_bytes != 0) {
        send_complete_layers();
        run.running = true;
        push_row();
    } else {
        run.running = true;
        forget_layers();
        model_goes_on();
        model_waits(run.model->run(mcugen_on_piece, NULL));
    }
    run.running = false;
}

bool mcugen_run_model(const uint8_t *payload, uint32_t length)
{
    if (length != 1) {
        mcugen_answer_error(MCUGEN_ERROR_BAD_LENGTH);
        return false;
    }
    const struct mcugen_model *model = mcugen_run_choose(payload[0]);
    if (model == NULL) {
        return false;
    }
    if (model != run.model || run.input_received != model->input_bytes) {
        mcugen_answer_error(MCUGEN_ERROR_INPUT_INCOMPLETE);
        return false;
    }
    if (run.port->has_weights != NULL && !run.port->has_weights()) {
        mcugen_answer_error(MCUGEN_ERROR_NO_WEIGHTS);
        return false;
    }
    run.input_received = 0; /* the run overwrites it */
    mcugen_answer_ack();
    compute();
    run.output_valid = run.status == 0;
    send_done();
    return true;
}

void mcugen_run_repeat(void)
{
    mcugen_answer_ack();
    send_complete_layers();
    send_done();
}

void mcugen_run_output(const uint8_t *payload, uint32_t length)
{
    if (length != 1 + 2 * sizeof(uint32_t)) {
        mcugen_answer_error(MCUGEN_ERROR_BAD_LENGTH);
        return;
    }
    const struct mcugen_model *model = mcugen_run_choose(payload[0]);
    if (model == NULL) {
        return;
    }
    uint32_t offset = mcugen_frame_u32(payload + 1);
    uint32_t bytes = mcugen_frame_u32(payload + 1 + sizeof(uint32_t));
    if (bytes > MCUGEN_FRAME_PAYLOAD_MAX || offset > model->output_bytes ||
        bytes > model->output_bytes - offset) {
        mcugen_answer_error(MCUGEN_ERROR_BAD_RANGE);
    } else if (model != run.model || !run.output_valid) {
        mcugen_answer_error(MCUGEN_ERROR_NO_OUTPUT);
    } else {
        mcugen_answer_begin(MCUGEN_ANSWER_OUTPUT);
        mcugen_answer_bytes((const uint8_t *)model->output() + offset, bytes);
        mcugen_answer_send();
    }
}
