/* What every NVML function goes through, and what it sees of its GPU. */
#ifndef AIINFRA_NVML_LIBRARY_H
#define AIINFRA_NVML_LIBRARY_H

#include "nvml_abi.h"
#include "scenario_file.h"
#include "scenario_state.h"

#include <pthread.h>

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
    unsigned index;
    const struct node_model *model;
    struct gpu_state state;
    char name[96];
    int64_t now;
};

struct library {
    pthread_mutex_t lock;
    bool loaded;
    unsigned references;
    struct sim_clock clock;
    struct scenario_file file;
    struct scenario *scenario;
    struct sim_state state;
    int64_t now, looked_at; /* ns after the epoch */
    int64_t crashed_at;     /* the segv entry that was acted on last */
};
extern struct library library;

/* Takes the lock, brings the node up to date and acts on what concerns the process: a crash, a left-out function.
   On anything but success the lock is free again. look: look at the file even if that was done just now. */
nvmlReturn_t library_lock(const char *symbol, bool look);
void library_unlock(void);
/* With the lock held: reads the file again when it changed, and applies what is due. */
void library_refresh(bool look);

/* The order of checks: initialised (1), arguments (2), GPU there (2), hang, lost (15). */
nvmlReturn_t library_enter(const char *symbol, bool arguments);
nvmlReturn_t library_enter_gpu(const char *symbol, nvmlDevice_t device, bool arguments, struct gpu_view *view);

/* With the lock held: the view of a GPU. While it hangs the lock is given away and the caller waits in here. */
nvmlReturn_t library_view(unsigned index, struct gpu_view *view);

nvmlDevice_t library_handle(unsigned index);
/* False: no handle of this node. */
bool library_index(nvmlDevice_t device, unsigned *index);

/* __func__ is the exported symbol: `without SYMBOL` compares with it. */
#define ENTER_GPU(device, arguments, view) \
    do { \
        nvmlReturn_t entered = library_enter_gpu(__func__, device, arguments, view); \
        if (entered != NVML_SUCCESS) return entered; \
    } while (0)

nvmlReturn_t put_text(char *out, unsigned length, const char *text);

/* Ends the waits of all event sets and forgets the sets; with the lock held, at the last shutdown. */
void event_sets_close(void);

#endif
