/* mcugen's fast kernels: each makes a row of outputs from rows of inputs, with the constants of its
 * layer in one stream of words. All are inlined into the layer that they run, sizes literal. */
#ifndef ROWS_H
#define ROWS_H

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
/* For all that follows. gcc's scheduler holds more values than there are registers. */
#pragma GCC optimize("O2", "no-schedule-insns", "no-tree-slp-vectorize")
#endif

#include "convolve.h"
#include "depthwise.h"
#include "lone_pixel.h"
#include "pointwise.h"

#endif
