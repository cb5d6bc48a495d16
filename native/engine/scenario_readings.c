/* Readings that move. Each is a mean and a sine whose phase differs from GPU to GPU, so that a graph looks alive,
   two processes agree, and the energy has a closed form. */
#include "scenario_state.h"

#include <math.h>

static const double two_pi = 6.283185307179586;

double sim_wave(unsigned device, double period, int64_t now)
{
    return sin(two_pi * ((double)now / 1e9 / period + device / 7.0));
}

double sim_wave_integral(unsigned device, double period, int64_t from, int64_t to)
{
    double first = two_pi * ((double)from / 1e9 / period + device / 7.0), last = two_pi * ((double)to / 1e9 / period + device / 7.0);
    return period / two_pi * (cos(first) - cos(last));
}

unsigned sim_utilization(unsigned gpu, const struct gpu_state *state, int64_t now)
{
    if (state->utilization != SIM_UNSET) return (unsigned)state->utilization;
    return (unsigned)lround(62 + 33 * sim_wave(gpu, 97, now));
}

int sim_temperature(const struct gpu_model *model, unsigned gpu, const struct gpu_state *state, int64_t now)
{
    if (state->temperature != SIM_UNSET) return state->temperature;
    return (int)lround((model->hbm ? 49 : 52) + 8 * sim_wave(gpu, 61, now));
}

/* W as mean and swing; a pinned reading has no swing. */
static void power_curve(const struct gpu_model *model, const struct gpu_state *state, double *mean, double *swing)
{
    double range = (double)model->power_limit - model->power_idle;
    *swing = 0;
    if (state->power != SIM_UNSET) *mean = state->power;
    else if (state->utilization != SIM_UNSET) *mean = model->power_idle + range * 0.8 * state->utilization / 100;
    else {
        *mean = model->power_idle + range * 0.5;
        *swing = range * 0.3;
    }
}

static const double power_period = 61;

unsigned sim_power_mw(const struct gpu_model *model, unsigned gpu, const struct gpu_state *state, int64_t now)
{
    double mean, swing;
    power_curve(model, state, &mean, &swing);
    return (unsigned)lround(1000 * (mean + swing * sim_wave(gpu, power_period, now)));
}

double sim_energy_mj(const struct gpu_model *model, unsigned gpu, const struct gpu_state *state, int64_t now)
{
    double mean, swing;
    power_curve(model, state, &mean, &swing);
    double seconds = (double)(now - state->energy_at) / 1e9;
    double swung = swing * sim_wave_integral(gpu, power_period, state->energy_at, now);
    return state->energy_mj + 1000 * (mean * seconds + swung);
}
