#define _GNU_SOURCE
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

struct report {
    unsigned count, line;
    char what[SIM_MAX_ERROR];
};

static void note(void *context, unsigned line, const char *what)
{
    struct report *report = context;
    report->count++;
    report->line = line;
    snprintf(report->what, sizeof report->what, "%s", what);
}

static struct scenario *parse(const char *text, struct report *report)
{
    memset(report, 0, sizeof *report);
    return scenario_parse(text, strlen(text), note, report);
}

static void durations_are_exact(void)
{
    static const struct { const char *text; int64_t expected; } good[] = {
        { "5s", 5000000000 }, { "250ms", 250000000 }, { "1.5m", 90000000000 }, { "0s", 0 }, { "12.345678901s", 12345678901 },
        { "0.000001ms", 1 }, { "0.0000000001s", 0 }, { "0.123456789m", 7407407340 },
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t actual = -1;
        CHECK(sim_duration(good[i].text, &actual));
        CHECK_EQUAL(good[i].expected, actual);
    }
    static const char *const bad[] = { "", "5", "s", "5 s", "-5s", "5.s", ".5s", "5h", "9999999999s", "999999999m", "5s5", "0x5s" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t unused;
        if (sim_duration(bad[i], &unused)) check_failed(__FILE__, __LINE__, "'%s' was taken for a time", bad[i]);
    }
}

