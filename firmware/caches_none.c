/* For a core without caches of its own. */
#include "caches.h"

void caches_enable(void)
{
}

void caches_clean(const volatile void *address)
{
    (void)address;
}
