/* Life cycle and versions (NVML: Initialization and Cleanup, Error Reporting, System Queries). */
#define _GNU_SOURCE
#include "library.h"
#include "sim_waiter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static nvmlReturn_t init(const char *symbol)
{
    nvmlReturn_t result = library_lock(symbol, true);
    if (result != NVML_SUCCESS) return result;
    int64_t latency = library.references == 0 ? library.scenario->init_latency : 0;
    bool outdated = library_outdated(); /* the library in memory is that of the driver before */
    library_unlock();

    struct timespec left = { .tv_sec = latency / 1000000000, .tv_nsec = latency % 1000000000 };
    while (latency > 0 && nanosleep(&left, &left) != 0 && errno == EINTR) continue;
    if (nvml_build.init != NVML_SUCCESS) return nvml_build.init;
    if (outdated) return NVML_ERROR_LIB_RM_VERSION_MISMATCH;

    pthread_mutex_lock(&library.lock);
    library.references++;
    library_unlock();
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlInit_v2(void) { return init(__func__); }

EXPORT nvmlReturn_t nvmlInit(void) { return init(__func__); }

EXPORT nvmlReturn_t nvmlInitWithFlags(unsigned flags)
{
    return (flags & ~7u) != 0 ? NVML_ERROR_INVALID_ARGUMENT : init(__func__);
}

EXPORT nvmlReturn_t nvmlShutdown(void)
{
    nvmlReturn_t result = library_lock(__func__, false);
    if (result != NVML_SUCCESS) return result;
    if (library.references == 0) result = NVML_ERROR_UNINITIALIZED;
    else if (--library.references == 0) {
        waiters_close();
        system_event_sets_close();
    }
    library_unlock();
    return result;
}

/* A marker that no vendor's library has: by it a caller knows that its readings are not those of hardware. */
EXPORT const char *aiinfraSimulator(void);
EXPORT const char *aiinfraSimulator(void) { return "AIInfra NVML simulator 0.1"; }

EXPORT const char *nvmlErrorString(nvmlReturn_t result);
EXPORT const char *nvmlErrorString(nvmlReturn_t result)
{
    static const char *const texts[] = {
        "Success", "Uninitialized", "Invalid Argument", "Not Supported", "Insufficient Permissions", "Already Initialized",
        "Not Found", "Insufficient Size", "Insufficient External Power", "Driver Not Loaded", "Timeout", "Interrupt Request Issue",
        "NVML Shared Library Not Found", "Function Not Found", "Corrupted infoROM", "GPU is lost", "GPU requires reset",
        "Operating system has blocked the request", "Driver/library version mismatch", "GPU is in use", "Insufficient memory",
        "No data", "ECC unsupported on vGPU", "Insufficient resources", "Frequency not supported", "Argument version mismatch",
        "Deprecated", "Not ready", "GPU not found", "Invalid state", "Reset type not supported",
    };
    unsigned code = (unsigned)result;
    return code < sizeof texts / sizeof texts[0] ? texts[code] : "Unknown Error";
}

/* The scenario's version, or the build's. */
static void driver_version(char out[80])
{
    pthread_mutex_lock(&library.lock);
    /* A process keeps the library that it loaded, and its version. */
    const char *set = library_outdated() ? library.scenario->driver_version : library.state.driver_version;
    snprintf(out, 80, "%s", *set != '\0' ? set : nvml_build.driver_version);
    library_unlock();
}

EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned length)
{
    nvmlReturn_t result = library_enter(__func__, version != NULL);
    if (result != NVML_SUCCESS) return result;
    char text[80];
    driver_version(text);
    return put_text(version, length, text);
}

EXPORT nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned length)
{
    nvmlReturn_t result = library_enter(__func__, version != NULL);
    if (result != NVML_SUCCESS) return result;
    char driver[80], text[96];
    driver_version(driver);
    snprintf(text, sizeof text, "%d.%s", nvml_build.cuda_version / 1000, driver);
    return put_text(version, length, text);
}

EXPORT nvmlReturn_t nvmlSystemGetDriverBranch(nvmlSystemDriverBranchInfo_v1_t *branchInfo, unsigned length)
{
    nvmlReturn_t result = library_enter(__func__, branchInfo != NULL);
    if (result != NVML_SUCCESS) return result;
    if (branchInfo->version != VERSION_WORD(nvmlSystemDriverBranchInfo_v1_t, 1)) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    char driver[80], branch[96];
    driver_version(driver);
    driver[strcspn(driver, ".")] = '\0';
    snprintf(branch, sizeof branch, "r%s_00", driver);
    return put_text(branchInfo->branch, length < sizeof branchInfo->branch ? length : sizeof branchInfo->branch, branch);
}

/* The processes of a scenario are no processes of this machine; all of them are called the same. */
EXPORT nvmlReturn_t nvmlSystemGetProcessName(unsigned pid, char *name, unsigned length)
{
    nvmlReturn_t result = library_enter(__func__, name != NULL && length > 0);
    if (result != NVML_SUCCESS) return result;
    result = NVML_ERROR_NOT_FOUND;
    pthread_mutex_lock(&library.lock);
    for (unsigned slot = 0; slot < library.scenario->model->gpus; slot++)
        for (size_t i = 0; i < SIM_MAX_PROCESSES; i++) {
            const struct sim_process *process = &library.state.gpu[slot].process[i];
            if (process->pid == pid && sim_process_runs(process)) result = NVML_SUCCESS;
        }
    library_unlock();
    if (result == NVML_SUCCESS) snprintf(name, length, "/usr/bin/python3");
    return result;
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    nvmlReturn_t result = library_enter(__func__, version != NULL);
    if (result == NVML_SUCCESS) *version = nvml_build.cuda_version;
    return result;
}
