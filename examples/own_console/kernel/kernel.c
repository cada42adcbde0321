/* Tasks with a stack each, and queues. */
#include <string.h>

#include "queue.h"
#include "task.h"

/* What switch_stacks finds on a stack: s16 to s31, r4 to r11, where to go on. */
enum {
    SAVED_WORDS = 16 + 8 + 1
};

static StaticTask_t *running;

__attribute__((naked, noinline)) static void
switch_stacks(__attribute__((unused)) StackType_t **from, __attribute__((unused)) StackType_t *to)
{
    __asm("push {r4-r11, lr}\n\t"
          "vpush {s16-s31}\n\t"
          "str sp, [r0]\n\t"
          "mov sp, r1\n\t"
          "vpop {s16-s31}\n\t"
          "pop {r4-r11, pc}");
}

/* Where a task begins: on its own stack, which it never leaves. */
static void task_begins(void)
{
    running->code(running->parameters);
    for (;;) {
        taskYIELD();
    }
}

TaskHandle_t xTaskCreateStatic(TaskFunction_t code, const char *name, uint32_t depth,
                               void *parameters, UBaseType_t priority, StackType_t *stack,
                               StaticTask_t *task)
{
    (void)name;
    (void)priority;
    StackType_t *const end = (StackType_t *)((uintptr_t)(stack + depth) & ~(uintptr_t)7);
    task->top = end - SAVED_WORDS;
    task->top[SAVED_WORDS - 1] = (StackType_t)(uintptr_t)task_begins;
    task->code = code;
    task->parameters = parameters;
    task->next = running == NULL ? task : running->next;
    if (running != NULL) {
        running->next = task;
    }
    running = task;
    return task;
}

void taskYIELD(void)
{
    StaticTask_t *const from = running;
    running = from->next;
    if (running != from) {
        switch_stacks(&from->top, running->top);
    }
}

void vTaskStartScheduler(void)
{
    static StackType_t *nobody;
    running = running->next;
    switch_stacks(&nobody, running->top);
}

QueueHandle_t xQueueCreateStatic(UBaseType_t length, UBaseType_t size, uint8_t *storage,
                                 StaticQueue_t *queue)
{
    *queue = (StaticQueue_t){.storage = storage, .length = length, .size = size};
    return queue;
}

static uint8_t *item_at(const StaticQueue_t *queue, UBaseType_t index)
{
    return queue->storage + (queue->first + index) % queue->length * queue->size;
}

BaseType_t xQueueSend(QueueHandle_t queue, const void *item, TickType_t wait)
{
    while (queue->count == queue->length) {
        if (wait == 0) {
            return pdFALSE;
        }
        taskYIELD();
    }
    memcpy(item_at(queue, queue->count), item, queue->size);
    queue->count++;
    return pdTRUE;
}

BaseType_t xQueueReceive(QueueHandle_t queue, void *item, TickType_t wait)
{
    while (queue->count == 0) {
        if (wait == 0) {
            return pdFALSE;
        }
        taskYIELD();
    }
    memcpy(item, item_at(queue, 0), queue->size);
    queue->first = (queue->first + 1) % queue->length;
    queue->count--;
    return pdTRUE;
}
