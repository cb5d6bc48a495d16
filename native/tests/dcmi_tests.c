/* DCMI without faults: enumeration, identity, readings, builds. */
#define _GNU_SOURCE
#include "dcmi_client.h"
#include "harness.h"

#include <stdio.h>
#include <unistd.h>

static void every_node_enumerates_and_its_ids_lead_back(const void *name)
{
    char text[64];
    snprintf(text, sizeof text, "node %s\n", (const char *)name);
    const struct dcmi_client *dcmi = dcmi_start(text);
    const struct unit_group *group = &node_model_find(name)->units[UNIT_NPU];
    int cards, card[64], logic = 0;
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_card_list(&cards, card, 64));
    CHECK_EQUAL(group->count / group->model->chips_per_card, cards);
    for (int c = 0; c < cards; c++) {
        int chips, most, mcu, cpu;
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_num_in_card(card[c], &chips));
        CHECK_EQUAL(group->model->chips_per_card, chips);
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_id_in_card(card[c], &most, &mcu, &cpu));
        CHECK(most == chips && mcu == chips && cpu == chips + 1);
        for (int device = 0; device <= cpu; device++) {
            uint32_t type, phy, back;
            int own, card_back, device_back;
            CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_type(card[c], device, &type));
            CHECK_EQUAL(device < chips ? 0 : device == chips ? 1 : 2, type);
            if (device >= chips) continue;
            CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_logic_id(&own, card[c], device));
            CHECK_EQUAL(logic, own);
            CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_phyid_from_logicid((unsigned)own, &phy));
            CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_logicid_from_phyid(phy, &back));
            CHECK_EQUAL(own, back);
            CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_card_id_device_id_from_logicid(&card_back, &device_back, (unsigned)own));
            CHECK(card_back == card[c] && device_back == device);
            CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_card_id_device_id_from_phyid(&card_back, &device_back, phy));
            CHECK(card_back == card[c] && device_back == device);
            struct dcmi_pcie_info_all pcie;
            CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_pcie_info_v2(card[c], device, &pcie));
            const struct unit_place place = unit_place(group, phy);
            CHECK(pcie.venderid == 0x19e5 && pcie.domain == (int)place.domain && pcie.bdf_busid == place.bus && pcie.bdf_deviceid == 0 && pcie.bdf_funcid == 0);
            logic++;
        }
        int unused;
        CHECK_EQUAL(DCMI_INVALID_DEVICE, dcmi->dcmi_get_device_temperature(card[c], chips + 2, &unused));
        CHECK_EQUAL(DCMI_NOT_SUPPORTED, dcmi->dcmi_get_device_temperature(card[c], chips, &unused));
    }
    CHECK_EQUAL(group->count, logic);
}

static void every_node_enumerates(void)
{
    static const char *const nodes[] = { "ascend910b-8", "ascend910-8", "ascend910c-16", "ascend310p-4", "ascend310-8", "mixed" };
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) CHECK_EQUAL(0, ended_by(every_node_enumerates_and_its_ids_lead_back, nodes[i]));
}

static void enumerate_so_many(const void *context)
{
    const int wanted = *(const int *)context;
    char text[64];
    snprintf(text, sizeof text, "node ascend910b-8\nnpus %d\n", wanted);
    const struct dcmi_client *dcmi = dcmi_start(text);
    int cards = -1, card[64], celsius;
    CHECK_EQUAL(wanted == 0 ? DCMI_NO_DEVICE : DCMI_OK, dcmi->dcmi_get_card_list(&cards, card, 64));
    CHECK_EQUAL(wanted, cards);
    for (int i = 0; i < cards; i++) {
        struct dcmi_pcie_info_all pcie;
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_temperature(card[i], 0, &celsius));
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_pcie_info_v2(card[i], 0, &pcie));
        CHECK_EQUAL(i / 8, pcie.domain); /* the buses of the model again, in the next domain */
    }
    if (wanted > 1) {
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_card_list(&cards, card, 1)); /* no more than there is room for */
        CHECK_EQUAL(1, cards);
    }
}

static void none_one_sixteen_and_sixty_four(void)
{
    const int counts[] = { 0, 1, 16, 64 };
    for (size_t i = 0; i < 4; i++) CHECK_EQUAL(0, ended_by(enumerate_so_many, &counts[i]));
}

