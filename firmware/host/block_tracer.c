/* Which basic blocks run how often and how often they end in a jump, and what misses the caches
 * before the flash. Unicorn calls trace_block before every block and trace_read after every load
 * from the flash; mcugen/sim/tracer.py reads what is counted. */
#include "cache_lines.h"

#include <stddef.h>

struct block {
    uint32_t address;
    uint32_t bytes; /* 0: a free slot */
    uint64_t runs;
    uint64_t jumps;
};

struct tracer {
    struct cache_lines code;
    struct cache_lines data;
    struct block *blocks; /* a hash table of a power of two slots */
    struct block *last;
    uint32_t slots;
    uint32_t taken; /* slots */
    int (*read_register)(void *engine, int number, void *value);
    int (*write_register)(void *engine, int number, const void *value);
    int status_register;
    uint32_t if_then; /* bits of the status register */
};

void trace_block(void *engine, uint64_t address, uint32_t bytes, struct tracer *tracer);
void trace_read(void *engine, int kind, uint64_t address, int bytes, int64_t value,
                struct tracer *tracer);
void trace_use(struct tracer *tracer, const uint32_t *addresses, uint32_t count, uint32_t bytes);

/* NULL where the table has no room: then nothing of the block is counted, and taken says so. */
static struct block *block_of(struct tracer *tracer, uint32_t address, uint32_t bytes)
{
    uint32_t slot = (address >> 1) * 2654435761u;
    for (uint32_t tried = 0; tried < tracer->slots; tried++, slot++) {
        struct block *block = &tracer->blocks[slot & (tracer->slots - 1u)];
        if (block->bytes == 0u) {
            tracer->taken++;
            block->address = address;
            block->bytes = bytes;
            return block;
        }
        if (block->address == address && block->bytes == bytes) {
            return block;
        }
    }
    return NULL;
}

void trace_block(void *engine, uint64_t address, uint32_t bytes, struct tracer *tracer)
{
    (void)engine;
    struct block *last = tracer->last;
    const uint32_t at = (uint32_t)address;
    if (last != NULL && last->address + last->bytes != at) {
        last->jumps++;
    }
    struct block *block = block_of(tracer, at, bytes);
    tracer->last = block;
    if (block != NULL) {
        block->runs++;
    }
    use_bytes(&tracer->code, at, bytes);
}

/* Unicorn 2.1.4 keeps the condition of an IT block that a hook saw, and the next block would be
 * skipped by it (see mcugen/sim/cpu.py): so it is taken away here. */
void trace_read(void *engine, int kind, uint64_t address, int bytes, int64_t value,
                struct tracer *tracer)
{
    (void)kind;
    (void)value;
    use_bytes(&tracer->data, (uint32_t)address, (uint32_t)bytes);
    uint32_t status = 0;
    (void)tracer->read_register(engine, tracer->status_register, &status);
    if ((status & tracer->if_then) != 0u) {
        status &= ~tracer->if_then;
        (void)tracer->write_register(engine, tracer->status_register, &status);
    }
}

/* The data cache by itself, for tests. */
void trace_use(struct tracer *tracer, const uint32_t *addresses, uint32_t count, uint32_t bytes)
{
    for (uint32_t at = 0; at < count; at++) {
        use_bytes(&tracer->data, addresses[at], bytes);
    }
}
