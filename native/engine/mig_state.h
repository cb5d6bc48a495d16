/* The instances that a GPU is divided into. */
#ifndef AIINFRA_MIG_STATE_H
#define AIINFRA_MIG_STATE_H

#include "mig_profiles.h"

struct mig_compute {
    uint8_t slices; /* 0: no instance */
    uint8_t start;
};

struct mig_instance {
    const struct mig_profile *profile; /* NULL: no instance */
    unsigned start;                    /* of its memory slices */
    struct mig_compute compute[MIG_SLICES];
};

struct mig_state {
    bool enabled, pending;
    struct mig_instance instance[MIG_INSTANCES]; /* by id */
};

void mig_clear(struct mig_state *mig);
/* The division as a scenario names it, each instance with one compute instance that fills it. */
void mig_divide(struct mig_state *mig, const struct mig_profile *table, const struct mig_layout *layout);

/* Whether an instance of the profile has room at start; and the first start that has (false: none). */
bool mig_fits(const struct mig_state *mig, const struct mig_profile *profile, unsigned start);
bool mig_find_place(const struct mig_state *mig, const struct mig_profile *profile, unsigned *start);
/* How many more of the profile fit. */
unsigned mig_capacity(const struct mig_state *mig, const struct mig_profile *profile);
bool mig_create(struct mig_state *mig, const struct mig_profile *profile, unsigned start);

bool mig_compute_fits(const struct mig_instance *instance, unsigned slices, unsigned start);
bool mig_compute_find_place(const struct mig_instance *instance, unsigned slices, unsigned *start);
bool mig_compute_create(struct mig_instance *instance, unsigned slices, unsigned start);
/* The id of the instance that compute_create would make; MIG_SLICES: none is free. */
unsigned mig_compute_next_id(const struct mig_instance *instance);
/* The lowest compute instance; MIG_SLICES: none. */
unsigned mig_first_compute(const struct mig_instance *instance);
bool mig_has_compute(const struct mig_state *mig, unsigned gi, unsigned ci);
unsigned mig_instances(const struct mig_state *mig);

#endif