static void a_library_without_settings_is_a_faultless_node(void)
{
    const struct dcmi_client *dcmi = dcmi_open(".");
    int cards, card[64];
    uint32_t health, codes[128];
    CHECK_EQUAL(DCMI_INTERNAL, dcmi->dcmi_get_card_list(&cards, card, 64)); /* not started */
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_init());
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_card_list(&cards, card, 64));
    CHECK_EQUAL(8, cards);
    for (int i = 0; i < cards; i++) {
        int count = -1;
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_health(card[i], 0, &health));
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_errorcode_v2(card[i], 0, &count, codes, 128));
        CHECK(health == 0 && count == 0);
    }
    CHECK_EQUAL(1, dcmi->aiinfraSimulator());
}

static void a_910b_tells_who_it_is(void)
{
    const struct dcmi_client *dcmi = dcmi_start("node ascend910b-8\nnpu 2 name \"910B4\"\n");
    struct dcmi_chip_info_v2 chip;
    struct dcmi_board_info board;
    struct dcmi_elabel_info label, other;
    struct dcmi_die_id dies[9];
    char text[64];
    int length = 0;
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_chip_info_v2(0, 0, &chip));
    CHECK_TEXT("Ascend", (char *)chip.chip_type);
    CHECK_TEXT("910B3", (char *)chip.chip_name);
    CHECK_TEXT("Ascend910B3", (char *)chip.npu_name);
    CHECK_EQUAL(20, chip.aicore_cnt);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_chip_info_v2(2, 0, &chip));
    CHECK_TEXT("910B4", (char *)chip.chip_name);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_board_info(3, 0, &board));
    CHECK(board.board_id == 0x30 && board.slot_id == 3);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_card_elabel_v2(0, &label));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_card_elabel_v2(1, &other));
    CHECK(strcmp(label.serial_number, other.serial_number) != 0 && strcmp(label.manufacturer, "Huawei") == 0);
    for (int i = 0; i < 8; i++) {
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_die_v2(i, 0, 1, &dies[i]));
        for (int j = 0; j < i; j++) CHECK(memcmp(&dies[i], &dies[j], sizeof dies[i]) != 0);
    }
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_die_v2(0, 0, 0, &dies[8]));
    CHECK(memcmp(&dies[8], &dies[0], sizeof dies[0]) != 0);
    CHECK_EQUAL(DCMI_PARAMETER, dcmi->dcmi_get_device_die_v2(0, 0, 2, &dies[8]));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_driver_version(text, sizeof text));
    CHECK_TEXT("24.1.rc3", text);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_dcmi_version(text, 4));
    CHECK_TEXT("24.", text); /* cut, and with its end */
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_product_type(0, 0, text, sizeof text));
    CHECK_TEXT("Ascend910B3", text);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_affinity_cpu_info_by_device_id(0, 0, text, &length));
    CHECK(length == 7 && strcmp(text, "144-191") == 0); /* NUMA node 3 */
}

static void readings_move_in_their_range_and_stay_where_they_are_pinned(void)
{
    const struct dcmi_client *dcmi = dcmi_start("node ascend910b-8\nnpu 1 temperature 81\nnpu 1 power 250\nnpu 1 utilization 40\nnpu 1 memory 12345\n");
    for (int i = 0; i < 8; i++) {
        int celsius, power;
        uint32_t volt, busy, hbm_busy, mhz;
        struct dcmi_hbm_info hbm;
        struct dcmi_multi_utilization_info multi;
        struct dcmi_get_memory_info_stru ddr;
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_temperature(i, 0, &celsius));
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_power_info(i, 0, &power));
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_voltage(i, 0, &volt));
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_utilization_rate(i, 0, 2, &busy));
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_utilization_rate(i, 0, 6, &hbm_busy));
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_hbm_info(i, 0, &hbm));
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_multi_utilization_rate(i, 0, &multi));
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_frequency(i, 0, 9, &mhz));
        CHECK(celsius >= 35 && celsius <= 85 && power >= 900 && power <= 3920 && volt > 70 && volt < 110 && busy <= 100 && hbm_busy <= 100 && mhz == 1800);
        CHECK(hbm.memory_size == 65536 && hbm.memory_usage < hbm.memory_size && hbm.freq == 1600);
        CHECK_EQUAL(DCMI_NOT_SUPPORTED, dcmi->dcmi_get_device_utilization_rate(i, 0, 1, &busy)); /* it has no DDR to speak of */
        CHECK_EQUAL(DCMI_NOT_SUPPORTED, dcmi->dcmi_get_device_memory_info_v3(i, 0, &ddr));
        CHECK_EQUAL(DCMI_PARAMETER, dcmi->dcmi_get_device_utilization_rate(i, 0, 99, &busy));
        if (i == 1) CHECK(celsius == 81 && power == 2500 && multi.npu_util == 40 && hbm.memory_usage == 12345 && hbm.temp == 85);
    }
}

