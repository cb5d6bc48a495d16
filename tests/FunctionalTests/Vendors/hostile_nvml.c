/* A library with NVML's names that answers what no driver should: twins, text without an end, all-ones, codes and types of no header. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BOARDS = 3, PARTS = 4, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, SUCCESS = 0, INVALID = 2, NOT_SUPPORTED = 3, TIMEOUT = 10, OF_NO_HEADER = 4242, UNKNOWN = 999 };

struct pci { char legacy[16]; uint32_t domain, bus, device, id, subsystem; char bus_id[32]; };
struct memory { uint32_t version; uint64_t total, reserved, free, used; };
struct field { uint32_t id, scope; int64_t time, latency; uint32_t type, result; union { uint32_t number; uint64_t all; } value; };
struct event { void *device; uint64_t type, data; uint32_t gpu, compute; };

static char boards[BOARDS], parts[PARTS], set, sample;
int hostile_waits;

int nvmlInit_v2(void) { return SUCCESS; }
int nvmlShutdown(void) { return UNKNOWN; }
int nvmlDeviceGetCount_v2(uint32_t *count) { *count = BOARDS; return SUCCESS; }
int nvmlDeviceGetHandleByIndex_v2(uint32_t index, void **device)
{
    if (index >= BOARDS) return INVALID;
    *device = &boards[index];
    return SUCCESS;
}

int nvmlSystemGetDriverVersion(char *text, uint32_t size) { memset(text, '5', size); return SUCCESS; }
int nvmlSystemGetNVMLVersion(char *text, uint32_t size) { (void)text, (void)size; return OF_NO_HEADER; }
int nvmlDeviceGetUUID(void *device, char *text, uint32_t size)
{
    int part = (char *)device - parts;
    if (part >= 0 && part < PARTS) snprintf(text, size, part == 2 ? "MIG-GPU-twin/3/0" : "MIG-twin");
    else snprintf(text, size, device == &boards[2] ? "GPU-\n\"third\"" : "GPU-twin");
    return SUCCESS;
}

/* Only the first board is divided: twins, an id of older drivers, an empty slot between, one in no GPU instance. */
int nvmlDeviceGetMigMode(void *device, uint32_t *current, uint32_t *pending)
{
    *current = *pending = 1;
    return device == &boards[0] ? SUCCESS : NOT_SUPPORTED;
}
int nvmlDeviceGetMaxMigDeviceCount(void *device, uint32_t *count) { (void)device; *count = UINT32_MAX; return SUCCESS; }
int nvmlDeviceGetMigDeviceHandleByIndex(void *device, uint32_t index, void **part)
{
    (void)device;
    if (index == 1 || index > PARTS) return NOT_FOUND;
    *part = &parts[index == 0 ? 0 : index - 1];
    return SUCCESS;
}
int nvmlDeviceGetGpuInstanceId(void *part, uint32_t *id) { *id = part == &parts[3] ? UINT32_MAX : (uint32_t)((char *)part - parts) + 1; return SUCCESS; }
int nvmlDeviceGetComputeInstanceId(void *part, uint32_t *id) { (void)part; *id = 0; return SUCCESS; }
int nvmlDeviceGetAttributes_v2(void *part, void *attributes) { (void)part; memset(attributes, 0xff, 40); return SUCCESS; }
int nvmlDeviceGetComputeRunningProcesses_v3(void *device, uint32_t *count, void *rows) { (void)device, (void)rows; *count = UINT32_MAX; return INSUFFICIENT_SIZE; }
int nvmlDeviceGetGpuFabricInfoV(void *device, uint32_t *info) { (void)device; memset(info + 1, 0xff, 36); return SUCCESS; }
int nvmlDeviceGetPerformanceState(void *device, uint32_t *state) { (void)device; *state = 32; return SUCCESS; }
int nvmlDeviceGetRowRemapperHistogram(void *device, uint32_t *banks) { (void)device; memset(banks, 0xff, 20); return SUCCESS; }

