/* Flash outside the chip, which weights may lie in. */
#ifndef EXTERNAL_H
#define EXTERNAL_H

#include <stdbool.h>

/* Makes it readable like memory. */
void external_start(void);

/* Whether it holds what this image was built with: it is programmed on another way than the image.
 */
bool external_is_whole(void);

#endif
