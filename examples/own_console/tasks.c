/* The console as a task: bytes come through a queue, other tasks go on with theirs meanwhile. The
 * calls are FreeRTOS's; kernel/ stands for the kernel. */
#include "FreeRTOS.h"
#include "queue.h"
#include "task.h"

#include "board.h"
#include "mcugen_console.h"
#include "mcugen_models.h"

#define CONSOLE_STACK_WORDS 1024 /* at least what `mcugen verify --sim` says */
#define OTHER_STACK_WORDS   256

static QueueHandle_t received;
static volatile uint32_t turns;

/* On a chip this is the serial line's interrupt, and xQueueSendFromISR. */
static void line_task(void *parameters)
{
    (void)parameters;
    for (;;) {
        const int byte = board_get();
        if (byte >= 0) {
            const uint8_t item = (uint8_t)byte;
            (void)xQueueSend(received, &item, portMAX_DELAY);
        }
        taskYIELD();
    }
}

static void console_task(void *parameters)
{
    (void)parameters;
    for (;;) {
        uint8_t byte;
        if (xQueueReceive(received, &byte, portMAX_DELAY) == pdTRUE) {
            mcugen_console_take(byte);
        }
    }
}

static void other_task(void *parameters)
{
    (void)parameters;
    for (;;) {
        turns++;
        taskYIELD();
    }
}

int main(void)
{
    static struct mcugen_port port = {
        .put = board_put,
        .cycles = board_cycles,
        .clock_hz = BOARD_HZ,
        .board = "doorbell with tasks",
    };
    static uint8_t queue_storage[64];
    static StaticQueue_t queue;
    static StackType_t line_stack[OTHER_STACK_WORDS], console_stack[CONSOLE_STACK_WORDS],
        other_stack[OTHER_STACK_WORDS];
    static StaticTask_t line, console, other;

    board_start();
    port.counts = board_counts();
    mcugen_console_start(&port, mcugen_models, MCUGEN_MODELS);
    received = xQueueCreateStatic(sizeof(queue_storage), 1, queue_storage, &queue);
    (void)xTaskCreateStatic(line_task, "line", OTHER_STACK_WORDS, NULL, 2, line_stack, &line);
    (void)xTaskCreateStatic(console_task, "console", CONSOLE_STACK_WORDS, NULL, 1, console_stack,
                            &console);
    (void)xTaskCreateStatic(other_task, "other", OTHER_STACK_WORDS, NULL, 1, other_stack, &other);
    vTaskStartScheduler();
    return 1;
}