struct metric { uint32_t id, result; double value; void *text[3]; };
struct metrics { uint32_t version, count; void *older, *newer; struct metric rows[]; };
int nvmlGpmQueryDeviceSupport(void *device, uint32_t *support) { (void)device; support[1] = 1; return SUCCESS; }
int nvmlGpmSampleAlloc(void **made) { *made = &sample; return SUCCESS; }
int nvmlGpmSampleFree(void *freed) { (void)freed; return SUCCESS; }
int nvmlGpmSampleGet(void *device, void *into) { (void)device, (void)into; return SUCCESS; }
int nvmlGpmMetricsGet(struct metrics *get)
{
    for (uint32_t i = 0; i < get->count; i++) {
        get->rows[i].result = get->rows[i].id == 3 ? OF_NO_HEADER : get->rows[i].id == 5 ? INVALID : SUCCESS;
        get->rows[i].value = get->rows[i].id == 1 ? __builtin_nan("") : get->rows[i].id == 10 ? 100.4 : 5000;
    }
    return SUCCESS;
}
int nvmlDeviceGetName(void *device, char *text, uint32_t size) { (void)device; memset(text, 'x', size); return SUCCESS; }
int nvmlDeviceGetMinorNumber(void *device, uint32_t *minor) { (void)device; *minor = UINT32_MAX; return SUCCESS; }
int nvmlDeviceGetPciInfo_v3(void *device, struct pci *pci)
{
    snprintf(pci->bus_id, sizeof pci->bus_id, "00000000:%02X:00.0", (unsigned)((char *)device - boards) + 1);
    return SUCCESS;
}
int nvmlDeviceGetTopologyCommonAncestor(void *one, void *other, int *level) { (void)one, (void)other; *level = 77; return SUCCESS; }
int nvmlDeviceGetNvLinkState(void *device, uint32_t link, int *active) { (void)device, (void)link; *active = 9; return SUCCESS; }

int nvmlDeviceGetTemperature(void *device, int sensor, uint32_t *value) { (void)device, (void)sensor; *value = UINT32_MAX; return SUCCESS; }
int nvmlDeviceGetPowerUsage(void *device, uint32_t *value) { (void)device; *value = UINT32_MAX; return SUCCESS; }
int nvmlDeviceGetClockInfo(void *device, int type, uint32_t *value) { (void)device, (void)type; *value = 1000; return OF_NO_HEADER; }
int nvmlDeviceGetTotalEnergyConsumption(void *device, uint64_t *value) { (void)device; *value = UINT64_MAX; return SUCCESS; }
int nvmlDeviceGetUtilizationRates(void *device, uint32_t *percent) { (void)device; percent[0] = 250; percent[1] = 50; return SUCCESS; }
int nvmlDeviceGetMemoryInfo_v2(void *device, struct memory *memory)
{
    (void)device;
    memset(&memory->total, 0xff, sizeof *memory - sizeof(uint64_t));
    return SUCCESS;
}
int nvmlDeviceGetFieldValues(void *device, int count, struct field *rows)
{
    (void)device;
    for (int i = 0; i < count; i++) {
        rows[i].type = rows[i].id == 230 ? 1 : rows[i].id == 82 ? 0 : 99;
        rows[i].result = rows[i].id == 138 || rows[i].id == 139 ? OF_NO_HEADER : SUCCESS;
        rows[i].value.all = rows[i].id == 230 ? UINT64_C(4000000000) : rows[i].id == 82 ? 51 : UINT64_MAX;
    }
    return SUCCESS;
}

int nvmlEventSetCreate(void **created) { *created = &set; return SUCCESS; }
int nvmlEventSetFree(void *freed) { (void)freed; return UNKNOWN; }
int nvmlDeviceGetSupportedEventTypes(void *device, uint64_t *types) { (void)device; *types = UINT64_MAX; return SUCCESS; }
int nvmlDeviceRegisterEvents(void *device, uint64_t types, void *in)
{
    (void)in;
    return device == &boards[1] ? UNKNOWN : (types & ~UINT64_C(0xc10a)) != 0 ? NOT_SUPPORTED : SUCCESS;
}
/* The first event is of no board that was registered; then it comes back at once with nothing, for ever. */
int nvmlEventSetWait_v2(void *in, struct event *event, uint32_t milliseconds)
{
    (void)in, (void)milliseconds;
    if (hostile_waits++ > 0) return TIMEOUT;
    *event = (struct event){ .device = &hostile_waits, .type = 8, .data = UINT64_MAX, .gpu = 3, .compute = UINT32_MAX };
    return SUCCESS;
}
