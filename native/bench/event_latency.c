/* Measures from the outside how late an event leaves nvmlEventSetWait_v2: after an injection, and after its time in a
   timeline; and what one plain call costs. Prints percentiles; asserts nothing, as no figure holds on every machine.
   event-latency PRODUCTS [ROUNDS] */
#define _GNU_SOURCE
#include "nvml_abi.h"
#include "scenario_file.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>

static nvmlReturn_t (*wait_event)(nvmlEventSet_t, nvmlEventData_t *, unsigned);
static nvmlReturn_t (*utilization)(nvmlDevice_t, nvmlUtilization_t *);
static nvmlEventSet_t set;
static nvmlDevice_t gpu;

#define LOOK_UP(pointer, library, symbol) do { void *found = dlsym(library, symbol); __builtin_memcpy(&(pointer), &found, sizeof found); } while (0)

static bool open_library(const char *products)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/libnvidia-ml.so.1", products);
    void *library = dlopen(path, RTLD_NOW);
    if (library == NULL) return false;
    nvmlReturn_t (*init)(void), (*handle)(unsigned, nvmlDevice_t *), (*create)(nvmlEventSet_t *);
    nvmlReturn_t (*add)(nvmlDevice_t, uint64_t, nvmlEventSet_t);
    LOOK_UP(init, library, "nvmlInit_v2");
    LOOK_UP(handle, library, "nvmlDeviceGetHandleByIndex_v2");
    LOOK_UP(create, library, "nvmlEventSetCreate");
    LOOK_UP(add, library, "nvmlDeviceRegisterEvents");
    LOOK_UP(wait_event, library, "nvmlEventSetWait_v2");
    LOOK_UP(utilization, library, "nvmlDeviceGetUtilizationRates");
    return init() == NVML_SUCCESS && handle(3, &gpu) == NVML_SUCCESS && create(&set) == NVML_SUCCESS
        && add(gpu, nvmlEventTypeXidCriticalError, set) == NVML_SUCCESS;
}

static int by_value(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

static void print(const char *what, int64_t *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_value);
    printf("%-28s p50 %7.1f us   p99 %7.1f us   max %7.1f us   (%d)\n", what, (double)values[count / 2] / 1000,
           (double)values[count * 99 / 100] / 1000, (double)values[count - 1] / 1000, count);
}

int main(int argument_count, char **arguments)
{
    int rounds = argument_count > 2 ? atoi(arguments[2]) : 200;
    char folder[] = "/tmp/aiinfra-latency.XXXXXX", path[64], error[SIM_MAX_ERROR];
    int64_t *values = calloc((size_t)rounds, sizeof *values);
    if (argument_count < 2 || rounds < 1 || values == NULL || mkdtemp(folder) == NULL) return 64;
    snprintf(path, sizeof path, "%s/scenario.txt", folder);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs("node dgx-h100\n", file) < 0 || fclose(file) != 0) return 74;
    setenv("AIINFRA_SIM_SCENARIO", path, 1);
    setenv("AIINFRA_SIM_STATE", folder, 1);
    struct sim_clock clock;
    if (!open_library(arguments[1]) || !sim_clock_open(&clock, folder)) return 69;

    for (int ahead = 0; ahead <= 1; ahead++) {
        for (int i = 0; i < rounds; i++) {
            int start[2];
            int64_t due = sim_monotonic() + 10000000;
            if (pipe(start) != 0) return 71;
            pid_t injector = fork();
            if (injector == 0) {
                usleep(5000); /* the other side is waiting by then */
                struct sim_clock shifted = clock;
                if (ahead) shifted.monotonic_zero -= due - sim_monotonic();
                int64_t before = ahead ? due : sim_monotonic();
                bool good = scenario_file_inject(path, &shifted, "gpu 3 xid 31", error);
                _exit(!good || write(start[1], &before, sizeof before) != sizeof before);
            }
            nvmlEventData_t data;
            if (wait_event(set, &data, 10000) != NVML_SUCCESS) return 1;
            int64_t arrived = sim_monotonic(), before;
            if (read(start[0], &before, sizeof before) != sizeof before) return 1;
            values[i] = arrived - before;
            waitpid(injector, NULL, 0);
            close(start[0]), close(start[1]);
        }
        print(ahead ? "after its time in a timeline" : "after an injection", values, rounds);
    }

    enum { CALLS = 1000 };
    for (int i = 0; i < rounds; i++) {
        nvmlUtilization_t reading;
        int64_t before = sim_monotonic();
        for (int call = 0; call < CALLS; call++) utilization(gpu, &reading);
        values[i] = (sim_monotonic() - before) / CALLS;
    }
    print("one call", values, rounds);
    unlink(path);
    snprintf(path, sizeof path, "%s/epoch", folder);
    unlink(path);
    rmdir(folder);
    free(values);
    return 0;
}
