/* What the commands do to a GPU. Each function says whether the command was one of its own. */
#ifndef AIINFRA_SCENARIO_APPLY_H
#define AIINFRA_SCENARIO_APPLY_H

#include "scenario_state.h"

/* As after a boot. */
void gpu_make_healthy(const struct gpu_override *override, const struct gpu_model *model, struct gpu_state *gpu, int64_t at);

/* Faults, readings and repair; also which events they raise. */
bool gpu_apply_fault(const struct gpu_model *model, struct sim_entry *entry, struct gpu_state *gpu);
/* MIG, vGPU and processes. */
bool gpu_apply_instances(const struct gpu_model *model, struct sim_entry *entry, struct gpu_state *gpu);
/* Removal and return, driver binding, reset. */
bool gpu_apply_presence(const struct gpu_override *override, const struct gpu_model *model, struct sim_entry *entry, struct gpu_state *gpu);

/* The same for a unit. model and override are the unit's own. */
void unit_make_healthy(const struct unit_override *override, const struct unit_model *model, struct unit_state *unit, int64_t at);
void unit_apply(const struct scenario *scenario, struct sim_entry *entry, struct unit_state *units);

/* What an Intel GPU has beside: as after a boot, what its own commands do, and the events that follow from a change. */
void intel_make_healthy(struct intel_state *intel, int64_t at);
void intel_reset(struct unit_state *unit, int64_t at);
bool intel_apply(const struct sim_entry *entry, struct unit_state *unit);
uint32_t intel_events(const struct unit_model *model, const struct unit_state *before, const struct unit_state *after);

#endif
