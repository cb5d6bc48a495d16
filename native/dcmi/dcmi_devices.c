/* The start, which cards and devices there are, and how their ids go over into each other. The host's side answers all of it. */
#define _GNU_SOURCE
#include "dcmi_library.h"

#include <time.h>

/* The agent marks a node whose library has this symbol as simulated. */
EXPORT int aiinfraSimulator(void) { return 1; }

static int start(const char *symbol)
{
    if (!library_take(symbol, true)) return DCMI_NOT_SUPPORTED;
    int64_t latency = library.references == 0 ? library.scenario->init_latency : 0;
    library_unlock();
    nanosleep(&(struct timespec){ .tv_sec = latency / 1000000000, .tv_nsec = latency % 1000000000 }, NULL);
    pthread_mutex_lock(&library.lock);
    if (dcmi_build.init == DCMI_OK) library.references++; /* there is no shutdown: the node is kept to the end */
    library_unlock();
    return dcmi_build.init;
}

EXPORT int dcmi_init(void) { return start(__func__); }
EXPORT int dcmiv2_init(void) { return start(__func__); }

EXPORT int dcmi_get_card_list(int *card_num, int *card_list, int list_len)
{
    int result = dcmi_enter(__func__, card_num != NULL && card_list != NULL && list_len > 0);
    if (result != DCMI_OK) return result;
    pthread_mutex_lock(&library.lock);
    const struct unit_group *group = dcmi_group();
    *card_num = 0;
    for (unsigned first = 0; first < dcmi_units() && *card_num < list_len; first += group->model->chips_per_card) {
        bool any = false;
        for (unsigned i = first; i < first + group->model->chips_per_card && i < dcmi_units(); i++) any = any || unit_present(dcmi_unit(i));
        if (any) card_list[(*card_num)++] = (int)(group->first_card + first / group->model->chips_per_card * group->card_step);
    }
    library_unlock();
    return *card_num > 0 ? DCMI_OK : DCMI_NO_DEVICE;
}

/* Chips of a card. The last one may have fewer when the scenario says how many there are. */
static int chips_of(const char *symbol, int card, bool arguments, int *chips)
{
    unsigned first;
    int result = dcmi_enter(symbol, arguments);
    if (result != DCMI_OK) return result;
    pthread_mutex_lock(&library.lock);
    if (dcmi_card_first(card, &first)) {
        unsigned left = dcmi_units() - first, most = dcmi_group()->model->chips_per_card;
        *chips = (int)(left < most ? left : most);
    } else result = DCMI_INVALID_DEVICE;
    library_unlock();
    return result;
}

EXPORT int dcmi_get_device_num_in_card(int card_id, int *device_num) { return chips_of(__func__, card_id, device_num != NULL, device_num); }

EXPORT int dcmi_get_device_id_in_card(int card_id, int *device_id_max, int *mcu_id, int *cpu_id)
{
    int chips, result = chips_of(__func__, card_id, device_id_max != NULL && mcu_id != NULL && cpu_id != NULL, &chips);
    if (result != DCMI_OK) return result;
    *device_id_max = *mcu_id = chips;
    *cpu_id = chips + 1;
    return DCMI_OK;
}

enum { NPU_TYPE, MCU_TYPE, CPU_TYPE };

EXPORT int dcmi_get_device_type(int card_id, int device_id, uint32_t *device_type)
{
    int chips, result = chips_of(__func__, card_id, device_type != NULL, &chips);
    if (result != DCMI_OK) return result;
    if (device_id < 0 || device_id > chips + 1) return DCMI_INVALID_DEVICE;
    *device_type = device_id < chips ? NPU_TYPE : device_id == chips ? MCU_TYPE : CPU_TYPE;
    return DCMI_OK;
}

EXPORT int dcmi_get_device_logic_id(int *device_logic_id, int card_id, int device_id)
{
    struct npu_view npu;
    ENTER_HOST(__func__, of_card(card_id, device_id), device_logic_id != NULL, &npu);
    *device_logic_id = (int)npu.logic;
    return DCMI_OK;
}

