/* firmware/console/mcugen_frame.c on the host: what it makes of standard input, an event after
 * another. */
#include <stdio.h>

#include "mcugen_frame.h"

static void put(uint8_t byte)
{
    (void)putchar(byte);
}

/* A good frame is sent again as a frame, what is none as a lone delimiter. */
int main(void)
{
    static struct mcugen_frame_receiver receiver;
    for (int byte = getchar(); byte != EOF; byte = getchar()) {
        switch (mcugen_frame_receive(&receiver, (uint8_t)byte)) {
        case MCUGEN_FRAME_GOOD:
            mcugen_frame_send(&receiver.frame, put);
            break;
        case MCUGEN_FRAME_BAD:
            put(0);
            break;
        case MCUGEN_FRAME_NONE:
            break;
        }
    }
    return 0;
}
