#define _GNU_SOURCE
#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The library looks at its file every 2 ms at most. */
static void let_it_look(void) { usleep(4000); }

static nvmlReturn_t ask(const struct nvml_client *nvml, nvmlDevice_t gpu)
{
    unsigned milliwatts;
    return nvml->DeviceGetPowerUsage(gpu, &milliwatts);
}

static void xid_79_loses_the_gpu_until_a_boot(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 5), again;
    nvmlPciInfo_t pci;
    unsigned count;
    schedule(0, "gpu 5 xid 79");
    let_it_look();
    CHECK_EQUAL(NVML_ERROR_GPU_IS_LOST, ask(nvml, gpu));
    CHECK_EQUAL(NVML_ERROR_GPU_IS_LOST, nvml->DeviceGetPciInfo_v3(gpu, &pci));
    CHECK_EQUAL(NVML_ERROR_GPU_IS_LOST, nvml->DeviceGetHandleByIndex_v2(5, &again));
    CHECK_EQUAL(NVML_SUCCESS, ask(nvml, client_gpu(nvml, 4)));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetCount_v2(&count));
    CHECK_EQUAL(8, count);
    schedule(0, "gpu 5 reset");
    let_it_look();
    CHECK_EQUAL(NVML_ERROR_GPU_IS_LOST, ask(nvml, gpu));
    schedule(0, "boot");
    let_it_look();
    CHECK_EQUAL(NVML_SUCCESS, ask(nvml, gpu));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void xid_48_counts_and_asks_for_a_reset_and_a_reset_is_proven(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 3);
    uint64_t before, after, volatile_errors, aggregate_errors;
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetTotalEnergyConsumption(gpu, &before));
    schedule(0, "gpu 3 xid 48");
    let_it_look();
    CHECK_EQUAL(1, client_field(nvml, gpu, 4, 0).value.ullVal);
    CHECK_EQUAL(1, client_field(nvml, gpu, 6, 0).value.ullVal);
    CHECK_EQUAL(1, client_field(nvml, gpu, 230, 0).value.uiVal);
    CHECK_EQUAL(0, client_field(nvml, client_gpu(nvml, 2), 230, 0).value.uiVal);
    schedule(0, "gpu 3 reset");
    let_it_look();
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetTotalEnergyConsumption(gpu, &after));
    CHECK(after < before);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetTotalEccErrors(gpu, 1, 0, &volatile_errors));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetTotalEccErrors(gpu, 1, 1, &aggregate_errors));
    CHECK(volatile_errors == 0 && aggregate_errors == 1);
    CHECK_EQUAL(0, client_field(nvml, gpu, 230, 0).value.uiVal);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void links_rows_throttling_and_pins_follow_commands(void)
{
    use_scenario("node dgx-a100\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 1);
    unsigned up, corrected, uncorrected, pending, failed, number;
    uint64_t reasons;
    nvmlRowRemapperHistogramValues_t histogram;
    schedule(0, "gpu 1 link 11 down");
    schedule(0, "gpu 1 remap pending");
    schedule(0, "gpu 1 remap failed");
    schedule(0, "gpu 1 remap uncorrectable 2");
    schedule(0, "gpu 1 remap correctable 3");
    schedule(0, "gpu 1 throttle 0x48");
    schedule(0, "gpu 1 temperature 88");
    let_it_look();
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetNvLinkState(gpu, 11, &up));
    CHECK_EQUAL(0, up);
    CHECK_EQUAL(0, client_field(nvml, gpu, 165, 11).value.uiVal);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetRemappedRows(gpu, &corrected, &uncorrected, &pending, &failed));
    CHECK(corrected == 3 && uncorrected == 2 && pending == 1 && failed == 1);
    const unsigned expected[] = { 3, 2, 1, 1 };
    for (unsigned i = 0; i < 4; i++) CHECK_EQUAL(expected[i], client_field(nvml, gpu, 142 + i, 0).value.uiVal);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetRowRemapperHistogram(gpu, &histogram));
    CHECK(histogram.max + histogram.high + histogram.none == 640 && histogram.none == 1 && histogram.high == 5);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetCurrentClocksThrottleReasons(gpu, &reasons));
    CHECK_EQUAL(0x48, reasons);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetTemperature(gpu, 0, &number));
    CHECK_EQUAL(88, number);
    schedule(0, "gpu 1 link 11 up");
    let_it_look();
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetNvLinkState(gpu, 11, &up));
    CHECK_EQUAL(1, up);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void nothing(int signal) { (void)signal; }

