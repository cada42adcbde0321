/* Vector table and reset, as every project has them. */
#include <stdint.h>
#include <string.h>

#define CPACR (*(volatile uint32_t *)0xE000ED88u)

extern uint32_t stack_top[];
extern uint8_t data_start[], data_end[], data_load[], bss_start[], bss_end[];
extern int main(void);

_Noreturn void reset(void);

_Noreturn void reset(void)
{
    CPACR |= 0xFu << 20; /* the FPU */
    __asm volatile("dsb\n\tisb");
    memcpy(data_start, data_load, (size_t)(data_end - data_start));
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    (void)main();
    for (;;) {
    }
}

static const void *const vectors[]
    __attribute__((section(".vectors"), used)) = {stack_top, (const void *)reset};
