#include "console.h"

#include <stdbool.h>
#include <string.h>

#include "board.h"
#include "caches.h"
#include "cortex_m.h"
#include "counter.h"
#include "crc32.h"
#include "frame.h"
#include "mailbox.h"
#include "messages.h"
#include "model.h"
#include "uart.h"

struct layer_result {
    uint32_t count;
    uint32_t crc;
    uint32_t bytes;
};

static struct {
    uint32_t core_hz;
    enum counter_unit unit;
    uint32_t input_received;
    bool output_valid;
    uint32_t piece_began;
    uint32_t since_piece; /* what the next piece has cost so far, while its rows come */
    bool running;         /* a RUN is under way */
    int32_t status;
    struct layer_result layers[MODEL_LAYERS];
} run;

static struct frame_receiver receiver;
static struct frame answer;

/* The last request that was carried out: when it comes again, its answer was lost on the way. */
static struct {
    bool any;
    uint8_t sequence;
    uint32_t crc;
    bool ran;
} last;

static void send_answer(void)
{
    frame_seal(&answer);
    frame_send(&answer, uart_write);
}

static void answer_begin(enum answer type)
{
    frame_begin(&answer, (uint8_t)type, last.sequence);
}

static void answer_ack(void)
{
    answer_begin(ANSWER_ACK);
    send_answer();
}

static void answer_error(enum error_code code)
{
    answer_begin(ANSWER_ERROR);
    frame_put_u8(&answer, (uint8_t)code);
    send_answer();
}

static void put_text(const char *text, uint32_t length)
{
    frame_put_u8(&answer, (uint8_t)length);
    frame_put(&answer, text, length);
}

/* Names that would not fit the frame together are cut. */
#define NAME_MAX_BYTES 128u
#define CUT(length)    ((uint32_t)((length) < NAME_MAX_BYTES ? (length) : NAME_MAX_BYTES))

static void answer_hello(void)
{
    answer_begin(ANSWER_HELLO);
    frame_put_u32(&answer, PROTOCOL_VERSION);
    frame_put_u32(&answer, run.core_hz);
    frame_put_u32(&answer, MODEL_INPUT_BYTES);
    frame_put_u32(&answer, MODEL_OUTPUT_BYTES);
    frame_put_u32(&answer, MODEL_LAYERS);
    frame_put_u8(&answer, (uint8_t)run.unit);
    put_text(BOARD_ID, CUT(sizeof(BOARD_ID) - 1));
    put_text(MODEL_NAME, CUT(sizeof(MODEL_NAME) - 1));
    put_text(MODEL_HASH, CUT(sizeof(MODEL_HASH) - 1));
    send_answer();
}

static void send_layer(uint32_t layer)
{
    const struct layer_result *result = &run.layers[layer];
    answer_begin(ANSWER_LAYER);
    frame_put_u32(&answer, layer);
    frame_put_u32(&answer, result->count);
    frame_put_u32(&answer, result->crc);
    frame_put_u32(&answer, result->bytes);
    send_answer();
}

static bool is_complete(uint32_t layer)
{
    static const uint32_t layer_bytes[MODEL_LAYERS] = MODEL_LAYER_BYTES;
    return run.layers[layer].bytes == layer_bytes[layer];
}

static void send_complete_layers(void)
{
    for (uint32_t layer = 0; layer < MODEL_LAYERS; layer++) {
        if (is_complete(layer)) {
            send_layer(layer);
        }
    }
}

static void send_done(void)
{
    uint64_t count = 0;
    for (uint32_t layer = 0; layer < MODEL_LAYERS; layer++) {
        count += run.layers[layer].count;
    }
    answer_begin(ANSWER_DONE);
    frame_put_u32(&answer, (uint32_t)count);
    frame_put_u32(&answer, (uint32_t)(count >> 32));
    frame_put_u32(&answer, (uint32_t)run.status);
    send_answer();
}