static void numbers_are_decimal_or_hexadecimal(void)
{
    int64_t value;
    CHECK(sim_number("010", &value) && value == 10);
    CHECK(sim_number("0x1fF", &value) && value == 0x1ff);
    CHECK(sim_number("-40", &value) && value == -40);
    static const char *const bad[] = { "", "-", "0x", "1a", "+1", " 1", "1 ", "0xg", "99999999999999999999" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (sim_number(bad[i], &value)) check_failed(__FILE__, __LINE__, "'%s' was taken for a number", bad[i]);
}

static void every_wrong_line_is_named_and_the_rest_is_read(void)
{
    static const struct { const char *line, *what; } wrong[] = {
        { "node dgx-h200", "'dgx-h200' is no model; there are dgx-h100, dgx-a100, l4" },
        { "nodes dgx-h100", "'nodes' is no statement; there are node, gpu" },
        { "at 5 boot", "'5' is no time; right would be 5s" },
        { "at 5s", "right would be at TIME COMMAND" },
        { "at 5s gpu 8 lost", "'8' is no GPU of dgx-h100; its GPUs are 0 to 7" },
        { "at 5s gpu 3 xdi 48", "'xdi'; right would be gpu N with xid CODE, lost" },
        { "at 5s gpu 3 xid", "not complete; right would be gpu N with xid CODE" },
        { "at 5s gpu 3 xid 0", "'0' is no CODE; it is a number from 1 to 999" },
        { "at 5s gpu 3 xid 48 now", "unknown or misplaced 'now'" },
        { "at 5s gpu 3 ecc 5", "right would be gpu N with ecc corrected COUNT, ecc uncorrected COUNT" },
        { "at 5s gpu 3 link 18 down", "'18' is no L; it is a number from 0 to 17" },
        { "at 5s gpu 3 throttle 0x200", "'0x200' is no 0xBITS" },
        { "at 5s event-wait breaks", "event-wait fails, event-wait works" },
        { "gpu 3 mig 1g.20gb x5", "do not fit into one GPU; it has 7 slices, and 1g.20gb fits 4 times" },
        { "gpu 3 mig 1g.5gb", "no such MIG profile; there are 1g.10gb 1g.10gb+me" },
        { "gpu 3 mig 3g.40gb y2", "'y2' is no count; right would be x1 to x7" },
        { "gpu 3 mig \"\"", "names no instance" },
        { "at 1s gpu 3 mig-instance 15 xid 94", "'15' is no GI; it is a number from 0 to 14" },
        { "at 1s gpu 3 link 18 crc 5", "'18' is no L" },
        { "at 1s gpu 3 process 0 5", "'0' is no PID" },
        { "at 1s gpu 3 fabric", "fabric not-started, fabric in-progress, fabric completed, fabric health 0xMASK" },
        { "at 1s driver-version 1234567890123456789012345678901234567890", "at most 39 bytes" },
        { "gpu 3 xid 48", "needs a time; write it as: at 0s" },
        { "gpu 3 name \"no end", "a quoted text has no end" },
        { "gpu 3 name \"a\\qb\"", "unknown escape" },
        { "gpu 9 power 100", "'9' is no GPU" },
        { "gpu 3 numa -2", "'-2' is no NUMA node" },
        { "latency start 5s", "right would be latency init TIME" },
        { "without cuInit", "'cuInit' is no function of a library" },
        { "\x01\x02", "'\?\?' is no statement" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[256];
        struct report report;
        snprintf(text, sizeof text, "# comment\n\n%s\nat 1s boot # the end\n", wrong[i].line);
        struct scenario *scenario = parse(text, &report);
        CHECK_EQUAL(1, report.count);
        CHECK_EQUAL(3, report.line);
        CHECK_HAS(wrong[i].what, report.what);
        CHECK_EQUAL(1, scenario->entry_count);
        CHECK_TEXT("boot", scenario->entries[0].text);
        scenario_free(scenario);
    }
}

static void node_comes_first_and_once(void)
{
    struct report report;
    struct scenario *scenario = parse("node l4\nnode dgx-a100\n", &report);
    CHECK_EQUAL(2, report.line);
    CHECK_TEXT("l4", scenario->model->name);
    scenario_free(scenario);
    scenario = parse("at 1s boot\nnode l4\n", &report);
    CHECK_HAS("comes too late", report.what);
    scenario_free(scenario);
}

static void a_timeline_is_in_order_of_time_then_line(void)
{
    struct report report;
    struct scenario *scenario = parse("node dgx-a100\r\nat 2s gpu 1 lost\r\nat 500ms boot\nat 2s gpu 0 lost\nat 0.01m   gpu  2\txid 31", &report);
    CHECK_EQUAL(0, report.count);
    CHECK_EQUAL(4, scenario->entry_count);
    CHECK_TEXT("boot", scenario->entries[0].text);
    CHECK_TEXT("gpu 2 xid 31", scenario->entries[1].text);
    CHECK_TEXT("gpu 1 lost", scenario->entries[2].text);
    CHECK_TEXT("gpu 0 lost", scenario->entries[3].text);
    scenario_free(scenario);
}

static void keys_stay_when_lines_are_put_before_and_twins_differ(void)
{
    struct report report;
    struct scenario *before = parse("at 1s gpu 0 xid 31\nat 1s gpu 0 xid 31\n", &report);
    struct scenario *after = parse("at 0s boot\n# more\nat 1s gpu 1 xid 31\nat 1s gpu 0 xid 31\nat 1s gpu 0 xid 31\n", &report);
    CHECK(before->entries[0].key != before->entries[1].key);
    CHECK(before->entries[0].key == after->entries[2].key);
    CHECK(before->entries[1].key == after->entries[3].key);
    scenario_free(before);
    scenario_free(after);
}

static void overrides_are_read(void)
{
    struct report report;
    struct scenario *scenario = parse("gpu 2 name \"say \\\"hi\\\"\\n\\x41 # no comment\"\ngpu 1 temperature 95\ngpu 1 power 700\n"
                                      "gpu 0 numa -1\ndriver-version 999.1\nlatency init 5s\nwithout nvmlDeviceGetTemperatureV\n", &report);
    CHECK_EQUAL(0, report.count);
    CHECK_TEXT("say \"hi\"\nA # no comment", scenario->gpu[2].name);
    CHECK_EQUAL(95, scenario->gpu[1].temperature);
    CHECK_EQUAL(700, scenario->gpu[1].power);
    CHECK(scenario->gpu[0].numa_set && scenario->gpu[0].numa == -1 && !scenario->gpu[1].numa_set);
    CHECK_TEXT("999.1", scenario->driver_version);
    CHECK_EQUAL(5000000000, scenario->init_latency);
    CHECK_TEXT("nvmlDeviceGetTemperatureV", scenario->without[0]);
    scenario_free(scenario);
}

static unsigned devices_of(const struct scenario *scenario, enum sim_target target)
{
    switch (target) {
    case TARGET_NODE: return 1;
    case TARGET_GPU: return scenario->model->gpus;
    default: return scenario->units[target - TARGET_NPU];
    }
}

/* Mutations of a good scenario: the parser must neither crash nor read beyond, and what it accepts must be in range. */
static void damaged_scenarios_are_survived(void)
{
    static const char good[] = "node l4\ngpu 2 name \"a \\x41\\n\"\ngpu 0 numa -1\nlatency init 5.5s\nwithout nvmlInit\nat 5s gpu 3 xid 79\n"
                               "at 250ms gpu 1 ecc corrected 5\nat 1.5m boot\nat 2s gpu 0 throttle 0xff\nat 3s event-wait fails\nat 3s segv always\n"
                               "gpu 0 vgpu 3\ngpu 1 process 77 1000 3 0\nat 1s gpu 2 remove\nat 2s gpu 2 add\nat 4s gpu 0 lies size\nat 4s driver-version 9.1\n";
    static const char divided[] = "node dgx-h100\ngpu 0 mig 1g.10gb x7\nat 1s gpu 1 mig 3g.40gb,2g.20gb,1g.10gb\nat 2s gpu 1 mig-instance create 14 4\n"
                                  "at 3s gpu 1 mig-instance 3 xid 94\nat 3s gpu 1 mig-instance 4 compute create 0 1\nat 4s gpu 1 mig-instance 4 compute 0 destroy\n"
                                  "at 5s gpu 1 mig-instance 4 destroy\nat 6s gpu 1 mig off\nat 6s gpu 2 mig-mode 1\nat 7s gpu 0 link 3 crc 9\nat 8s gpu 0 reset\n";
    static const char units[] = "node mixed\nnpus 5\nmlus 3\nnpu 0 vnpu create vir02\nmlu 0 mim on\nmlu 0 mim create 2m.8gb\nmlu 1 smlu on\nmlu 1 smlu create 30 99\n"
                                "npu 1 name \"a b\"\nmlu 2 numa -1\nlatency reset 1s\nwithout dcmi_init\nat 1s npu 2 fault 0x80E01801 critical\nat 2s npu 2 fault 0x80E01801 cleared\n"
                                "at 1s mlu 1 xid 0x45\nat 1s mlu 1 incident DBE_VIOLATION fail\nat 1s mlu 1 throttle 0x3f\nat 2s mlu 1 remap pending\nat 2s npu 3 lost\n"
                                "at 3s npu 3 reset\nat 3s npu 4 process 77 1000\nat 4s npu 0 vnpu 0 destroy\nat 4s mlu 2 remove\nat 5s mlu 2 add\nat 6s boot\n";
    static const char intel[] = "node bare\nintel add max1550 0000:18:00.0\nintel add b60 0001:1a:00.0\nintel 0 name \"a b\"\nintel 1 memory 5\nintel 0 lies absurd\n"
                                "at 1s intel 0 error fatal_guc 3\nat 1s intel 0 ras correctable l3-fabric 2\nat 2s intel 0 ras correctable l3-fabric cleared\n"
                                "at 2s intel 0 link 1 degraded\nat 2s intel 0 throttle thermal 1\nat 3s intel 0 work 9 9\nat 3s intel 1 survivability on\nat 4s intel 0 wedged\n"
                                "at 4s intel 1 temperature 120\nat 5s intel 0 reset\nat 5s intel 1 remove\nat 6s intel 1 add\nat 6s intel 0 power 2000\nat 7s boot\n";
    static const char alphabet[] = "\n\" \\\t#.-0x19agpunodestm\r";
    const char *rounds = getenv("FUZZ_ROUNDS");
    unsigned long left = rounds != NULL ? strtoul(rounds, NULL, 10) : 6000;
    srand(20240611);
    for (struct report report; left > 0; left--) {
        const char *const texts[] = { good, divided, units, intel }, *from = texts[left % 4];
        size_t whole = strlen(from), size = (size_t)rand() % (whole + 1);
        char *text = malloc(size + 1); /* of the exact size, so that a checker sees one byte too many */
        CHECK(text != NULL);
        memcpy(text, from + (rand() % 2 != 0 ? 0 : whole - size), size);
        for (int changes = rand() % 12; changes > 0 && size > 0; changes--)
            text[(size_t)rand() % size] = rand() % 3 != 0 ? alphabet[(size_t)rand() % (sizeof alphabet - 1)] : (char)rand();
        struct scenario *scenario = scenario_parse(text, size, note, &report);
        static struct sim_state state;
        sim_state_start(scenario, &state);
        sim_state_advance(scenario, &state, INT64_MAX);
        for (size_t i = 0; i < scenario->entry_count; i++)
            CHECK(scenario->entries[i].action.device < devices_of(scenario, scenario->entries[i].action.target) && scenario->entries[i].at >= 0);
        scenario_free(scenario);
        free(text);
    }
}

/* Not what somebody mistyped but what is no scenario at all. Each must be told, in words that hold nothing of it that a terminal obeys, and leave a node. */
static void hostile_scenarios_are_told_and_leave_a_node(void)
{
    static char longest[3000], words[1200], digits[700], entries[400000];
    memset(longest, 'x', sizeof longest - 1);
    for (size_t i = 0; i + 2 < sizeof words; i += 2) memcpy(words + i, "a ", 2);
    memset(digits, '9', sizeof digits - 1);
    memcpy(digits, "npus ", 5);
    size_t used = 0;
    while (used + 32 < sizeof entries) used += (size_t)snprintf(entries + used, sizeof entries - used, "at 1s intel 0 lost\n");
    const struct { const char *text; size_t size; } texts[] = {
        { longest, sizeof longest - 1 }, { words, strlen(words) }, { digits, sizeof digits - 1 }, { "\0\0\0\0", 4 }, { "node\0l4\n", 8 },
        { "\xff\xfe n\0o\0d\0e\0", 12 }, { "\xef\xbb\xbfnode l4\n", 11 }, { "%s%n%p 100%\n", 11 }, { "\x1b[2J\x1b]0;x\x07\n", 10 }, { "\"", 1 }, { "\"\\", 2 }, { "\"\\x4", 4 },
        { "at 1e308s boot\n", 15 }, { "at -1s boot\n", 12 }, { "at 99999999999999999999s boot\n", 30 }, { "latency init -5s\n", 17 }, { "node ../../etc/passwd\n", 22 },
        { "intel add b60 0000:00:00.0\nintel add b60 0000:00:00.0\n", 54 }, { "intel add b60 ffff:ff:00.00\n", 28 }, { "intel add b60 \xff\xff\xff\xff:00:00.0\n", 27 },
        { "without ze\n without \"\"\n", 24 }, { "intel 99999999999999999999 lost x\n", 34 }, { entries, used },
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct report report = { 0 };
        char *text = malloc(texts[i].size); /* of the exact size, and without an end */
        CHECK(text != NULL);
        memcpy(text, texts[i].text, texts[i].size);
        struct scenario *scenario = scenario_parse(text, texts[i].size, note, &report);
        static struct sim_state state;
        sim_state_start(scenario, &state);
        sim_state_advance(scenario, &state, INT64_MAX);
        if (report.count == 0) check_failed(__FILE__, __LINE__, "text %zu is called good", i);
        for (const char *at = report.what; *at != '\0'; at++)
            if ((unsigned char)*at < 0x20 || *at == 0x7f) check_failed(__FILE__, __LINE__, "text %zu is told with the byte %#x", i, (unsigned char)*at);
        CHECK(scenario->model != NULL && scenario->entry_count == 0);
        scenario_free(scenario);
        free(text);
    }
}

const struct test parser_tests[] = {
    { "durations are exact", durations_are_exact },
    { "numbers are decimal or hexadecimal", numbers_are_decimal_or_hexadecimal },
    { "every wrong line is named and the rest is read", every_wrong_line_is_named_and_the_rest_is_read },
    { "node comes first and once", node_comes_first_and_once },
    { "a timeline is in order of time, then line", a_timeline_is_in_order_of_time_then_line },
    { "keys stay when lines are put before, and twins differ", keys_stay_when_lines_are_put_before_and_twins_differ },
    { "overrides are read", overrides_are_read },
    { "damaged scenarios are survived", damaged_scenarios_are_survived },
    { "hostile scenarios are told and leave a node", hostile_scenarios_are_told_and_leave_a_node },
};
const size_t parser_test_count = sizeof parser_tests / sizeof parser_tests[0];
