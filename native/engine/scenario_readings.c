/* Readings that move. Each is a mean and a sine whose phase differs from GPU to GPU, so that a graph looks alive,
   two processes agree, and the energy has a closed form. */
#include "scenario_state.h"

#include <math.h>

static const double two_pi = 6.283185307179586;

static double wave(unsigned gpu, double period, int64_t now)
{
    return sin(two_pi * ((double)now / 1e9 / period + gpu / 7.0));
}

unsigned sim_utilization(unsigned gpu, const struct gpu_state *state, int64_t now)
{
    if (state->utilization != SIM_UNSET) return (unsigned)state->utilization;
    return (unsigned)lround(62 + 33 * wave(gpu, 97, now));
}

int sim_temperature(const struct gpu_model *model, unsigned gpu, const struct gpu_state *state, int64_t now)
{
    if (state->temperature != SIM_UNSET) return state->temperature;
    return (int)lround((model->hbm ? 49 : 52) + 8 * wave(gpu, 61, now));
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
    return (unsigned)lround(1000 * (mean + swing * wave(gpu, power_period, now)));
}

double sim_energy_mj(const struct gpu_model *model, unsigned gpu, const struct gpu_state *state, int64_t now)
{
    double mean, swing;
    power_curve(model, state, &mean, &swing);
    double seconds = (double)(now - state->energy_at) / 1e9;
    double from = two_pi * ((double)state->energy_at / 1e9 / power_period + gpu / 7.0);
    double to = two_pi * ((double)now / 1e9 / power_period + gpu / 7.0);
    double swung = swing * power_period / two_pi * (cos(from) - cos(to));
    return state->energy_mj + 1000 * (mean * seconds + swung);
}
