/* Handles of GPU instances and compute instances. */
#ifndef AIINFRA_NVML_MIG_INSTANCE_H
#define AIINFRA_NVML_MIG_INSTANCE_H

#include "library.h"

nvmlGpuInstance_t gpu_instance_handle(unsigned slot, unsigned gi);
nvmlComputeInstance_t compute_instance_handle(unsigned slot, unsigned gi, unsigned ci);

/* Enters with the handle of an instance that exists: the view then has gi, and for a compute instance ci. */
nvmlReturn_t enter_gpu_instance(const char *symbol, nvmlGpuInstance_t instance, bool arguments, struct gpu_view *gpu);
nvmlReturn_t enter_compute_instance(const char *symbol, nvmlComputeInstance_t instance, bool arguments, struct gpu_view *gpu);
/* Enters a GPU that is divided: 3 with MIG off. */
nvmlReturn_t enter_divided(const char *symbol, nvmlDevice_t device, bool arguments, struct gpu_view *gpu);

/* Whether a process runs in the instance; ci UINT32_MAX: in any part of it. */
bool instance_in_use(const struct gpu_view *gpu, unsigned gi, uint32_t ci);

#endif
