/* DCMI as its callers see it: opened at run time, symbols looked up by name. */
#ifndef AIINFRA_DCMI_CLIENT_H
#define AIINFRA_DCMI_CLIENT_H

#include "dcmi_structs.h"

#define DCMI_FUNCTIONS(F) \
    F(dcmi_init, (void)) \
    F(dcmi_get_card_list, (int *, int *, int)) \
    F(dcmi_get_device_num_in_card, (int, int *)) \
    F(dcmi_get_device_id_in_card, (int, int *, int *, int *)) \
    F(dcmi_get_device_type, (int, int, uint32_t *)) \
    F(dcmi_get_device_logic_id, (int *, int, int)) \
    F(dcmi_get_device_phyid_from_logicid, (unsigned, uint32_t *)) \
    F(dcmi_get_device_logicid_from_phyid, (unsigned, uint32_t *)) \
    F(dcmi_get_card_id_device_id_from_logicid, (int *, int *, unsigned)) \
    F(dcmi_get_card_id_device_id_from_phyid, (int *, int *, unsigned)) \
    F(dcmi_get_device_chip_info_v2, (int, int, struct dcmi_chip_info_v2 *)) \
    F(dcmi_get_device_pcie_info_v2, (int, int, struct dcmi_pcie_info_all *)) \
    F(dcmi_get_device_board_info, (int, int, struct dcmi_board_info *)) \
    F(dcmi_get_mainboard_id, (int, int, uint32_t *)) \
    F(dcmi_get_card_elabel_v2, (int, struct dcmi_elabel_info *)) \
    F(dcmi_get_device_die_v2, (int, int, uint32_t, struct dcmi_die_id *)) \
    F(dcmi_get_dcmi_version, (char *, int)) \
    F(dcmi_get_driver_version, (char *, unsigned)) \
    F(dcmi_get_product_type, (int, int, char *, int)) \
    F(dcmi_get_affinity_cpu_info_by_device_id, (int, int, char *, int *)) \
    F(dcmi_get_device_temperature, (int, int, int *)) \
    F(dcmi_get_device_voltage, (int, int, uint32_t *)) \
    F(dcmi_get_device_power_info, (int, int, int *)) \
    F(dcmi_mcu_get_power_info, (int, int *)) \
    F(dcmi_get_device_utilization_rate, (int, int, int, uint32_t *)) \
    F(dcmi_get_device_multi_utilization_rate, (int, int, struct dcmi_multi_utilization_info *)) \
    F(dcmi_get_device_multi_utilization_rate_period, (int, int, struct dcmi_multi_utilization_info *, int)) \
    F(dcmi_get_device_frequency, (int, int, uint32_t, uint32_t *)) \
    F(dcmi_get_device_hbm_info, (int, int, struct dcmi_hbm_info *)) \
    F(dcmi_get_device_memory_info_v3, (int, int, struct dcmi_get_memory_info_stru *)) \
    F(dcmi_get_device_resource_info, (int, int, struct dcmi_proc_mem_info *, int *)) \
    F(dcmi_get_device_health, (int, int, uint32_t *)) \
    F(dcmi_get_device_errorcode_v2, (int, int, int *, uint32_t *, unsigned)) \
    F(dcmi_get_device_ecc_info, (int, int, uint32_t, struct dcmi_ecc_info *)) \
    F(dcmi_get_device_network_health, (int, int, uint32_t *)) \
    F(dcmi_get_device_ip, (int, int, uint32_t, int, struct dcmi_ip_addr *, struct dcmi_ip_addr *)) \
    F(dcmi_subscribe_fault_event, (int, int, struct dcmi_event_filter, dcmi_fault_event_callback *)) \
    F(dcmi_get_pcie_link_bandwidth_info, (int, int, struct dcmi_pcie_link_bandwidth_info *)) \
    F(dcmi_get_hccs_link_bandwidth_info, (int, int, struct dcmi_hccs_bandwidth_info *)) \
    F(dcmi_get_device_info, (int, int, uint32_t, uint32_t, void *, uint32_t *)) \
    F(dcmi_create_vdevice, (int, int, struct dcmi_create_vdev_res_stru *, struct dcmi_create_vdev_out *)) \
    F(dcmi_set_destroy_vdevice, (int, int, unsigned)) \
    F(dcmi_set_device_reset, (int, int, uint32_t)) \
    F(dcmi_get_device_outband_channel_state, (int, int, int *)) \
    F(dcmi_pre_reset_soc, (int, int)) \
    F(dcmi_rescan_soc, (int, int)) \
    F(dcmi_get_device_boot_status, (int, int, uint32_t *))

#define DCMI_V2_FUNCTIONS(F) \
    F(dcmiv2_init, (void)) \
    F(dcmiv2_get_device_list, (int *, int *, int)) \
    F(dcmiv2_get_all_device_count, (int *)) \
    F(dcmiv2_get_device_type, (int, uint32_t *)) \
    F(dcmiv2_get_chip_phy_id_by_dev_id, (unsigned, uint32_t *)) \
    F(dcmiv2_get_dev_id_by_chip_phy_id, (unsigned, uint32_t *)) \
    F(dcmiv2_get_device_chip_info, (int, struct dcmi_chip_info_v2 *)) \
    F(dcmiv2_get_device_pcie_info, (int, struct dcmi_pcie_info_all *)) \
    F(dcmiv2_get_device_elabel_info, (int, struct dcmi_elabel_info *)) \
    F(dcmiv2_get_device_temperature, (int, int *)) \
    F(dcmiv2_get_device_hbm_info, (int, struct dcmi_hbm_info *)) \
    F(dcmiv2_get_device_health, (int, uint32_t *)) \
    F(dcmiv2_get_device_error_code_list, (int, int *, uint32_t *, unsigned)) \
    F(dcmiv2_subscribe_fault_event, (int, struct dcmi_event_filter, dcmi_fault_event_callback *)) \
    F(dcmiv2_reset_device, (int, uint32_t)) \
    F(dcmiv2_get_device_boot_status, (int, uint32_t *)) \
    F(dcmiv2_get_device_proc_mem_info, (int, struct dcmi_proc_mem_info *, int *))

struct dcmi_client {
#define MEMBER(name, parameters) int (*name) parameters;
    DCMI_FUNCTIONS(MEMBER)
    DCMI_V2_FUNCTIONS(MEMBER)
#undef MEMBER
    int (*aiinfraSimulator)(void);
};

/* A build by its folder, "." for the whole one; NULL members are symbols that it lacks. */
const struct dcmi_client *dcmi_open(const char *build);
/* Writes the scenario, opens the whole build and starts it. */
const struct dcmi_client *dcmi_start(const char *scenario);

#endif