static void an_inference_card_has_ddr_and_tells_its_power_as_a_whole(void)
{
    const struct dcmi_client *dcmi = dcmi_start("node ascend310p-4\nnpu 2 power 30\nnpu 3 power 41\n");
    struct dcmi_hbm_info hbm;
    struct dcmi_get_memory_info_stru memory;
    struct dcmi_die_id die;
    int power;
    uint32_t busy;
    CHECK_EQUAL(DCMI_NOT_SUPPORTED, dcmi->dcmi_get_device_hbm_info(5, 1, &hbm));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_memory_info_v3(5, 1, &memory));
    CHECK(memory.memory_size == 49152 && memory.memory_available < memory.memory_size && memory.utiliza <= 100);
    CHECK_EQUAL(DCMI_NOT_SUPPORTED, dcmi->dcmi_get_device_power_info(5, 1, &power));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_mcu_get_power_info(5, &power));
    CHECK_EQUAL(710, power);
    CHECK_EQUAL(DCMI_INVALID_DEVICE, dcmi->dcmi_mcu_get_power_info(2, &power)); /* there are cards 1 and 5 */
    CHECK_EQUAL(DCMI_NOT_SUPPORTED, dcmi->dcmi_get_device_die_v2(5, 0, 0, &die));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_die_v2(5, 0, 1, &die));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_frequency(5, 0, 12, &busy));
    CHECK_EQUAL(DCMI_NOT_SUPPORTED, dcmi->dcmi_get_device_network_health(5, 0, &busy));
}

static void wrong_arguments_are_refused_by_every_function(void)
{
    const struct dcmi_client *dcmi = dcmi_start("node ascend910b-8\n");
    typedef int any_call(long, long, long, long, long, long);
    any_call *call;
    /* A device that there is, and no pointer; what is left are the calls that need none. */
    static const char *const need_none[] = { "dcmi_init", "dcmi_set_device_reset", "dcmi_pre_reset_soc", "dcmi_rescan_soc" };
#define REFUSES(name, parameters) \
    if (!is_one_of(#name, need_none, sizeof need_none / sizeof need_none[0])) { \
        memcpy(&call, &dcmi->name, sizeof call); \
        int answer = call(0, 0, 0, 0, 0, 0); \
        if (answer != DCMI_PARAMETER) check_failed(__FILE__, __LINE__, #name " answers %d", answer); \
    }
    DCMI_FUNCTIONS(REFUSES)
#undef REFUSES
}

static void builds_differ_in_their_symbols(void)
{
    const struct dcmi_client *dcmi = dcmi_open(".");
    CHECK(dcmi->dcmi_init != NULL && dcmi->dcmiv2_init == NULL);
#define THERE(name, parameters) if (dcmi->name == NULL) check_failed(__FILE__, __LINE__, #name " is missing");
    DCMI_FUNCTIONS(THERE)
    dcmi = dcmi_open("v2");
    CHECK(dcmi->dcmi_init == NULL && dcmi->dcmi_get_card_list == NULL);
    DCMI_V2_FUNCTIONS(THERE)
#undef THERE
    dcmi = dcmi_open("old");
    CHECK(dcmi->dcmi_subscribe_fault_event == NULL && dcmi->dcmi_get_device_multi_utilization_rate == NULL && dcmi->dcmi_get_device_die_v2 == NULL);
    CHECK(dcmi->dcmi_get_device_health != NULL && dcmi->dcmi_get_device_errorcode_v2 != NULL);
    dcmi = dcmi_open("partial");
    CHECK(dcmi->dcmi_get_device_power_info == NULL && dcmi->dcmi_get_device_errorcode_v2 == NULL && dcmi->dcmi_get_device_temperature != NULL);
    CHECK_EQUAL(1, dcmi->aiinfraSimulator());
}

static void start_broken(const void *unused)
{
    (void)unused;
    const struct dcmi_client *dcmi = dcmi_open("broken");
    int cards, card[4];
    CHECK_EQUAL(DCMI_INTERNAL, dcmi->dcmi_init());
    CHECK_EQUAL(DCMI_INTERNAL, dcmi->dcmi_get_card_list(&cards, card, 4));
}

static void an_empty_answer_is_a_success_that_fills_nothing(void)
{
    CHECK_EQUAL(0, ended_by(start_broken, NULL));
    const struct dcmi_client *dcmi = dcmi_open("empty");
    int cards, card[64], celsius = -77, count = -77;
    struct dcmi_chip_info_v2 chip;
    uint32_t codes[4] = { 7, 7, 7, 7 };
    memset(&chip, 0x5a, sizeof chip);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_init());
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_card_list(&cards, card, 64));
    CHECK_EQUAL(8, cards);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_temperature(0, 0, &celsius));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_chip_info_v2(0, 0, &chip));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_errorcode_v2(0, 0, &count, codes, 4));
    CHECK(celsius == -77 && count == -77 && codes[0] == 7 && chip.chip_name[0] == 0x5a && chip.aicore_cnt == 0x5a5a5a5a);
}

