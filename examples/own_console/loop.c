/* A program with a main loop that answers `mcugen verify --port` and `mcugen run` beside its own
 * work. */
#include "board.h"
#include "mcugen_console.h"
#include "mcugen_models.h"

static volatile uint32_t turns;

/* Stands for what the program is there for; it must not run the model while the host does. */
static void own_work(void)
{
    turns++;
}

int main(void)
{
    static struct mcugen_port port = {
        .put = board_put,
        .get = board_get,
        .cycles = board_cycles,
        .clock_hz = BOARD_HZ,
        .board = "doorbell, revision B",
    };
    board_start();
    port.counts = board_counts();
    mcugen_console_start(&port, mcugen_models, MCUGEN_MODELS);
    for (;;) {
        mcugen_console_poll();
        own_work();
    }
}
