/* firmware/frame.c on the host: what it makes of standard input, an event after another. */
#include <stdio.h>

#include "frame.h"

static void put(uint8_t byte)
{
    (void)putchar(byte);
}

/* A good frame is sent again as a frame, what is none as a lone delimiter. */
int main(void)
{
    static struct frame_receiver receiver;
    for (int byte = getchar(); byte != EOF; byte = getchar()) {
        switch (frame_receive(&receiver, (uint8_t)byte)) {
        case FRAME_GOOD:
            frame_send(&receiver.frame, put);
            break;
        case FRAME_BAD:
            put(0);
            break;
        case FRAME_NONE:
            break;
        }
    }
    return 0;
}