static void the_second_generation_has_one_id(void)
{
    use_scenario("node ascend910c-16\nnpu 5 temperature 70\nlatency reset 200ms\n");
    const struct dcmi_client *dcmi = dcmi_open("v2");
    int list[64], count, all, celsius;
    uint32_t type, phy, status;
    struct dcmi_elabel_info label;
    CHECK_EQUAL(DCMI_OK, dcmi->dcmiv2_init());
    CHECK_EQUAL(DCMI_OK, dcmi->dcmiv2_get_device_list(list, &count, 64)); /* the list comes first here */
    CHECK_EQUAL(DCMI_OK, dcmi->dcmiv2_get_all_device_count(&all));
    CHECK(count == 16 && all == 16 && list[15] == 15);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmiv2_get_device_type(5, &type));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmiv2_get_chip_phy_id_by_dev_id(5, &phy));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmiv2_get_device_temperature(5, &celsius));
    CHECK(type == 0 && phy == 5 && celsius == 70);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmiv2_get_device_elabel_info(5, &label));
    CHECK_EQUAL(DCMI_INVALID_DEVICE, dcmi->dcmiv2_get_device_temperature(16, &celsius));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmiv2_get_device_boot_status(5, &status));
    CHECK_EQUAL(16, status);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmiv2_reset_device(5, 1));
    CHECK_EQUAL(DCMI_NOT_READY, dcmi->dcmiv2_get_device_temperature(4, &celsius)); /* the other die of its module */
    CHECK_EQUAL(DCMI_OK, dcmi->dcmiv2_get_device_temperature(6, &celsius));
}

static void a_left_out_function_is_not_supported(void)
{
    const struct dcmi_client *dcmi = dcmi_start("node ascend910b-8\nwithout dcmi_get_device_power_info\n");
    int value;
    CHECK_EQUAL(DCMI_NOT_SUPPORTED, dcmi->dcmi_get_device_power_info(0, 0, &value));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_temperature(0, 0, &value));
}

const struct test dcmi_tests[] = {
    { "every Ascend node enumerates, and its ids lead back", every_node_enumerates },
    { "none, one, sixteen and sixty-four NPUs", none_one_sixteen_and_sixty_four },
    { "DCMI without settings is a faultless node", a_library_without_settings_is_a_faultless_node },
    { "a 910B tells who it is", a_910b_tells_who_it_is },
    { "NPU readings move in their range and stay where they are pinned", readings_move_in_their_range_and_stay_where_they_are_pinned },
    { "an inference card has DDR and tells its power as a whole", an_inference_card_has_ddr_and_tells_its_power_as_a_whole },
    { "wrong arguments are refused by every function of DCMI", wrong_arguments_are_refused_by_every_function },
    { "builds of DCMI differ in their symbols", builds_differ_in_their_symbols },
    { "an empty answer of DCMI is a success that fills nothing", an_empty_answer_is_a_success_that_fills_nothing },
    { "the second generation of DCMI has one id", the_second_generation_has_one_id },
    { "a left-out function of DCMI is not supported", a_left_out_function_is_not_supported },
};
const size_t dcmi_test_count = sizeof dcmi_tests / sizeof dcmi_tests[0];
