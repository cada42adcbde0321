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

int main(void)
{
    end_with_parent();
    while (fread(model_input(), 1, MODEL_INPUT_BYTES, stdin) == MODEL_INPUT_BYTES) {
        alarm(SECONDS_AN_INPUT);
        if (model_run(write_piece, stdout) != 0) {
            fputs("a kernel refused its arguments\n", stderr);
            return 1;
        }
    }
    return ferror(stdin) != 0 || fflush(stdout) != 0;
}