__attribute__((noipa)) void console_model_begins(void)
{
    __asm__ volatile("" ::: "memory");
}

__attribute__((noipa)) void console_model_runs(void)
{
    __asm__ volatile("" ::: "memory");
}

__attribute__((noipa)) void console_model_ended(void)
{
    __asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void console_on_piece(void *context, uint32_t layer, uint32_t offset,
                                                const void *data, uint32_t bytes)
{
    uint32_t count = counter_now() - run.piece_began;
    (void)context;
    (void)offset; /* pieces of a layer come in order */
    if (layer < MODEL_LAYERS) {
        struct layer_result *result = &run.layers[layer];
        result->count += count;
        result->crc = crc32_update(result->crc, data, bytes);
        result->bytes += bytes;
        if (is_complete(layer) && run.running) {
            send_layer(layer);
        }
    }
    run.piece_began = counter_now();
    console_model_runs();
}

static void forget_layers(void)
{
    memset(run.layers, 0, sizeof(run.layers));
    console_model_begins();
}

#ifdef MODEL_INPUT_ROW_BYTES
/* The row that is coming in. The last one is kept back until RUN, for that is when the host is
 * ready to wait. */
static struct {
    _Alignas(4) uint8_t bytes[MODEL_INPUT_ROW_BYTES];
} row;

static void model_goes_on(void)
{
    run.piece_began = counter_now() - run.since_piece;
    console_model_runs();
}

static void model_waits(void)
{
    console_model_ended();
    run.since_piece = counter_now() - run.piece_began;
}

static void begin_input(void)
{
    forget_layers();
    run.since_piece = 0;
    model_goes_on();
    int status = model_begin(console_on_piece, NULL);
    model_waits();
    run.status = status;
}

static void push_row(void)
{
    if (run.status != 0) {
        return;
    }
    model_goes_on();
    int status = model_push((const void *)row.bytes, 1);
    model_waits();
    run.status = status;
}

static void store_input(uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++, offset++) {
        uint32_t place = offset % MODEL_INPUT_ROW_BYTES;
        if (place == 0 && offset != 0) {
            push_row();
        }
        row.bytes[place] = bytes[i];
    }
}

static void compute(void)
{
    push_row();
}
#else
static void begin_input(void)
{
}

static void store_input(uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    memcpy((uint8_t *)model_input() + offset, bytes, length);
}

static void compute(void)
{
    forget_layers();
    run.piece_began = counter_now();
    console_model_runs();
    int status = model_run(console_on_piece, NULL);
    console_model_ended();
    run.status = status;
}
#endif

static void take_input(const uint8_t *payload, uint32_t length)
{
    if (length <= sizeof(uint32_t)) {
        answer_error(ERROR_BAD_LENGTH);
        return;
    }
    uint32_t offset = frame_u32(payload);
    uint32_t bytes = length - (uint32_t)sizeof(uint32_t);
    if (offset > MODEL_INPUT_BYTES || bytes > MODEL_INPUT_BYTES - offset) {
        answer_error(ERROR_BAD_RANGE);
        return;
    }
    if (offset != 0 && offset != run.input_received) {
        answer_error(ERROR_OUT_OF_ORDER);
        return;
    }
    run.output_valid = false; /* the arena holds both */
    if (offset == 0) {
        begin_input();
    }
    store_input(offset, payload + sizeof(uint32_t), bytes);
    run.input_received = offset + bytes;
    answer_ack();
}

static void run_model(void)
{
    if (run.input_received != MODEL_INPUT_BYTES) {
        answer_error(ERROR_INPUT_INCOMPLETE);
        return;
    }
    run.input_received = 0; /* the run overwrites it */
    last.ran = true;
    answer_ack();
#ifdef MODEL_INPUT_ROW_BYTES
    send_complete_layers();
#endif
    run.running = true;
    compute();
    run.running = false;
    run.output_valid = run.status == 0;
    send_done();
}

static void repeat_run(void)
{
    answer_ack();
    send_complete_layers();
    send_done();
}

