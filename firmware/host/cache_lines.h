/* A small cache in which any line can hold anything and the one that was used least recently goes
 * first: the caches of the accelerators before an STM32's flash. */
#ifndef CACHE_LINES_H
#define CACHE_LINES_H

#include <stdint.h>

#define MOST_LINES 256u

struct cache_lines {
    uint64_t misses;
    uint32_t lines; /* 0: there is none, and nothing is counted */
    uint32_t shift; /* a line has 2^shift bytes */
    uint32_t used;
    uint32_t held[MOST_LINES]; /* line numbers, the last used first */
};

static inline void use_line(struct cache_lines *cache, uint32_t line)
{
    if (cache->used > 0u && cache->held[0] == line) {
        return;
    }
    uint32_t at = 0;
    while (at < cache->used && cache->held[at] != line) {
        at++;
    }
    if (at == cache->used) {
        cache->misses++;
        if (cache->used < cache->lines) {
            cache->used++;
        } else {
            at--;
        }
    }
    for (; at > 0u; at--) {
        cache->held[at] = cache->held[at - 1u];
    }
    cache->held[0] = line;
}

/* All lines of the bytes from address on, in their order. */
static inline void use_bytes(struct cache_lines *cache, uint32_t address, uint32_t bytes)
{
    if (cache->lines == 0u || bytes == 0u) {
        return;
    }
    const uint32_t last = (address + bytes - 1u) >> cache->shift;
    for (uint32_t line = address >> cache->shift; line <= last; line++) {
        use_line(cache, line);
    }
}

#endif
