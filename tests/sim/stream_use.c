/* Uses a library that takes its picture in rows as it must not be used; says where that is not an
 * error. The picture comes from stdin, the output goes to stdout. */
#include <stdio.h>

#include "model.h"

static int8_t picture[MODEL_INPUT_HEIGHT + 1][MODEL_INPUT_ROW_BYTES];

#define EXPECT(condition)                                                                          \
    if (!(condition)) {                                                                            \
        fprintf(stderr, "%d: %s\n", __LINE__, #condition);                                         \
        return 1;                                                                                  \
    }

int main(void)
{
    if (fread(picture, 1, MODEL_INPUT_BYTES, stdin) != MODEL_INPUT_BYTES) {
        return 2;
    }
    EXPECT(model_output() == NULL);
    EXPECT(model_rows_wanted() == 0);
    EXPECT(model_push(picture[0], 1) == MODEL_WRONG_USE);

    /* More rows than the picture has: nothing more until it begins anew. */
    EXPECT(model_begin(NULL, NULL) == 0);
    EXPECT(model_push(picture[0], 3) == 0);
    EXPECT(model_push(picture[3], MODEL_INPUT_HEIGHT - 2) == MODEL_WRONG_USE);
    EXPECT(model_push(picture[3], MODEL_INPUT_HEIGHT - 3) == MODEL_WRONG_USE);
    EXPECT(model_output() == NULL);

    /* A picture that is given up half way leaves nothing behind. */
    EXPECT(model_begin(NULL, NULL) == 0);
    EXPECT(model_push(picture[5], 4) == 0);

    EXPECT(model_begin(NULL, NULL) == 0);
    EXPECT(model_push(picture[0], 0) == 0);
    for (uint32_t row = 0; row < MODEL_INPUT_HEIGHT;) {
        const uint32_t wanted = model_rows_wanted();
        EXPECT(wanted >= 1 && wanted <= MODEL_INPUT_HEIGHT - row);
        EXPECT(model_output() == NULL);
        EXPECT(model_push(picture[row], wanted) == 0);
        row += wanted;
    }
    EXPECT(model_rows_wanted() == 0);
    EXPECT(model_push(picture[0], 1) == MODEL_WRONG_USE);
    EXPECT(model_output() == NULL);

    EXPECT(model_begin(NULL, NULL) == 0);
    EXPECT(model_push(picture[0], MODEL_INPUT_HEIGHT) == 0);
    EXPECT(model_output() != NULL);
    return fwrite(model_output(), 1, MODEL_OUTPUT_BYTES, stdout) != MODEL_OUTPUT_BYTES;
}
