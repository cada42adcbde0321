/* What happens when the processor meets something that it cannot do. */
#ifndef FAULT_H
#define FAULT_H

#include <stdint.h>

/* Why and where the program stopped. The fields go over the console in this order. */
struct fault {
    uint32_t
        exception; /* number in the vector table: 3 HardFault ... 6 UsageFault, 16 up interrupts */
    uint32_t pc;
    uint32_t lr;
    uint32_t sp;
    uint32_t cfsr;
    uint32_t hfsr;
    uint32_t address; /* that a MemManage or BusFault was about, else 0 */
};

void Fault_Handler(void);

#endif
