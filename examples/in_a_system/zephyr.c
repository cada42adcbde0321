/* The model as a Zephyr thread: pictures come through a message queue, and a semaphore of the
 * application stops a run that is no longer wanted. */
#include <string.h>
#include <zephyr/kernel.h>

#include "model.h"

#define STACK_BYTES 2048 /* `mcugen verify --sim` says what the model needs; add your own */
#define PRIORITY    7    /* preemptible: whatever has a deadline is more urgent */
#define CANCELLED   1

K_MSGQ_DEFINE(pictures, sizeof(const int8_t *), 2, 4);
K_MSGQ_DEFINE(answers, MODEL_OUTPUT_BYTES, 2, 4);
K_SEM_DEFINE(cancel, 0, 1);

/* The hook, between two layers: anything but 0 ends the run, which answers it. */
static int go_on(void *context, uint32_t layer, uint32_t offset, const void *data, uint32_t bytes)
{
    ARG_UNUSED(context);
    ARG_UNUSED(layer);
    ARG_UNUSED(offset);
    ARG_UNUSED(data);
    ARG_UNUSED(bytes);
    return k_sem_take(&cancel, K_NO_WAIT) == 0 ? CANCELLED : 0;
}

static void classify(void *first, void *second, void *third)
{
    ARG_UNUSED(first);
    ARG_UNUSED(second);
    ARG_UNUSED(third);
    for (;;) {
        const int8_t *picture;
        (void)k_msgq_get(&pictures, &picture, K_FOREVER);
        memcpy(model_input(), picture, MODEL_INPUT_BYTES);
        if (model_run(go_on, NULL) == 0) {
            (void)k_msgq_put(&answers, model_output(), K_FOREVER);
        }
    }
}

K_THREAD_DEFINE(classifier, STACK_BYTES, classify, NULL, NULL, NULL, PRIORITY, 0, 0);
