#ifndef AIINFRA_SIMNODE_SIGNS_H
#define AIINFRA_SIMNODE_SIGNS_H

#include "simnode.h"

struct signs {
    const char *folder;
    int64_t booted_at;
    uint64_t logged, uevents; /* the last numbers given */
    uint32_t introduced;      /* bits of the GPUs that the log names already */
};

/* Begins both files anew, as a boot does. */
bool signs_start(struct signs *signs, const struct simnode *options, int64_t booted_at);
/* gpu is what the entry's GPU is like after it; the entry is one that concerns a GPU. */
bool signs_of_entry(struct signs *signs, const struct scenario *scenario, const struct sim_entry *entry, const struct gpu_state *gpu);

/* The same for one that concerns an NPU or MLU. */
bool signs_of_unit(struct signs *signs, const struct scenario *scenario, const struct sim_entry *entry, const struct unit_state *unit);

#endif
