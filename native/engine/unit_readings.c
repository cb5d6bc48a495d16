/* Readings of units: as those of GPUs a mean and a sine, so that a graph looks alive and two processes agree. */
#include "scenario_state.h"

#include <math.h>

static const double period = 53;

static const double work_mean = 58, work_swing = 31, work_period = 83; /* percent, s */

unsigned unit_utilization(unsigned unit, const struct unit_state *state, int64_t now)
{
    if (state->utilization != SIM_UNSET) return (unsigned)state->utilization;
    return (unsigned)lround(work_mean + work_swing * sim_wave(unit + 2, work_period, now));
}

int unit_temperature(const struct unit_model *model, unsigned unit, const struct unit_state *state, int64_t now)
{
    if (state->temperature != SIM_UNSET) return state->temperature;
    return (int)lround((model->hbm ? 47 : 51) + 7 * sim_wave(unit + 1, period, now));
}

static struct sim_curve power_curve(const struct unit_model *model, const struct unit_state *state)
{
    return sim_power_curve(model->power_idle, model->power_limit, state->power, state->utilization, 0.45);
}

unsigned unit_power_mw(const struct unit_model *model, unsigned unit, const struct unit_state *state, int64_t now)
{
    return sim_curve_mw(power_curve(model, state), unit, period, now);
}

double unit_energy_mj(const struct unit_model *model, unsigned unit, const struct unit_state *state, int64_t now)
{
    return state->energy_mj + sim_curve_mj(power_curve(model, state), unit, period, state->energy_at, now);
}

/* A busy unit runs at its full clock, one that does nothing idles. */
unsigned unit_clock(const struct unit_model *model, unsigned unit, const struct unit_state *state, int64_t now)
{
    if (state->clock != SIM_UNSET) return (unsigned)state->clock;
    if (state->throttle != 0) return model->clock_idle;
    return unit_utilization(unit, state, now) > 0 ? model->clock_core : model->clock_idle;
}

uint64_t unit_memory_used_mb(const struct unit_model *model, unsigned unit, const struct unit_state *state, int64_t now)
{
    if (state->memory_mb != SIM_UNSET) return (uint64_t)state->memory_mb;
    uint64_t used = model->memory_mb / 20; /* the driver's own */
    if (unit_processes(state) == 0) return used + (uint64_t)((double)model->memory_mb * (0.3 + 0.1 * sim_wave(unit, 89, now)));
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++)
        if (state->process[i].pid != 0 && state->process[i].until == INT64_MAX) used += state->process[i].memory >> 20;
    return used < model->memory_mb ? used : model->memory_mb;
}

uint64_t unit_link_bytes(const struct unit_model *model, const struct unit_state *state, unsigned link, int64_t now)
{
    uint64_t bytes = state->link_bytes[link];
    if ((state->links_down >> link & 1) != 0) return bytes;
    /* A quarter of what the link can carry; exact in integers, so that it never falls. */
    return bytes + (uint64_t)((now - state->link_since[link]) / 1000) * model->link_mbps / 4;
}

double intel_busy_s(unsigned unit, const struct unit_state *state, int64_t now)
{
    const struct intel_state *intel = &state->intel;
    const double seconds = (double)(now - intel->busy_at) / 1e9;
    if (state->utilization != SIM_UNSET) return intel->busy_s + seconds * state->utilization / 100;
    return intel->busy_s + (work_mean * seconds + work_swing * sim_wave_integral(unit + 2, work_period, intel->busy_at, now)) / 100;
}

/* The files of the node show no energy by time, so that only a pinned power adds some. */
uint64_t intel_energy_uj(const struct unit_state *state, int64_t now)
{
    const int64_t microseconds = (now - state->energy_at) / 1000;
    return state->intel.energy_uj + (state->power != SIM_UNSET ? (uint64_t)microseconds * (uint64_t)state->power : 0);
}

int64_t intel_throttled_ns(const struct unit_state *state, int64_t now)
{
    return state->intel.throttled_ns + (state->throttle != 0 ? now - state->intel.throttle_since : 0);
}
