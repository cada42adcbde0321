/* One word of RAM that no start-up code clears: a message to whatever runs after a reset. */
#ifndef MAILBOX_H
#define MAILBOX_H

#include <stdint.h>

#define MAILBOX_STAY_IN_LOADER    0x4C64724Du
#define MAILBOX_START_APPLICATION 0x74725453u /* from the loader to itself */

extern volatile uint32_t
    _mailbox; /* placed by the linker script, at the same address in all programs */

#endif
