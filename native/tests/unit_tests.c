/* NPUs and MLUs in the engine: what a scenario says of them, and what follows. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

struct report {
    unsigned count;
    char what[SIM_MAX_ERROR];
};

static void note(void *context, unsigned line, const char *what)
{
    struct report *report = context;
    (void)line;
    report->count++;
    snprintf(report->what, sizeof report->what, "%s", what);
}

/* The state at a moment, in a place of its own: it is too large for a stack that has two. */
static const struct sim_state *at(const char *text, double seconds)
{
    static struct sim_state state;
    struct report report = { 0 };
    struct scenario *scenario = scenario_parse(text, strlen(text), note, &report);
    if (report.count > 0) check_failed(__FILE__, __LINE__, "%s", report.what);
    sim_state_start(scenario, &state);
    sim_state_advance(scenario, &state, (int64_t)(seconds * 1e9));
    scenario_free(scenario);
    return &state;
}

static void every_wrong_line_about_a_unit_is_explained(void)
{
    static const struct { const char *node, *line, *what; } wrong[] = {
        { "ascend910b-8", "at 1s npu 8 lost", "'8' is no NPU of ascend910b-8; its NPUs are 0 to 7" },
        { "ascend910b-8", "at 1s mlu 0 lost", "'0' is no MLU of ascend910b-8; it has none" },
        { "ascend910b-8", "at 1s npu 0 xid 3", "unknown or misplaced 'xid'" },
        { "mlu370-8", "at 1s mlu 0 fault 0x80E01801", "unknown or misplaced 'fault'" },
        { "ascend910b-8", "at 1s npu 0 fault 0x1FFFFFFFF", "'0x1FFFFFFFF' is no 0xCODE; it is a number from 1 to 4294967295" },
        { "ascend310p-4", "at 1s npu 0 link 0 down", "a 310P3 has no links to others" },
        { "ascend910b-8", "at 1s npu 0 link 7 down", "'7' is no L; it is a number from 0 to 6" },
        { "ascend910b-8", "at 1s npu 0 vnpu create vir99", "'vir99' is no part of a 910B3; there are vir05_1c_16g vir10_3c_32g" },
        { "ascend310-8", "at 1s npu 0 vnpu create vir01", "'vir01' is no part of a 310; there are none" },
        { "mlu370-8", "at 1s mlu 0 incident BOREDOM fail", "'BOREDOM' is no incident; right would be for example MLULINK_DOWN" },
        { "mlu370-8", "mlu 0 heartbeat stops", "'heartbeat' needs a time" },
        { "mlu370-8", "mlus 65", "'65' is no count; it is a number from 0 to 64" },
        { "mlu370-8", "npus 4", "'npus' is not on this node" },
        { "mlu370-8", "mlu 9 name x", "'9' is no MLU of mlu370-8" },
        { "mlu370-8", "mlu 0 numa 4000", "'4000' is no NUMA node" },
        { "mlu370-8", "latency boot 1s", "'boot' has no latency to set; right would be latency init TIME or latency reset TIME" },
        { "mlu370-8", "without strlen", "'strlen' is no function of a library" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[256];
        struct report report = { 0 };
        snprintf(text, sizeof text, "node %s\n%s\n", wrong[i].node, wrong[i].line);
        struct scenario *scenario = scenario_parse(text, strlen(text), note, &report);
        CHECK_EQUAL(0, scenario->entry_count);
        scenario_free(scenario);
        if (report.count != 1 || strstr(report.what, wrong[i].what) == NULL)
            check_failed(__FILE__, __LINE__, "'%s' is told as '%s' (%u)", wrong[i].line, report.what, report.count);
    }
    struct report report = { 0 };
    const char *late = "node mlu370-8\nmlu 0 temperature 40\nmlus 4\n";
    scenario_free(scenario_parse(late, strlen(late), note, &report));
    CHECK_HAS("comes too late", report.what);
}

static void a_unit_is_a_function_of_time(void)
{
    const char *text = "node ascend910b-8\nlatency reset 1s\nat 1s npu 3 fault 0x80E01801 major\nat 1s npu 3 fault 0x81078603 minor\nat 2s npu 3 fault 0x80E01801 cleared\n"
                       "at 3s npu 3 ecc uncorrected 2\nat 4s npu 2 reset\nat 6s npu 3 lost\nat 7s boot\n";
    const struct unit_state *unit = &at(text, 0.5)->unit[UNIT_NPU][3];
    CHECK(unit->faults == 0 && unit_severity(unit) == 0);
    unit = &at(text, 1.5)->unit[UNIT_NPU][3];
    CHECK(unit->faults == 2 && unit->fault[0].code == 0x80E01801 && unit_severity(unit) == 2);
    unit = &at(text, 2.5)->unit[UNIT_NPU][3];
    CHECK(unit->faults == 1 && unit->fault[0].code == 0x81078603 && unit_severity(unit) == 1);
    unit = &at(text, 4.5)->unit[UNIT_NPU][3]; /* npu 2 was reset, and with it all eight */
    CHECK(unit->faults == 0 && unit->ecc_now[1] == 0 && unit->ecc_total[1] == 2 && unit->resets == 1);
    CHECK(!unit_ready(unit, 4500000000) && unit_ready(unit, 5000000000));
    unit = &at(text, 6.5)->unit[UNIT_NPU][3];
    CHECK(unit->lost && !unit_ready(unit, 6500000000) && unit->fault[0].code == 0x40F84E00);
    unit = &at(text, 7)->unit[UNIT_NPU][3];
    CHECK(!unit->lost && unit->faults == 0 && unit->ecc_total[1] == 2); /* the board's flash keeps it */
}

static void links_have_two_ends(void)
{
    const struct unit_model *models[] = { &unit_910a, &unit_910b, &unit_910c, &unit_mlu370, &unit_mlu590, &unit_mlu290 };
    for (size_t m = 0; m < sizeof models / sizeof models[0]; m++)
        for (unsigned unit = 0; unit < 16; unit++)
            for (unsigned link = 0, seen = 0; link < models[m]->links; link++) {
                unsigned peer, peer_link, back, back_link;
                CHECK(unit_peer(models[m], 16, unit, link, &peer, &peer_link));
                CHECK(peer != unit && peer / models[m]->link_group == unit / models[m]->link_group);
                CHECK((seen >> peer & 1) == 0);
                seen |= 1u << peer;
                CHECK(unit_peer(models[m], 16, peer, peer_link, &back, &back_link));
                CHECK(back == unit && back_link == link);
            }
    unsigned peer, peer_link;
    CHECK(!unit_peer(&unit_910b, 4, 0, 6, &peer, &peer_link)); /* the other end is not built in */
    CHECK(!unit_peer(&unit_310p, 4, 0, 0, &peer, &peer_link));
}

static void links_carry_bytes_while_they_are_up(void)
{
    const int64_t second = 1000000000;
    const char *text = "node mlu370-8\nat 10s mlu 1 link 0 down\nat 20s mlu 1 link 0 up\n";
    uint64_t last = 0;
    for (int64_t now = 0; now <= 30; now++) {
        const struct unit_state *unit = &at(text, (double)now)->unit[UNIT_MLU][1];
        uint64_t bytes = unit_link_bytes(&unit_mlu370, unit, 0, now * second);
        CHECK(now == 0 || (now > 10 && now <= 20) ? bytes == last : bytes > last);
        CHECK_EQUAL(now > 10 || now == 10, unit->link_downs[0]);
        last = bytes;
    }
}

static void identities_of_units_differ_and_stay(void)
{
    static char uuids[128][37];
    static uint64_t serials[128];
    size_t count = 0;
    const struct node_model *model;
    for (size_t i = 0; (model = node_model_at(i)) != NULL; i++)
        for (unsigned vendor = 0; vendor < UNIT_VENDORS; vendor++)
            for (unsigned unit = 0; unit < model->units[vendor].count; unit++, count++) {
                unit_uuid(&model->units[vendor], unit, UINT32_MAX, uuids[count]);
                serials[count] = unit_serial(&model->units[vendor], unit);
                CHECK(strlen(uuids[count]) == 36 && uuids[count][14] == '4');
                for (size_t other = 0; other < count; other++)
                    CHECK(strcmp(uuids[other], uuids[count]) != 0 && serials[other] != serials[count]);
            }
    CHECK_EQUAL(2 + 2 + 8 + 8 + 16 + 4 + 8 + 8 + 8 + 8 + 4 + 4, count);
    char part[37];
    unit_uuid(&node_model_find("mlu370-8")->units[UNIT_MLU], 0, 0, part);
    for (size_t other = 0; other < count; other++) CHECK(strcmp(uuids[other], part) != 0);
}

static void energy_of_a_unit_integrates_its_power(void)
{
    const int64_t second = 1000000000;
    const struct sim_state *state = at("node mlu590-8\n", 0);
    const struct unit_state *unit = &state->unit[UNIT_MLU][2];
    double start = unit_energy_mj(&unit_mlu590, 2, unit, 0), sum = 0, last = start;
    for (int64_t now = 0; now < 90 * second; now += second / 10) {
        unsigned power = unit_power_mw(&unit_mlu590, 2, unit, now + second / 20);
        CHECK(power >= 95000 && power <= 600000);
        sum += power / 10.0;
        double energy = unit_energy_mj(&unit_mlu590, 2, unit, now);
        CHECK(energy >= last);
        last = energy;
    }
    double measured = unit_energy_mj(&unit_mlu590, 2, unit, 90 * second) - start;
    CHECK(measured > sum * 0.999 && measured < sum * 1.001);
}

static void parts_fit_or_are_refused(void)
{
    const struct unit_state *unit = &at("node mlu370-8\nmlu 0 mim on\nmlu 0 mim create 4m.32gb\nmlu 0 mim create 2m.16gb\nmlu 0 mim create 1m.8gb\n", 1)->unit[UNIT_MLU][0];
    CHECK_EQUAL(2, unit_parts(unit)); /* six slices are used */
    CHECK(unit->part[0].start == 0 && unit->part[1].start == 4);
    unit = &at("node mlu370-8\nmlu 0 mim create 1m.8gb\n", 1)->unit[UNIT_MLU][0];
    CHECK_EQUAL(0, unit_parts(unit)); /* the mode is off */
    unit = &at("node mlu370-8\nmlu 0 smlu on\nmlu 0 smlu create 60 8192\nmlu 0 smlu create 40 40960\nmlu 0 smlu create 1 1\n", 1)->unit[UNIT_MLU][0];
    CHECK_EQUAL(2, unit_parts(unit));
    unit = &at("node ascend310p-4\nnpu 1 vnpu create vir04\nnpu 1 vnpu create vir04\nnpu 1 vnpu create vir01\nat 1s npu 1 vnpu 0 destroy\nat 2s npu 1 vnpu create vir01\n", 3)->unit[UNIT_NPU][1];
    CHECK(unit_parts(unit) == 2 && unit->part[0].profile->cores == 1 && unit->part[1].profile->cores == 4);
}

const struct test unit_tests[] = {
    { "every wrong line about a unit is explained", every_wrong_line_about_a_unit_is_explained },
    { "a unit is a function of time", a_unit_is_a_function_of_time },
    { "links have two ends", links_have_two_ends },
    { "links carry bytes while they are up", links_carry_bytes_while_they_are_up },
    { "identities of units differ and stay", identities_of_units_differ_and_stay },
    { "energy of a unit integrates its power", energy_of_a_unit_integrates_its_power },
    { "parts fit or are refused", parts_fit_or_are_refused },
};
const size_t unit_test_count = sizeof unit_tests / sizeof unit_tests[0];
