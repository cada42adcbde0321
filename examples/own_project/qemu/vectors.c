/* Vector table and reset of a program that QEMU loads and that prints through semihosting. */
#include <stdint.h>
#include <stdlib.h>

#define CPACR (*(volatile uint32_t *)0xE000ED88u)

extern uint32_t stack_top[];
extern void initialise_monitor_handles(void);
extern int main(void);

_Noreturn void reset(void);

_Noreturn void reset(void)
{
    CPACR |= 0xFu << 20; /* the FPU, which code compiled for it may use anywhere */
    __asm volatile("dsb\n\tisb");
    initialise_monitor_handles();
    exit(main());
}

static const void *const vectors[]
    __attribute__((section(".vectors"), used)) = {stack_top, (const void *)reset};
