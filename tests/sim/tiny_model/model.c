/* Layer 0 flips bits, layer 1 adds up, layer 2 converts to float. Each TINY_... macro makes it
 * misbehave in one way. */
#include "model.h"

#include <stddef.h>

#define OUTPUTS (MODEL_OUTPUT_BYTES / 4)

static uint8_t model_arena[2416] __attribute__((aligned(16)));

#define INPUT  ((int8_t *)&model_arena[0])
#define SUMS   ((int32_t *)(void *)&model_arena[0])
#define FLOATS ((float *)(void *)&model_arena[1216])

uint32_t tiny_outside;

int8_t *model_input(void)
{
    return INPUT;
}

const float *model_output(void)
{
    return FLOATS;
}

static void layer_flip(void)
{
    for (uint32_t i = 0; i < MODEL_INPUT_BYTES; i++) {
        INPUT[i] = (int8_t)(INPUT[i] ^ 0x55);
    }
}

static void layer_sum(void)
{
    int8_t *input = INPUT;
    int32_t *sums = SUMS;
    for (uint32_t i = OUTPUTS; i-- > 0;) {
        sums[i] = input[2 * i] + 3 * input[2 * i + 1];
    }
}

static void layer_float(void)
{
    for (uint32_t i = 0; i < OUTPUTS; i++) {
        FLOATS[i] = (float)SUMS[i] * 0.25f;
    }
}

__attribute__((noinline)) void tiny_misbehave(void)
{
#ifdef TINY_STRAY_STORE
    *(volatile uint32_t *)&tiny_outside = 7;
#endif
#ifdef TINY_STORE_BEHIND_ARENA
    volatile uint8_t *behind = (uint8_t *)((uintptr_t)model_arena + sizeof(model_arena));
    *behind = *behind;
#endif
#ifdef TINY_STORE_BEFORE_ARENA
    volatile uint8_t *before = (uint8_t *)((uintptr_t)model_arena - 1);
    *before = *before;
#endif
#ifdef TINY_STORE_ACROSS_OUTPUT
    /* Two bytes of layer 1's output, then two of nobody's. */
    volatile uint32_t *across = (uint32_t *)((uintptr_t)model_arena + 4 * OUTPUTS - 2);
    *across = *across;
#endif
#ifdef TINY_WILD_STORE
    *(volatile uint32_t *)(uintptr_t)0xA0001234u = 7;
#endif
#ifdef TINY_WILD_LOAD
    tiny_outside = *(volatile uint32_t *)(uintptr_t)0xA0001230u;
#endif
#ifdef TINY_WILD_JUMP
    ((void (*)(void))(uintptr_t)0xA0000001u)();
#endif
#ifdef TINY_FLASH_STORE
    *(volatile uint32_t *)(uintptr_t)0x08000000u = 7;
#endif
#ifdef TINY_PERIPHERAL_STORE
    *(volatile uint32_t *)(uintptr_t)0x40010000u = 7;
#endif
#ifdef TINY_UNMODELLED_REGISTER
    *(volatile uint32_t *)(uintptr_t)0x40023810u = 7;
#endif
#ifdef TINY_REGISTER_STORE
    *(volatile uint32_t *)(uintptr_t)0x40020014u = 7;
#endif
#ifdef TINY_UNDEFINED
    __asm__ volatile("udf #0");
#endif
#ifdef TINY_BAD_STACK
    __asm__ volatile("mov r0, #0xA0000000\n"
                     "mov sp, r0\n"
                     "udf #0");
#endif
#ifdef TINY_HANG
    for (;;) {
    }
#endif
#ifdef TINY_DEEP_STACK
    volatile uint8_t deep[3000];
    deep[0] = 1;
    deep[2999] = deep[0];
#endif
#ifdef TINY_STACK_OVERFLOW
    volatile uint8_t deep[5000];
    deep[0] = 1;
    deep[4999] = deep[0];
#endif
}

int model_run(model_layer_hook hook, void *context)
{
    layer_flip();
    if (hook != NULL) {
        hook(context, 0, 0, INPUT, MODEL_INPUT_BYTES);
    }
    layer_sum();
    tiny_misbehave();
    if (hook != NULL) {
        hook(context, 1, 0, SUMS, MODEL_OUTPUT_BYTES);
    }
#ifdef TINY_FAILS
    return 3;
#endif
    layer_float();
    if (hook != NULL) {
        hook(context, 2, 0, FLOATS, MODEL_OUTPUT_BYTES);
    }
    return 0;
}
