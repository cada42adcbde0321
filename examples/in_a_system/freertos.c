/* The model as a FreeRTOS task: pictures come through a queue, answers go through another one, and
 * between two steps tasks of the same priority have their turn. */
#include <string.h>

#include "FreeRTOS.h"
#include "queue.h"
#include "task.h"

#include "model.h"

#define STACK_WORDS 512 /* `mcugen verify --sim` says what the model needs; add your own */

struct picture {
    int8_t bytes[MODEL_INPUT_BYTES];
};

QueueHandle_t pictures; /* of `const struct picture *` */
QueueHandle_t answers;  /* of MODEL_OUTPUT_BYTES */

void watchdog_feed(void);

static int classify(const struct picture *picture)
{
    uint32_t step = 0;
    int status;
    memcpy(model_input(), picture->bytes, MODEL_INPUT_BYTES);
    do {
        status = model_step(&step, NULL, NULL);
        watchdog_feed(); /* its time is more than the longest step takes */
        taskYIELD();
    } while (status == MODEL_MORE);
    return status;
}

static void model_task(void *parameters)
{
    (void)parameters;
    for (;;) {
        const struct picture *picture;
        if (xQueueReceive(pictures, &picture, portMAX_DELAY) == pdTRUE && classify(picture) == 0) {
            (void)xQueueSend(answers, model_output(), portMAX_DELAY);
        }
    }
}

void model_task_start(void)
{
    static StackType_t stack[STACK_WORDS];
    static StaticTask_t task;
    (void)xTaskCreateStatic(model_task, "model", STACK_WORDS, NULL, 1, stack, &task);
}
