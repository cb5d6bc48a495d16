/* Faults, ECC, network. */
#include "dcmi_library.h"

/* 0 well, 1 minor, 2 major, 3 critical, 0xffffffff absent or not started. */
static int health(const char *symbol, struct npu_id id, uint32_t *state)
{
    struct npu_view npu;
    ENTER_NPU(symbol, id, state != NULL, &npu);
    *state = lies(&npu, LIES_ENUM) ? 77 : npu.state.health != SIM_UNSET ? (uint32_t)npu.state.health : unit_severity(&npu.state);
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_health, dcmiv2_get_device_health, health, (uint32_t *state), (state))

/* The host's side keeps the list: it answers for a lost device too, and while one hangs. */
static int error_codes(const char *symbol, struct npu_id id, int *count, uint32_t *list, unsigned length)
{
    struct npu_view npu;
    ENTER_HOST(symbol, id, count != NULL && list != NULL && length > 0, &npu);
    if (dcmi_build.empty || lies(&npu, LIES_EMPTY)) return DCMI_OK;
    *count = 0;
    for (unsigned i = 0; i < npu.state.faults && (unsigned)*count < length; i++) list[(*count)++] = npu.state.fault[i].code;
    if (lies(&npu, LIES_ABSURD)) *count = 100000;
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_errorcode_v2, dcmiv2_get_device_error_code_list, error_codes, (int *count, uint32_t *list, unsigned length), (count, list, length))

static int ecc_info(const char *symbol, struct npu_id id, uint32_t type, struct dcmi_ecc_info *ecc)
{
    enum { DDR, SRAM, HBM, NPU, TYPES };
    struct npu_view npu;
    ENTER_NPU(symbol, id, ecc != NULL && type < TYPES, &npu);
    if (type == SRAM || type == NPU || (type == HBM) != npu.model->hbm) return DCMI_NOT_SUPPORTED;
    *ecc = (struct dcmi_ecc_info){
        .enable_flag = 1,
        .single_bit_error_cnt = (uint32_t)npu.state.ecc_now[0], .double_bit_error_cnt = (uint32_t)npu.state.ecc_now[1],
        .total_single_bit_error_cnt = (uint32_t)npu.state.ecc_total[0], .total_double_bit_error_cnt = (uint32_t)npu.state.ecc_total[1],
        .single_bit_isolated_pages_cnt = (uint32_t)npu.state.isolated[0], .double_bit_isolated_pages_cnt = (uint32_t)npu.state.isolated[1],
    };
    if (lies(&npu, LIES_ABSURD)) ecc->total_double_bit_error_cnt = UINT32_MAX;
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_ecc_info, dcmiv2_get_device_ecc_info, ecc_info, (uint32_t type, struct dcmi_ecc_info *ecc), (type, ecc))

/* What the last look at the network found; a port without a link reaches nobody. */
static int network_health(const char *symbol, struct npu_id id, uint32_t *result)
{
    enum { UNREACHABLE = 3 };
    struct npu_view npu;
    ENTER_NPU(symbol, id, result != NULL, &npu);
    if (!npu.model->roce) return DCMI_NOT_SUPPORTED;
    *result = lies(&npu, LIES_ENUM) ? 77 : npu.state.network_health == 0 && npu.state.roce_down ? UNREACHABLE : npu.state.network_health;
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_network_health, dcmiv2_get_device_network_health, network_health, (uint32_t *result), (result))

/* The RoCE port has an address of its own: 10.20.0.100 on, or fd20::100 on when version 6 is asked for. */
static int address(const char *symbol, struct npu_id id, uint32_t port_type, int port, struct dcmi_ip_addr *ip, struct dcmi_ip_addr *mask)
{
    enum { ROCE = 1, VERSION_6 = 1 };
    struct npu_view npu;
    ENTER_NPU(symbol, id, ip != NULL && mask != NULL && port == 0, &npu);
    if (port_type != ROCE || !npu.model->roce) return DCMI_NOT_SUPPORTED;
    const uint32_t version = ip->ip_type;
    *ip = *mask = (struct dcmi_ip_addr){ .ip_type = version };
    if (version == VERSION_6) {
        ip->u_addr.ip6[0] = 0xfd, ip->u_addr.ip6[1] = 0x20, ip->u_addr.ip6[14] = 1, ip->u_addr.ip6[15] = (uint8_t)npu.slot;
        for (size_t i = 0; i < 8; i++) mask->u_addr.ip6[i] = 0xff;
        return DCMI_OK;
    }
    const uint8_t own[] = { 10, 20, 0, (uint8_t)(100 + npu.slot) };
    for (size_t i = 0; i < 4; i++) ip->u_addr.ip4[i] = own[i], mask->u_addr.ip4[i] = i < 3 ? 255 : 0;
    return DCMI_OK;
}
EXPORT_V1(dcmi_get_device_ip, address, (uint32_t port_type, int port, struct dcmi_ip_addr *ip, struct dcmi_ip_addr *mask), (port_type, port, ip, mask))
