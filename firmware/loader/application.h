/* The application in flash: whether it is whole, and how to start it. */
#ifndef APPLICATION_H
#define APPLICATION_H

#include <stdbool.h>

/* Whether vector table and footer belong together. */
bool application_is_there(void);

/* Whether also the check sum is right, which takes a few cycles for each byte. */
bool application_is_whole(void);

/* Gives the processor to the application. Call it right after a reset only. */
_Noreturn void application_enter(void);

#endif
