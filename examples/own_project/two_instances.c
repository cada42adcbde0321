/* Two instances of one library, each in an arena of its own: compiled with MODEL_CALLER_ARENA, as
 * the library is. Here pictures come from stdin. */
#include <stdio.h>
#include <string.h>

#include "model.h"

static struct {
    _Alignas(MODEL_ARENA_ALIGNMENT) int8_t bytes[MODEL_ARENA_BYTES];
} arenas[2];

/* In a real program: starts a DMA, and waits for it before the run. */
static int picture_comes(int number, int8_t *place)
{
    (void)number;
    return fread(place, MODEL_INPUT_BYTES, 1, stdin) == 1 ? 0 : 1;
}

static int classify_both(int8_t *first, int8_t *second)
{
    int status = 0;
    for (int number = 0; number < 2 && status == 0; number++) {
        status = model_set_arena(arenas[number].bytes);
        if (status == 0) {
            status = picture_comes(number, model_input());
        }
    }
    for (int number = 0; number < 2 && status == 0; number++) {
        status = model_set_arena(arenas[number].bytes);
        if (status == 0) {
            status = model_run(NULL, NULL);
        }
        if (status == 0) {
            memcpy(number == 0 ? first : second, model_output(), MODEL_OUTPUT_BYTES);
        }
    }
    return status;
}

int main(void)
{
    static int8_t answers[2][MODEL_OUTPUT_BYTES];
    const int status = classify_both(answers[0], answers[1]);
    if (status == 0) {
        fwrite(answers, sizeof(answers), 1, stdout);
    }
    return status;
}