static int phyid_from_logicid(const char *symbol, unsigned logic, uint32_t *phyid)
{
    struct npu_view npu;
    int result = dcmi_enter_host(symbol, of_device((int)logic), phyid != NULL, &npu);
    if (result == DCMI_OK) *phyid = npu.slot;
    return result;
}

static int logicid_from_phyid(const char *symbol, unsigned phyid, uint32_t *logic)
{
    int result = dcmi_enter(symbol, logic != NULL);
    if (result != DCMI_OK) return result;
    pthread_mutex_lock(&library.lock);
    if (phyid < dcmi_units() && unit_present(dcmi_unit(phyid))) *logic = dcmi_logic_id(phyid);
    else result = DCMI_INVALID_DEVICE;
    library_unlock();
    return result;
}

EXPORT int dcmi_get_device_phyid_from_logicid(unsigned logicid, uint32_t *phyid) { return phyid_from_logicid(__func__, logicid, phyid); }
EXPORT int dcmi_get_device_logicid_from_phyid(unsigned phyid, uint32_t *logicid) { return logicid_from_phyid(__func__, phyid, logicid); }
EXPORT int dcmiv2_get_chip_phy_id_by_dev_id(unsigned dev_id, uint32_t *phyid) { return phyid_from_logicid(__func__, dev_id, phyid); }
EXPORT int dcmiv2_get_dev_id_by_chip_phy_id(unsigned phyid, uint32_t *dev_id) { return logicid_from_phyid(__func__, phyid, dev_id); }

static int card_and_device(const char *symbol, int *card, int *device, unsigned logic)
{
    struct npu_view npu;
    int result = dcmi_enter_host(symbol, of_device((int)logic), card != NULL && device != NULL, &npu);
    if (result != DCMI_OK) return result;
    const unsigned chips = npu.model->chips_per_card;
    *card = (int)(npu.group->first_card + npu.slot / chips * npu.group->card_step);
    *device = (int)(npu.slot % chips);
    return DCMI_OK;
}

EXPORT int dcmi_get_card_id_device_id_from_logicid(int *card_id, int *device_id, unsigned device_logic_id)
{
    return card_and_device(__func__, card_id, device_id, device_logic_id);
}

EXPORT int dcmi_get_card_id_device_id_from_phyid(int *card_id, int *device_id, unsigned device_phy_id)
{
    uint32_t logic;
    int result = logicid_from_phyid(__func__, device_phy_id, &logic);
    return result == DCMI_OK ? card_and_device(__func__, card_id, device_id, logic) : result;
}

EXPORT int dcmiv2_get_device_list(int *device_list, int *device_num, int list_len)
{
    int result = dcmi_enter(__func__, device_num != NULL && device_list != NULL && list_len > 0);
    if (result != DCMI_OK) return result;
    pthread_mutex_lock(&library.lock);
    *device_num = 0;
    for (unsigned i = 0; i < dcmi_units() && *device_num < list_len; i++)
        if (unit_present(dcmi_unit(i))) device_list[*device_num] = *device_num, ++*device_num;
    library_unlock();
    return *device_num > 0 ? DCMI_OK : DCMI_NO_DEVICE;
}

EXPORT int dcmiv2_get_all_device_count(int *all_device_count)
{
    int result = dcmi_enter(__func__, all_device_count != NULL);
    if (result != DCMI_OK) return result;
    pthread_mutex_lock(&library.lock);
    *all_device_count = 0;
    for (unsigned i = 0; i < dcmi_units(); i++) *all_device_count += unit_present(dcmi_unit(i));
    library_unlock();
    return DCMI_OK;
}

EXPORT int dcmiv2_get_device_type(int dev_id, uint32_t *device_type)
{
    struct npu_view npu;
    ENTER_HOST(__func__, of_device(dev_id), device_type != NULL, &npu);
    *device_type = NPU_TYPE;
    return DCMI_OK;
}
