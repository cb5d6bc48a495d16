#ifndef AIINFRA_COMMAND_PATTERNS_H
#define AIINFRA_COMMAND_PATTERNS_H

#include "scenario.h"

enum { PATTERN_NPU = 1, PATTERN_MLU = 2, PATTERN_INTEL = 4 };

struct pattern {
    const char *text; /* # stands for a number, * for a word; the last number becomes the action's value, those before it more[1] on */
    enum sim_kind kind;
    struct { const char *meaning; int64_t lowest, highest; } hole[4];
    int64_t fixed;    /* what the words mean: the action's more[0], and its value where no number is */
    unsigned only;    /* of unit_patterns: whose it is, as bits */
};

extern const struct pattern gpu_patterns[], unit_patterns[], node_patterns[];
extern const size_t gpu_pattern_count, unit_pattern_count, node_pattern_count;

#endif
