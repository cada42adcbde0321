/* The Cortex-M system registers that the firmware touches (ARMv7-M Architecture Reference Manual).
 */
#ifndef CORTEX_M_H
#define CORTEX_M_H

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define SCB_CPUID  REG32(0xE000ED00u)
#define SCB_VTOR   REG32(0xE000ED08u)
#define SCB_AIRCR  REG32(0xE000ED0Cu)
#define SCB_CCR    REG32(0xE000ED14u)
#define SCB_SHCSR  REG32(0xE000ED24u)
#define SCB_CFSR   REG32(0xE000ED28u)
#define SCB_HFSR   REG32(0xE000ED2Cu)
#define SCB_MMFAR  REG32(0xE000ED34u)
#define SCB_BFAR   REG32(0xE000ED38u)
#define SCB_CCSIDR REG32(0xE000ED80u)
#define SCB_CSSELR REG32(0xE000ED84u)
#define SCB_CPACR  REG32(0xE000ED88u)

#define SCB_ICIALLU REG32(0xE000EF50u)
#define SCB_DCISW   REG32(0xE000EF60u)
#define SCB_DCCMVAC REG32(0xE000EF68u)
#define FPU_FPCCR   REG32(0xE000EF34u)
#define SCB_DEMCR   REG32(0xE000EDFCu)
#define DWT_CTRL    REG32(0xE0001000u)
#define DWT_CYCCNT  REG32(0xE0001004u)
#define DWT_LAR     REG32(0xE0001FB0u)

#define CPUID_IMPLEMENTER(cpuid)   ((cpuid) >> 24)
#define CPUID_IMPLEMENTER_SOFTWARE 0u
#define AIRCR_SYSRESETREQ          0x05FA0004u /* with the write key */
#define CCR_DC                     (1u << 16)
#define CCR_IC                     (1u << 17)
#define SHCSR_FAULTS_ENABLED       (7u << 16) /* UsageFault, BusFault, MemManage */
#define CFSR_MMARVALID             (1u << 7)
#define CFSR_BFARVALID             (1u << 15)
#define CPACR_FPU_FULL_ACCESS      (0xFu << 20)
#define FPCCR_AUTOMATIC_LAZY       (3u << 30) /* ASPEN, LSPEN */
#define DEMCR_TRCENA               (1u << 24)
#define DWT_CTRL_CYCCNTENA         (1u << 0)
#define DWT_CTRL_NOCYCCNT          (1u << 25)
#define DWT_LAR_UNLOCK             0xC5ACCE55u

static inline void barrier_data(void)
{
    __asm__ volatile("dsb" ::: "memory");
}

static inline void barrier_instruction(void)
{
    __asm__ volatile("isb" ::: "memory");
}

#endif
