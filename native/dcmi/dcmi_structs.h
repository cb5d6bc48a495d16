/* DCMI's binary interface as far as it is simulated (x86-64, natural alignment). Sizes and offsets are asserted against
   abi/dcmi.tsv when this is compiled. Contract: header of the driver's 24.x time; spellings are the vendor's. */
#ifndef AIINFRA_DCMI_STRUCTS_H
#define AIINFRA_DCMI_STRUCTS_H

#include <stdint.h>

enum {
    DCMI_OK = 0, DCMI_PARAMETER = -8001, DCMI_INTERNAL = -8005, DCMI_TIMEOUT = -8006, DCMI_INVALID_DEVICE = -8007, DCMI_NO_DEVICE = -8008,
    DCMI_NOT_READY = -8012, DCMI_RESET_FAILED = -8015, DCMI_OCCUPIED = -8020, DCMI_NO_CONFIGURATION = -8023, DCMI_NOT_SUPPORTED = -8255,
};

struct dcmi_chip_info_v2 { uint8_t chip_type[32], chip_name[32], chip_ver[32]; uint32_t aicore_cnt; uint8_t npu_name[32]; };
struct dcmi_pcie_info_all {
    uint32_t venderid, subvenderid, deviceid, subdeviceid;
    int32_t domain;
    uint32_t bdf_busid, bdf_deviceid, bdf_funcid;
    uint8_t reserve[32];
};
struct dcmi_board_info { uint32_t board_id, pcb_id, bom_id, slot_id; };
struct dcmi_elabel_info { char product_name[256], model[256], manufacturer[256], manufacturer_date[256], serial_number[256]; };
struct dcmi_ecc_info {
    int32_t enable_flag;
    uint32_t single_bit_error_cnt, double_bit_error_cnt, total_single_bit_error_cnt, total_double_bit_error_cnt,
        single_bit_isolated_pages_cnt, double_bit_isolated_pages_cnt,
        single_bit_next_isolated_pages_cnt, double_bit_next_isolated_pages_cnt;
};
struct dcmi_hbm_info { uint64_t memory_size; uint32_t freq; uint64_t memory_usage; int32_t temp; uint32_t bandwith_util_rate; };
struct dcmi_get_memory_info_stru {
    uint64_t memory_size, memory_available;
    uint32_t freq;
    uint64_t hugepagesize, hugepages_total, hugepages_free;
    uint32_t utiliza;
    uint8_t reserve[60];
};
struct dcmi_multi_utilization_info { uint32_t aic_util, aiv_util, aicore_util, npu_util, reserved[8]; };
struct dcmi_proc_mem_info { int32_t proc_id; uint64_t proc_mem_usage; };
struct dcmi_ip_addr {
    union { uint8_t ip6[16], ip4[4]; } u_addr;
    uint32_t ip_type; /* 0: IPv4, 1: IPv6 */
};
struct dcmi_pcie_link_bandwidth_info {
    int32_t profiling_time;
    uint32_t tx_p_bw[3], tx_np_bw[3], tx_cpl_bw[3], tx_np_lantency[3], rx_p_bw[3], rx_np_bw[3], rx_cpl_bw[3];
};
struct dcmi_hccs_bandwidth_info { int32_t profiling_time; double total_txbw, total_rxbw, tx_bandwidth[16], rx_bandwidth[16]; };
struct dcmi_hccs_statistic_info_u64 { uint64_t tx_cnt[16], rx_cnt[16], crc_err_cnt[16], retry_cnt[16], reserved[64]; };
struct dcmi_spod_info { uint32_t sdid, scale_type, super_pod_id, server_id, chassis_id, super_pod_type, reserve[6]; };
struct dcmi_event_filter { uint64_t filter_flag; uint32_t event_id; uint8_t severity, node_type, resv[32]; };
struct dcmi_dms_fault_event {
    uint32_t event_id;
    uint16_t deviceid;
    uint8_t node_type, node_id, sub_node_type, sub_node_id, severity, assertion;
    int32_t event_serial_num, notify_serial_num;
    uint64_t alarm_raised_time;
    char event_name[256], additional_info[32];
    uint8_t resv[32];
};
struct dcmi_event {
    uint32_t type;
    union { struct dcmi_dms_fault_event dms_event; } event_t;
};
struct dcmi_create_vdev_res_stru { uint32_t vdev_id, vfg_id; char template_name[32]; uint8_t reserved[64]; };
struct dcmi_create_vdev_out { uint32_t vdev_id, pcie_bus, pcie_device, pcie_func, vfg_id; uint8_t reserved[32]; };
struct dcmi_base_resource { uint64_t token, token_max, task_timeout; uint32_t vfg_id; uint8_t vip_mode, reserved[31]; };
struct dcmi_computing_resource {
    float aic, aiv;
    uint16_t dsa, rtsq, acsq, cdqm, c_core, ffts, sdma, pcie_dma;
    uint64_t memory_size;
    uint32_t event_id, notify_id, stream_id, model_id;
    uint16_t topic_schedule_aicpu, host_ctrl_cpu, host_aicpu, device_aicpu, topic_ctrl_cpu_slot;
    uint32_t vdev_aicore_utilization;
    uint64_t vdev_memory_total, vdev_memory_free;
    uint8_t reserved[12];
};
struct dcmi_media_resource { float jpegd, jpege, vpc, vdec, pngd, venc; uint8_t reserved[32]; };
struct dcmi_vdev_query_info {
    char name[16];
    uint32_t status, is_container_used, vfid, vfg_id;
    uint64_t container_id;
    struct dcmi_base_resource base;
    struct dcmi_computing_resource computing;
    struct dcmi_media_resource media;
};
struct dcmi_vdev_query_stru { uint32_t vdev_id; struct dcmi_vdev_query_info query_info; };
struct dcmi_soc_total_resource {
    uint32_t vdev_num, vdev_id[32], vfg_num, vfg_bitmap;
    struct dcmi_base_resource base;
    struct dcmi_computing_resource computing;
    struct dcmi_media_resource media;
};
struct dcmi_soc_free_resource {
    uint32_t vfg_num, vfg_bitmap;
    struct dcmi_base_resource base;
    struct dcmi_computing_resource computing;
    struct dcmi_media_resource media;
};
struct dcmi_die_id { uint32_t soc_die[5]; };
struct dcmi_hccs_statistic_info { uint32_t tx_cnt[16], rx_cnt[16], crc_err_cnt[16], retry_cnt[16], reserved_field_cnt[64]; };
struct dcmi_sio_crc_err_statistic_info { uint16_t tx_error_count, rx_error_count; uint8_t reserved[8]; };

typedef void dcmi_fault_event_callback(struct dcmi_event *event);

#endif
