/* Stands for Zephyr's: the declarations that examples/in_a_system/zephyr.c uses, as its
 * documentation has them. */
#ifndef ZEPHYR_KERNEL_H
#define ZEPHYR_KERNEL_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    int64_t ticks;
} k_timeout_t;

#define K_NO_WAIT     ((k_timeout_t){0})
#define K_FOREVER     ((k_timeout_t){-1})
#define ARG_UNUSED(x) (void)(x)

struct k_sem {
    unsigned int count, limit;
};
struct k_msgq {
    char *buffer;
    size_t size;
    uint32_t length;
};
struct k_thread_data {
    void (*entry)(void *, void *, void *);
    void *first, *second, *third;
    int priority;
    size_t stack_bytes;
};

int k_sem_take(struct k_sem *sem, k_timeout_t timeout);
int k_msgq_get(struct k_msgq *queue, void *data, k_timeout_t timeout);
int k_msgq_put(struct k_msgq *queue, const void *data, k_timeout_t timeout);

#define K_SEM_DEFINE(name, initial, most) struct k_sem name = {initial, most}
#define K_MSGQ_DEFINE(name, bytes, most, alignment)                                                \
    static _Alignas(alignment) char name##_buffer[(bytes) * (most)];                               \
    struct k_msgq name = {name##_buffer, bytes, most}
#define K_THREAD_DEFINE(name, stack, code, p1, p2, p3, urgency, options, delay)                    \
    const struct k_thread_data name = {code, p1, p2, p3, urgency, stack}

#endif
