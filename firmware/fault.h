/* What happens when the processor meets something that it cannot do: the console says so. */
#ifndef FAULT_H
#define FAULT_H

void Fault_Handler(void);

#endif
