/* Stands for CMSIS's header of a chip: the declarations that examples/in_a_system/dma.c uses. */
#ifndef DEVICE_H
#define DEVICE_H

#include <stddef.h>
#include <stdint.h>

void __WFE(void);
void SCB_InvalidateDCache_by_Addr(volatile void *address, int32_t bytes);

#endif
