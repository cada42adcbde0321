/* Pins of the STM32 families F4, F7, L4 and H7 (RM0385, section 6; the others have the same). */
#include "pins_stm32.h"

#include "board.h"
#include "cortex_m.h"

#define GPIO(port)    (BOARD_PORTS_BASE + 0x400u * (port))
#define GPIO_MODER    0x00u
#define GPIO_OSPEEDR  0x08u
#define GPIO_PUPDR    0x0Cu
#define GPIO_AFR(pin) (0x20u + 4u * ((pin) / 8u))

#define MODE_ALTERNATE 2u
#define PULL_UP        1u
#define SPEED_HIGHEST  3u

void pin_connect(uint32_t port, uint32_t pin, uint32_t function)
{
    REG32(BOARD_PORTS_ENABLE_REGISTER) |= 1u << port;
    (void)REG32(BOARD_PORTS_ENABLE_REGISTER); /* the clock needs two cycles to reach the port */
    volatile uint32_t *afr = &REG32(GPIO(port) + GPIO_AFR(pin));
    *afr = (*afr & ~(0xFu << (4u * (pin % 8u)))) | function << (4u * (pin % 8u));
    volatile uint32_t *pull = &REG32(GPIO(port) + GPIO_PUPDR);
    *pull = (*pull & ~(3u << (2u * pin))) | PULL_UP << (2u * pin);
    volatile uint32_t *mode = &REG32(GPIO(port) + GPIO_MODER);
    *mode = (*mode & ~(3u << (2u * pin))) | MODE_ALTERNATE << (2u * pin);
}

void pin_speed_up(uint32_t port, uint32_t pin)
{
    volatile uint32_t *speed = &REG32(GPIO(port) + GPIO_OSPEEDR);
    *speed = *speed | SPEED_HIGHEST << (2u * pin);
}
