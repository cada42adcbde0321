/* Vector table, identity and reset of the resident loader. */
#include <stdbool.h>
#include <stdint.h>

#include "application.h"
#include "board.h"
#include "cortex_m.h"
#include "layout.h"
#include "mailbox.h"

extern uint32_t _stack_top[];
extern uint32_t _data_start[], _data_end[], _data_load[];
extern uint32_t _bss_start[], _bss_end[];

_Noreturn void loader_main(bool stay);
void Reset_Handler(void);
void reset_in_c(void);

typedef void (*vector)(void);

#define INFO_MAGIC  0x4C47434Du
#define INFO_FORMAT 1u

/* Which board this loader was built for, and how; mcugen/footer.py is the definition. */
struct info {
    uint32_t magic;
    uint32_t format;
    char board[28];
    uint32_t no_read;
};

__attribute__((section(".info"), used)) static const struct info info = {
    .magic = INFO_MAGIC, .format = INFO_FORMAT, .board = BOARD_ID, .no_read = LAYOUT_NO_READ};

/* Nothing is expected to go wrong; if something does, a reset is as good a start as any. */
static void Fault_Handler(void)
{
    SCB_AIRCR = AIRCR_SYSRESETREQ;
    barrier_data();
    for (;;) {
    }
}

/* Nothing enables an interrupt. Word 7, which the architecture reserves, leads the host to info. */
__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    (vector)(uintptr_t)_stack_top,
    Reset_Handler,
    Fault_Handler, /* NMI */
    Fault_Handler, /* HardFault */
    Fault_Handler, /* MemManage */
    Fault_Handler, /* BusFault */
    Fault_Handler, /* UsageFault */
    (vector)(uintptr_t)&info,
    0,
    0,
    0,
    Fault_Handler, /* SVCall */
    Fault_Handler, /* DebugMonitor */
    0,
    Fault_Handler, /* PendSV */
    Fault_Handler, /* SysTick */
};

/* Sets the stack itself: a debugger may have started the loader at its second word only. */
__attribute__((naked)) void Reset_Handler(void)
{
    __asm__("ldr r0, =_stack_top\n"
            "mov sp, r0\n"
            "b reset_in_c\n"
            ".ltorg\n");
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

/* The application was found whole before the reset that left the message to start it. */
__attribute__((noreturn, used)) void reset_in_c(void)
{
    uint32_t message = _mailbox;
    _mailbox = 0;
    barrier_data();
    if (message == MAILBOX_START_APPLICATION && application_is_there()) {
        application_enter();
    }
    SCB_VTOR = (uint32_t)(uintptr_t)vectors;
    barrier_data();
    ram_initialise();
    loader_main(message == MAILBOX_STAY_IN_LOADER);
}
