/* Counts the instructions that the virtual board executes. Unicorn calls count_block before every
 * basic block, some million times an inference: mcugen/sim/counter.py does the same in Python where
 * no C compiler is installed, ten times slower. */
#include <stdint.h>

struct counter {
    uint64_t executed;
    uint64_t limit;
    void (*over_limit)(void);
    const uint8_t *code; /* the flash of the board, which lies at base */
    uint64_t base;
};

void count_block(void *engine, uint64_t address, uint32_t bytes, struct counter *counter);

/* A first halfword from 0xE800 up begins a Thumb instruction of two halfwords. */
void count_block(void *engine, uint64_t address, uint32_t bytes, struct counter *counter)
{
    (void)engine;
    const uint8_t *code = counter->code + (address - counter->base);
    for (uint32_t at = 0; at < bytes; at += code[at + 1] >= 0xE8u ? 4u : 2u) {
        counter->executed++;
    }
    if (counter->executed > counter->limit) {
        counter->over_limit();
    }
}
