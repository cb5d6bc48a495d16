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

struct sim_curve sim_power_curve(unsigned idle, unsigned limit, int pinned, int utilization, double usual)
{
    const double range = (double)limit - idle;
    if (pinned != SIM_UNSET) return (struct sim_curve){ pinned, 0 };
    if (utilization != SIM_UNSET) return (struct sim_curve){ idle + range * 0.8 * utilization / 100, 0 };
    return (struct sim_curve){ idle + range * usual, range * 0.3 };
}

unsigned sim_curve_mw(struct sim_curve curve, unsigned device, double period, int64_t now)
{
    return (unsigned)lround(1000 * (curve.mean + curve.swing * sim_wave(device, period, now)));
}

double sim_curve_mj(struct sim_curve curve, unsigned device, double period, int64_t from, int64_t to)
{
    return 1000 * (curve.mean * ((double)(to - from) / 1e9) + curve.swing * sim_wave_integral(device, period, from, to));
}

static const double power_period = 61;

static struct sim_curve power_curve(const struct gpu_model *model, const struct gpu_state *state)
{
    return sim_power_curve(model->power_idle, model->power_limit, state->power, state->utilization, 0.5);
}

unsigned sim_power_mw(const struct gpu_model *model, unsigned gpu, const struct gpu_state *state, int64_t now)
{
    return sim_curve_mw(power_curve(model, state), gpu, power_period, now);
}

double sim_energy_mj(const struct gpu_model *model, unsigned gpu, const struct gpu_state *state, int64_t now)
{
    return state->energy_mj + sim_curve_mj(power_curve(model, state), gpu, power_period, state->energy_at, now);
}