static void send_output(const uint8_t *payload, uint32_t length)
{
    if (length != 2 * sizeof(uint32_t)) {
        answer_error(ERROR_BAD_LENGTH);
        return;
    }
    uint32_t offset = frame_u32(payload);
    uint32_t bytes = frame_u32(payload + sizeof(uint32_t));
    if (bytes > FRAME_PAYLOAD_MAX || offset > MODEL_OUTPUT_BYTES ||
        bytes > MODEL_OUTPUT_BYTES - offset) {
        answer_error(ERROR_BAD_RANGE);
    } else if (!run.output_valid) {
        answer_error(ERROR_NO_OUTPUT);
    } else {
        answer_begin(ANSWER_OUTPUT);
        frame_put(&answer, (const uint8_t *)model_output() + offset, bytes);
        send_answer();
    }
}

static _Noreturn void reboot_to_loader(void)
{
    answer_ack();
    uart_flush();
    _mailbox = MAILBOX_STAY_IN_LOADER;
    caches_clean(&_mailbox);
    SCB_AIRCR = AIRCR_SYSRESETREQ;
    barrier_data();
    for (;;) {
    }
}

static void carry_out(const struct frame *request)
{
    const uint8_t *payload = frame_payload(request);
    uint32_t length = frame_payload_length(request);
    uint8_t type = frame_type(request);
    if (type == REQUEST_INPUT) {
        take_input(payload, length);
    } else if (type == REQUEST_OUTPUT) {
        send_output(payload, length);
    } else if (type != REQUEST_HELLO && type != REQUEST_RUN && type != REQUEST_REBOOT_TO_LOADER) {
        answer_error(ERROR_UNKNOWN_REQUEST);
    } else if (length != 0) {
        answer_error(ERROR_BAD_LENGTH);
    } else if (type == REQUEST_HELLO) {
        answer_hello();
    } else if (type == REQUEST_RUN) {
        run_model();
    } else {
        reboot_to_loader();
    }
}

static void handle(const struct frame *request)
{
    bool repeated =
        last.any && last.sequence == frame_sequence(request) && last.crc == frame_crc(request);
    if (repeated && last.ran) {
        repeat_run();
    } else if (repeated) {
        frame_send(&answer, uart_write);
    } else {
        last.any = true;
        last.sequence = frame_sequence(request);
        last.crc = frame_crc(request);
        last.ran = false;
        carry_out(request);
    }
}

/* Built where the damaged frame was: the last answer must stay, it may be asked for again. */
static void complain_about_frame(void)
{
    frame_begin(&receiver.frame, ANSWER_ERROR, 0);
    frame_put_u8(&receiver.frame, ERROR_BAD_FRAME);
    frame_seal(&receiver.frame);
    frame_send(&receiver.frame, uart_write);
}

_Noreturn void console_serve(uint32_t core_hz, enum counter_unit unit)
{
    run.core_hz = core_hz;
    run.unit = unit;
    for (;;) {
        switch (frame_receive(&receiver, uart_read())) {
        case FRAME_GOOD:
            handle(&receiver.frame);
            break;
        case FRAME_BAD:
            complain_about_frame();
            break;
        case FRAME_NONE:
            break;
        }
    }
}

static void send_fault(const struct fault *fault)
{
    uart_write(0); /* ends a frame that the fault cut short */
    frame_begin(&answer, ANSWER_FAULT, 0);
    frame_put_u32(&answer, fault->exception);
    frame_put_u32(&answer, fault->pc);
    frame_put_u32(&answer, fault->lr);
    frame_put_u32(&answer, fault->sp);
    frame_put_u32(&answer, fault->cfsr);
    frame_put_u32(&answer, fault->hfsr);
    frame_put_u32(&answer, fault->address);
    send_answer();
}

_Noreturn void console_report_fault(const struct fault *fault)
{
    for (;;) {
        send_fault(fault);
        while (uart_read() != 0) {
        }
    }
}
