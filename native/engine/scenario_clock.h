/* Time zero of a simulated node, shared by all its processes through one file. */
#ifndef AIINFRA_SCENARIO_CLOCK_H
#define AIINFRA_SCENARIO_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct sim_clock {
    int64_t epoch;          /* CLOCK_REALTIME ns; also the seed of the node's boot ids */
    int64_t monotonic_zero; /* CLOCK_MONOTONIC ns of this process at the epoch */
};

/* Opens STATE/epoch, creating it when this process comes first. state NULL: time starts now, for this process alone.
   False with errno: the file can be neither read nor made. */
bool sim_clock_open(struct sim_clock *clock, const char *state);

/* ns since the epoch. Steps of the wall clock after the opening do not show. */
int64_t sim_clock_now(const struct sim_clock *clock);
/* The same for a CLOCK_MONOTONIC moment taken earlier, possibly before the clock was opened. */
int64_t sim_clock_at(const struct sim_clock *clock, int64_t monotonic);

int64_t sim_monotonic(void);

#endif
