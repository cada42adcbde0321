/* Not FreeRTOS: as much of its interface as tasks.c calls, on a scheduler that switches where a
 * task yields or waits (kernel.c). A project with FreeRTOS has the real headers instead. */
#ifndef FREERTOS_H
#define FREERTOS_H

#include <stddef.h>
#include <stdint.h>

typedef long BaseType_t;
typedef unsigned long UBaseType_t;
typedef uint32_t TickType_t;
typedef uint32_t StackType_t;

#define pdTRUE        ((BaseType_t)1)
#define pdFALSE       ((BaseType_t)0)
#define portMAX_DELAY ((TickType_t)0xFFFFFFFFu)

#endif
