/* Every exception ends here: report it over the console, then stop. */
#include "fault.h"

#include "cortex_m.h"
#include "mcugen_console.h"
#include "uart.h"

/* The frame that the processor pushed (r0-r3, r12, lr, pc, xpsr), as word indices. */
enum {
    FRAME_LR = 5,
    FRAME_PC = 6,
    FRAME_WORDS = 8
};

extern uint32_t _stack_bottom[], _stack_top[];

void fault_stop(uint32_t stacked);

/* With the stack pointer astray, or less left than the report needs, the report takes the stack
 * from the top and may overwrite what the program left there. */
__attribute__((naked)) void Fault_Handler(void)
{
    __asm__("mov r0, sp\n"
            "ldr r1, =_stack_bottom + 512\n"
            "ldr r2, =_stack_top\n"
            "cmp r0, r1\n"
            "it hs\n"
            "cmphs r2, r0\n"
            "it lo\n"
            "movlo sp, r2\n"
            "b fault_stop\n"
            ".ltorg\n");
}

static uint32_t active_exception(void)
{
    uint32_t ipsr;
    __asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
    return ipsr & 0x1FFu;
}

static uint32_t faulting_address(uint32_t cfsr)
{
    if (cfsr & CFSR_BFARVALID) {
        return SCB_BFAR;
    }
    return (cfsr & CFSR_MMARVALID) ? SCB_MMFAR : 0u;
}

/* Says what happened, then again whenever somebody asks anything. */
static _Noreturn void report(const struct mcugen_fault *fault)
{
    for (;;) {
        mcugen_console_report(fault);
        while (uart_read() != 0) {
        }
    }
}

__attribute__((noreturn, used)) void fault_stop(uint32_t stacked)
{
    struct mcugen_fault fault = {.exception = active_exception(), .sp = stacked};
    const uint32_t *frame = (const uint32_t *)(uintptr_t)stacked;
    /* A frame outside the stack was never written, and reading it could lock up the processor. */
    if (frame >= _stack_bottom && frame + FRAME_WORDS <= _stack_top) {
        fault.pc = frame[FRAME_PC];
        fault.lr = frame[FRAME_LR];
    }
    fault.cfsr = SCB_CFSR;
    fault.hfsr = SCB_HFSR;
    fault.address = faulting_address(fault.cfsr);
    report(&fault);
}
