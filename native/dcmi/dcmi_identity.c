/* Who a device is: chip, board, label, die ids, versions, PCI. */
#define _GNU_SOURCE
#include "dcmi_library.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_bytes(uint8_t *out, size_t size, const char *text) { snprintf((char *)out, size, "%s", text); }

static int chip_info(const char *symbol, struct npu_id id, struct dcmi_chip_info_v2 *chip)
{
    struct npu_view npu;
    ENTER_NPU(symbol, id, chip != NULL, &npu);
    memset(chip, 0, sizeof *chip);
    put_bytes(chip->chip_type, sizeof chip->chip_type, npu.model->family);
    put_bytes(chip->chip_name, sizeof chip->chip_name, npu.name);
    put_bytes(chip->chip_ver, sizeof chip->chip_ver, "V1");
    put_bytes(chip->npu_name, sizeof chip->npu_name, npu.model->product);
    chip->aicore_cnt = lies(&npu, LIES_ABSURD) ? UINT32_MAX : npu.model->cores;
    if (lies(&npu, LIES_ENUM)) memset(chip->chip_name, 0xff, sizeof chip->chip_name); /* no end, and no text */
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_chip_info_v2, dcmiv2_get_device_chip_info, chip_info, (struct dcmi_chip_info_v2 *chip), (chip))

static int pcie_info(const char *symbol, struct npu_id id, struct dcmi_pcie_info_all *pcie)
{
    struct npu_view npu;
    ENTER_NPU(symbol, id, pcie != NULL, &npu);
    const struct unit_place place = unit_place(npu.group, npu.slot);
    *pcie = (struct dcmi_pcie_info_all){
        .venderid = npu.model->pci_device & 0xffff, .deviceid = npu.model->pci_device >> 16,
        .subvenderid = npu.model->pci_subsystem & 0xffff, .subdeviceid = npu.model->pci_subsystem >> 16,
        .domain = (int32_t)place.domain, .bdf_busid = place.bus,
    };
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_pcie_info_v2, dcmiv2_get_device_pcie_info, pcie_info, (struct dcmi_pcie_info_all *pcie), (pcie))

static int board_info(const char *symbol, struct npu_id id, struct dcmi_board_info *board)
{
    struct npu_view npu;
    ENTER_NPU(symbol, id, board != NULL, &npu);
    *board = (struct dcmi_board_info){ .board_id = npu.model->board_id, .pcb_id = 1, .bom_id = 1, .slot_id = npu.slot / npu.model->chips_per_card };
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_board_info, dcmiv2_get_device_board_info, board_info, (struct dcmi_board_info *board), (board))

static int mainboard_id(const char *symbol, struct npu_id id, uint32_t *mainboard)
{
    enum { SUPER_POD_BOARD = 0x18 };
    struct npu_view npu;
    ENTER_NPU(symbol, id, mainboard != NULL, &npu);
    *mainboard = npu.model->chips_per_card == 2 && npu.model->roce ? SUPER_POD_BOARD : 0;
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_mainboard_id, dcmiv2_get_mainboard_id, mainboard_id, (uint32_t *mainboard), (mainboard))

/* The label is the card's: its chips have the same. */
static void put_label(const struct npu_view *npu, struct dcmi_elabel_info *label)
{
    *label = (struct dcmi_elabel_info){ 0 };
    snprintf(label->product_name, sizeof label->product_name, "%s", npu->model->product);
    snprintf(label->model, sizeof label->model, "%s", npu->model->part_number);
    snprintf(label->manufacturer, sizeof label->manufacturer, "Huawei");
    snprintf(label->manufacturer_date, sizeof label->manufacturer_date, "2024-03-18");
    unsigned first = npu->slot / npu->model->chips_per_card * npu->model->chips_per_card;
    snprintf(label->serial_number, sizeof label->serial_number, "%" PRIu64 "N", unit_serial(npu->group, first));
}

EXPORT int dcmi_get_card_elabel_v2(int card_id, struct dcmi_elabel_info *elabel_info)
{
    struct npu_view npu;
    ENTER_NPU(__func__, of_card(card_id, 0), elabel_info != NULL, &npu);
    put_label(&npu, elabel_info);
    return DCMI_OK;
}

EXPORT int dcmiv2_get_device_elabel_info(int dev_id, struct dcmi_elabel_info *elabel_info)
{
    struct npu_view npu;
    ENTER_NPU(__func__, of_device(dev_id), elabel_info != NULL, &npu);
    put_label(&npu, elabel_info);
    return DCMI_OK;
}

/* NDIE is the chip's own; VDIE is the unique id that is in use. Only the 910 family has the first. */
static int die_id(const char *symbol, struct npu_id id, uint32_t type, struct dcmi_die_id *die)
{
    enum { NDIE, VDIE };
    struct npu_view npu;
    ENTER_NPU(symbol, id, die != NULL && type <= VDIE, &npu);
    if (type == NDIE && !npu.model->roce) return DCMI_NOT_SUPPORTED;
    unsigned whose = lies(&npu, LIES_UUID) ? (npu.slot + 1) % npu.units : npu.slot;
    uint64_t hash = sim_hash(unit_serial(npu.group, whose), &type, sizeof type);
    for (size_t i = 0; i < 5; i++, hash = sim_hash(hash, &i, sizeof i)) die->soc_die[i] = (uint32_t)hash;
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_die_v2, dcmiv2_get_device_die_id, die_id, (uint32_t type, struct dcmi_die_id *die), (type, die))

static int version(const char *symbol, char *out, int size, bool driver)
{
    char text[80];
    int result = dcmi_enter(symbol, out != NULL && size > 0);
    if (result != DCMI_OK) return result;
    pthread_mutex_lock(&library.lock);
    const char *scenario = library.state.driver_version;
    /* On a node with GPUs the scenario's version is that of their driver. */
    bool own = driver && *scenario != '\0' && library.scenario->model->gpus == 0;
    snprintf(text, sizeof text, "%s", own ? scenario : driver ? dcmi_build.driver_version : dcmi_build.dcmi_version);
    library_unlock();
    return dcmi_put_text(out, size, text);
}

EXPORT int dcmi_get_dcmi_version(char *dcmi_ver, int buf_size) { return version(__func__, dcmi_ver, buf_size, false); }
EXPORT int dcmiv2_get_dcmi_version(char *dcmi_ver, int buf_size) { return version(__func__, dcmi_ver, buf_size, false); }
EXPORT int dcmi_get_driver_version(char *driver_ver, unsigned len) { return version(__func__, driver_ver, (int)len, true); }

static int product_type(const char *symbol, struct npu_id id, char *text, int size)
{
    struct npu_view npu;
    ENTER_NPU(symbol, id, text != NULL && size > 0, &npu);
    return dcmi_put_text(text, size, npu.model->product);
}
EXPORT_V1(dcmi_get_product_type, product_type, (char *text, int size), (text, size))

/* The CPUs of the device's NUMA node, as a list. */
static int affinity(const char *symbol, struct npu_id id, char *cpus, int *length)
{
    struct npu_view npu;
    ENTER_NPU(symbol, id, cpus != NULL && length != NULL, &npu);
    const unsigned each = npu.node->cpus_per_numa;
    if (npu.numa < 0) return DCMI_NOT_SUPPORTED;
    *length = sprintf(cpus, "%u-%u", (unsigned)npu.numa * each, ((unsigned)npu.numa + 1) * each - 1);
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_affinity_cpu_info_by_device_id, dcmiv2_get_affinity_cpu_info_by_dev_id, affinity, (char *cpus, int *length), (cpus, length))
