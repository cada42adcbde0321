/* Runs the model on the host: inputs from stdin, the pieces of every layer's output to stdout. It
 * ends with the process that started it, and does not work on one input for ever. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "model.h"

#define SECONDS_AN_INPUT 60

static void write_piece(void *context, uint32_t layer, uint32_t offset, const void *data,
                        uint32_t bytes)
{
    const uint32_t head[] = {layer, offset, bytes};
    fwrite(head, sizeof(head), 1, context);
    fwrite(data, 1, bytes, context);
}

static void end_with_parent(void)
{
#ifdef __linux__
    const pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        raise(SIGKILL);
    }
#endif
}

#ifdef MODEL_INPUT_ROW_BYTES
static _Alignas(4) uint8_t rows[MODEL_INPUT_BYTES];

/* One row, then two, and so on: whatever the number, the same must come out. */
static int run_model(void)
{
    int status = model_begin(write_piece, stdout);
    uint32_t row = 0;
    for (uint32_t count = 1; status == 0 && row < MODEL_INPUT_HEIGHT; row += count, count++) {
        if (count > MODEL_INPUT_HEIGHT - row) {
            count = MODEL_INPUT_HEIGHT - row;
        }
        status = model_push((const void *)&rows[row * MODEL_INPUT_ROW_BYTES], count);
    }
    return status;
}

static void *input(void)
{
    return rows;
}
#else
static int run_model(void)
{
    return model_run(write_piece, stdout);
}

static void *input(void)
{
    return model_input();
}
#endif

int main(void)
{
    end_with_parent();
    while (fread(input(), 1, MODEL_INPUT_BYTES, stdin) == MODEL_INPUT_BYTES) {
        alarm(SECONDS_AN_INPUT);
        if (run_model() != 0) {
            fputs("a kernel refused its arguments\n", stderr);
            return 1;
        }
    }
    return ferror(stdin) != 0 || fflush(stdout) != 0;
}
