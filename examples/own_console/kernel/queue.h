#ifndef QUEUE_H
#define QUEUE_H

#include "FreeRTOS.h"

typedef struct {
    uint8_t *storage;
    UBaseType_t length, size, first, count;
} StaticQueue_t;

typedef StaticQueue_t *QueueHandle_t;

QueueHandle_t xQueueCreateStatic(UBaseType_t length, UBaseType_t size, uint8_t *storage,
                                 StaticQueue_t *queue);

/* Time is not kept here: with any wait but 0 they wait for ever. */
BaseType_t xQueueSend(QueueHandle_t queue, const void *item, TickType_t wait);
BaseType_t xQueueReceive(QueueHandle_t queue, void *item, TickType_t wait);

#endif
