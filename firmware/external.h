/* Flash outside the chip, which weights may lie in. */
#ifndef EXTERNAL_H
#define EXTERNAL_H

/* Makes it readable like memory; what it holds is checked elsewhere. */
void external_start(void);

#endif
