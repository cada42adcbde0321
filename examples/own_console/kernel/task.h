#ifndef TASK_H
#define TASK_H

#include "FreeRTOS.h"

typedef void (*TaskFunction_t)(void *parameters);

typedef struct task {
    StackType_t *top;
    TaskFunction_t code;
    void *parameters;
    struct task *next;
} StaticTask_t;

typedef StaticTask_t *TaskHandle_t;

/* Priorities have no effect here: tasks take turns. */
TaskHandle_t xTaskCreateStatic(TaskFunction_t code, const char *name, uint32_t depth,
                               void *parameters, UBaseType_t priority, StackType_t *stack,
                               StaticTask_t *task);
void vTaskStartScheduler(void);
void taskYIELD(void);

#endif
