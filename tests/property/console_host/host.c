/* The console's files on the host: bytes from standard input, answers to standard output. */
#include <stdio.h>
#include <stdlib.h>

#include "mcugen_console.h"
#include "mcugen_models.h"

static void put(uint8_t byte)
{
    (void)putchar(byte);
}

static int get(void)
{
    int byte = getchar();
    if (byte == EOF) {
        exit(0);
    }
    return byte;
}

static uint32_t cycles(void)
{
    static uint32_t count;
    return count++;
}

/* A reset ends the program, with a status that says so. */
static void reboot(void)
{
    (void)fflush(stdout);
    exit(64);
}

int main(void)
{
    static const struct mcugen_port port = {
        .put = put,
        .get = get,
        .cycles = cycles,
        .counts = MCUGEN_COUNTS_CYCLES,
        .clock_hz = 1000000u,
        .board = "host",
        .reboot = reboot,
    };
    mcugen_console_start(&port, mcugen_models, MCUGEN_MODELS);
    mcugen_console_serve();
}
