/* Processor caches; a core without them has caches_none.c. */
#ifndef CACHES_H
#define CACHES_H

/* Switches the instruction and the data cache on, with nothing stale in them. */
void caches_enable(void);

/* Writes the cache line that holds the address back to RAM, so that it outlives a reset. */
void caches_clean(const volatile void *address);

#endif