static atomic_bool hung_call_returned;
static nvmlReturn_t hung_call_result;

static void *call_a_hung_gpu(void *context)
{
    const struct nvml_client *nvml = context;
    nvmlDevice_t gpu;
    hung_call_result = nvml->DeviceGetHandleByIndex_v2(2, &gpu);
    hung_call_returned = true;
    return NULL;
}

static void a_hung_gpu_blocks_its_caller_alone(void)
{
    use_scenario("node dgx-h100\nat 0s gpu 2 hang\n");
    sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = nothing }, NULL); /* without SA_RESTART: EINTR everywhere */
    const struct nvml_client *nvml = client_start();
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, call_a_hung_gpu, (void *)nvml) == 0);
    for (int i = 0; i < 20; i++) {
        usleep(5000);
        pthread_kill(thread, SIGUSR1);
        CHECK_EQUAL(NVML_SUCCESS, ask(nvml, client_gpu(nvml, 3)));
    }
    CHECK(!hung_call_returned);
    nvmlEventSet_t set;
    nvmlEventData_t data;
    CHECK_EQUAL(NVML_SUCCESS, nvml->EventSetCreate(&set));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceRegisterEvents(client_gpu(nvml, 3), 8, set));
    CHECK_EQUAL(NVML_ERROR_TIMEOUT, nvml->EventSetWait_v2(set, &data, 10));
    schedule(0, "gpu 2 unhang");
    pthread_join(thread, NULL);
    CHECK_EQUAL(NVML_SUCCESS, hung_call_result);
    CHECK_EQUAL(NVML_SUCCESS, nvml->EventSetFree(set));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

/* What ends a process that starts the library, waits for a line on its input, and then calls. The answer is the signal, or 0. */
struct caller {
    pid_t process;
    int input, ready;
};

static struct caller start_caller(void)
{
    int input[2], ready[2];
    char byte;
    CHECK(pipe(input) == 0 && pipe(ready) == 0);
    struct caller caller = { fork(), input[1], ready[0] };
    if (caller.process == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        const struct nvml_client *nvml = client_open("");
        if (write(ready[1], "r", 1) != 1 || read(input[0], &byte, 1) != 1) _exit(2);
        nvmlReturn_t result = nvml->Init_v2();
        _exit(result == NVML_SUCCESS ? 0 : 3);
    }
    CHECK(read(caller.ready, &byte, 1) == 1);
    return caller;
}

static int end_caller(struct caller caller)
{
    int status;
    CHECK(write(caller.input, "g", 1) == 1);
    CHECK(waitpid(caller.process, &status, 0) == caller.process);
    if (!WIFSIGNALED(status)) CHECK_EQUAL(0, WEXITSTATUS(status));
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void segv_crashes_what_lived_before_it(void)
{
    use_scenario("node dgx-h100\n");
    struct caller before = start_caller(), other = start_caller();
    schedule(0, "segv");
    struct caller after = start_caller();
    CHECK_EQUAL(SIGSEGV, end_caller(before));
    CHECK_EQUAL(SIGSEGV, end_caller(other));
    CHECK_EQUAL(0, end_caller(after));
}

static void segv_always_crashes_every_start_until_a_boot(void)
{
    use_scenario("node dgx-h100\n");
    schedule(0, "segv always");
    CHECK_EQUAL(SIGSEGV, end_caller(start_caller()));
    CHECK_EQUAL(SIGSEGV, end_caller(start_caller()));
    schedule(0, "boot");
    CHECK_EQUAL(0, end_caller(start_caller()));
}

const struct test fault_tests[] = {
    { "Xid 79 loses the GPU until a boot", xid_79_loses_the_gpu_until_a_boot },
    { "Xid 48 counts and asks for a reset, and a reset is proven", xid_48_counts_and_asks_for_a_reset_and_a_reset_is_proven },
    { "links, rows, throttling and pins follow commands", links_rows_throttling_and_pins_follow_commands },
    { "a hung GPU blocks its caller alone", a_hung_gpu_blocks_its_caller_alone },
    { "segv crashes what lived before it", segv_crashes_what_lived_before_it },
    { "segv always crashes every start until a boot", segv_always_crashes_every_start_until_a_boot },
};
const size_t fault_test_count = sizeof fault_tests / sizeof fault_tests[0];
