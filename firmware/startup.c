/* Vector table and reset: from the first instruction to main with RAM, FPU and caches ready. */
#include <stdint.h>

#include "board.h"
#include "caches.h"
#include "cortex_m.h"
#include "fault.h"

extern uint32_t _stack_top[];
extern uint32_t _data_start[], _data_end[], _data_load[];
extern uint32_t _bss_start[], _bss_end[];
extern uint32_t _footer[];

int main(void);
void Reset_Handler(void);
void reset_in_c(void);

typedef void (*vector)(void);

/* Words 7 to 10 and 13 are reserved by the architecture; word 7 tells the resident loader where the
 * image's footer is. Nothing enables an interrupt, so one that arrives is a fault like any other.
 */
__attribute__((section(".vectors"), used)) static const vector vectors[16 + BOARD_INTERRUPTS] = {
    (vector)(uintptr_t)_stack_top,
    Reset_Handler,
    Fault_Handler, /* NMI */
    Fault_Handler, /* HardFault */
    Fault_Handler, /* MemManage */
    Fault_Handler, /* BusFault */
    Fault_Handler, /* UsageFault */
    (vector)(uintptr_t)_footer,
    0,
    0,
    0,
    Fault_Handler, /* SVCall */
    Fault_Handler, /* DebugMonitor */
    0,
    Fault_Handler, /* PendSV */
    Fault_Handler, /* SysTick */
    [16 ... 15 + BOARD_INTERRUPTS] = Fault_Handler,
};

/* Sets the stack itself: a debugger may have started the application at its second word only. */
__attribute__((naked)) void Reset_Handler(void)
{
    __asm__("ldr r0, =_stack_top\n"
            "mov sp, r0\n"
            "b reset_in_c\n"
            ".ltorg\n");
}

static void fpu_enable(void)
{
    SCB_CPACR |= CPACR_FPU_FULL_ACCESS;
    FPU_FPCCR |= FPCCR_AUTOMATIC_LAZY;
    barrier_data();
    barrier_instruction();
}

static void ram_initialise(void)
{
    const uint32_t *from = _data_load;
    for (uint32_t *to = _data_start; to < _data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = _bss_start; to < _bss_end; to++) {
        *to = 0;
    }
}

__attribute__((noreturn, used)) void reset_in_c(void)
{
    SCB_VTOR = (uint32_t)(uintptr_t)vectors;
    SCB_SHCSR |= SHCSR_FAULTS_ENABLED;
    barrier_data();
    fpu_enable();
    ram_initialise();
    caches_enable();
    (void)main();
    for (;;) {
    }
}
