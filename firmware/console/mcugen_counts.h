/* What a counter counts, as the console tells the host. An instruction is not a cycle: on no core
 * can one be told from the other. */
#ifndef MCUGEN_COUNTS_H
#define MCUGEN_COUNTS_H

enum mcugen_counts {
    MCUGEN_COUNTS_NOTHING = 0,
    MCUGEN_COUNTS_CYCLES = 1,
    MCUGEN_COUNTS_INSTRUCTIONS = 2 /* the virtual board does */
};

#endif
