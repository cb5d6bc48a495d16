/* What every NVML function goes through, and what it sees of its GPU. */
#ifndef AIINFRA_NVML_LIBRARY_H
#define AIINFRA_NVML_LIBRARY_H

#include "nvml_structs.h"
#include "sim_library.h"

/* What differs between the builds of this library. */
struct nvml_build {
    const char *driver_version;
    int cuda_version;           /* major * 1000 + minor * 10 */
    nvmlReturn_t init;          /* what nvmlInit answers */
    unsigned last_field;        /* the highest field id that is known */
};
extern const struct nvml_build nvml_build;

/* A GPU at the moment of a call: a copy, so that a function works on it without the lock. */
struct gpu_view {
    unsigned slot;              /* the GPU's number in the scenario, which is its minor number too */
    unsigned index;             /* NVML's: GPUs that are gone do not count */
    const struct node_model *node;
    const struct gpu_model *model;
    struct gpu_state state;
    uint32_t gi, ci;            /* the MIG device that is meant; UINT32_MAX: the whole GPU */
    char name[96];
    unsigned driver_major;
    int64_t now;
};

/* Takes the lock and brings the node up to date. On anything but success (a function that the scenario leaves out) the lock is free again. */
nvmlReturn_t library_lock(const char *symbol, bool look);

/* The order of checks: initialised (1), arguments (2), GPU there (2), hang, lost (15). */
nvmlReturn_t library_enter(const char *symbol, bool arguments);
nvmlReturn_t library_enter_gpu(const char *symbol, nvmlDevice_t device, bool arguments, struct gpu_view *view);
/* The same where the handle of a MIG device is welcome too. */
nvmlReturn_t library_enter_any(const char *symbol, nvmlDevice_t device, bool arguments, struct gpu_view *view);

/* With the lock held: the view of a GPU. While it hangs the lock is given away and the caller waits in here. */
nvmlReturn_t library_view(unsigned slot, struct gpu_view *view);

nvmlDevice_t library_handle(unsigned slot);
nvmlDevice_t library_mig_handle(unsigned slot, unsigned gi, unsigned ci);
/* False: no handle of this node. gi is UINT32_MAX for a whole GPU. */
bool library_place(nvmlDevice_t device, unsigned *slot, uint32_t *gi, uint32_t *ci);

/* A call that changes the node: appends the command to the scenario, where every process reads it.
   NO_PERMISSION: there is no scenario file to write to. */
nvmlReturn_t library_command(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The driver was replaced after this process loaded the library. */
bool library_outdated(void);

/* Whether a struct's version word is the one wanted; a GPU that lies about sizes takes none. */
bool version_fits(const struct gpu_view *gpu, uint32_t given, uint32_t wanted);

/* __func__ is the exported symbol: `without SYMBOL` compares with it. */
/* A GPU that the scenario lets tell nonsense, to prove that a reader survives it. */
static inline bool lies(const struct gpu_view *gpu, unsigned kind) { return (gpu->state.lies & kind) != 0; }

#define ENTER_WITH(function, device, arguments, view) \
    do { \
        nvmlReturn_t entered = function(__func__, device, arguments, view); \
        if (entered != NVML_SUCCESS) return entered; \
    } while (0)
#define ENTER_GPU(device, arguments, view) ENTER_WITH(library_enter_gpu, device, arguments, view)
#define ENTER_ANY(device, arguments, view) ENTER_WITH(library_enter_any, device, arguments, view)
#define CHECK_VERSION(gpu, given, wanted) \
    do { \
        if (!version_fits(gpu, given, wanted)) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH; \
    } while (0)

/* Since the last reset; received by the GPU, or sent. */
uint64_t pcie_bytes(const struct gpu_view *gpu, bool received);
/* ns that a policy of nvmlPerfPolicyType_t held clocks down. */
int64_t violation_ns(const struct gpu_view *gpu, uint32_t policy);

/* By nvmlMemoryErrorType_t, nvmlEccCounterType_t and nvmlMemoryLocation_t. */
uint64_t ecc_at(const struct gpu_view *gpu, unsigned type, unsigned counter, unsigned location);

nvmlReturn_t put_text(char *out, unsigned length, const char *text);

/* Ends the waits of all event sets and forgets the sets; with the lock held, at the last shutdown. */
void system_event_sets_close(void);

#endif
