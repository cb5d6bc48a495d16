#include "scenario_parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool parser_fail(struct parser *parser, const char *what, const char *word)
{
    char shown[64];
    snprintf(parser->error, sizeof parser->error, "'%s' %s", sim_show(word, shown), what);
    return false;
}

bool parser_takes(struct parser *parser, const struct sim_words *words, size_t count, const char *form)
{
    if (words->count == count) return true;
    snprintf(parser->error, sizeof parser->error, "%s has %zu words here; right would be %s", words->word[0], words->count, form);
    return false;
}

static void use_model(struct scenario *scenario, const struct node_model *model)
{
    scenario->model = model;
    for (unsigned vendor = 0; vendor < UNIT_VENDORS; vendor++) scenario->units[vendor] = model->units[vendor].count;
    const struct unit_group *intel = &model->units[UNIT_INTEL];
    for (unsigned i = 0; i < SIM_MAX_UNITS; i++)
        scenario->intel[i] = (struct intel_board){ intel->model, { .bus = intel->place[0].bus + i, .numa = (int)i / 16 } };
}

const struct unit_model *scenario_unit_model(const struct scenario *scenario, unsigned vendor, unsigned unit)
{
    return vendor == UNIT_INTEL ? scenario->intel[unit].model : scenario->model->units[vendor].model;
}

static bool parse_node(struct parser *parser, const struct sim_words *words)
{
    if (!parser_takes(parser, words, 2, "node MODEL")) return false;
    if (parser->settled) return parser_fail(parser, "comes too late; node is the first statement of a scenario", words->word[0]);
    const struct node_model *model = node_model_find(words->word[1]);
    if (model == NULL) {
        char shown[64];
        size_t used = (size_t)snprintf(parser->error, sizeof parser->error, "'%s' is no model; there are", sim_show(words->word[1], shown));
        for (size_t i = 0; (model = node_model_at(i)) != NULL; i++)
            used += (size_t)snprintf(parser->error + used, sizeof parser->error - used, "%s %s", i > 0 ? "," : "", model->name);
        return false;
    }
    use_model(parser->scenario, model);
    return true;
}

bool parser_add_entry(struct parser *parser, const struct sim_words *words, size_t from, int64_t at)
{
    struct scenario *scenario = parser->scenario;
    struct sim_entry entry = { .line = parser->line, .at = at, .gi = UINT32_MAX, .ci = UINT32_MAX };
    if (!sim_parse_command(scenario, words, from, &entry.action, parser->error)) return false;
    sim_join(words, from, entry.text, sizeof entry.text);
    if (scenario->entry_count == SIM_MAX_ENTRIES) return parser_fail(parser, "is one too many; a timeline has at most 10000 entries", words->word[from]);
    if (scenario->entry_count == parser->capacity) {
        parser->capacity = parser->capacity * 2 + 16;
        struct sim_entry *grown = realloc(scenario->entries, parser->capacity * sizeof *grown);
        if (grown == NULL) abort(); /* a simulator out of memory has nothing better to do */
        scenario->entries = grown;
    }
    scenario->entries[scenario->entry_count++] = entry;
    return true;
}

/* Statements about a GPU without a time. The pinned readings share grammar and limits with the timeline. */
static bool parse_gpu(struct parser *parser, const struct sim_words *words)
{
    const struct node_model *model = parser->scenario->model;
    int64_t index, value;
    if (words->count < 4) return parser_takes(parser, words, 4, "gpu N name TEXT, gpu N numa NODE, or gpu N temperature, power or utilization with a number, gpu N mig, process, vgpu, fabric or lies");
    if (!sim_number(words->word[1], &index) || index < 0 || index >= model->gpus) {
        struct sim_action unused;
        return sim_parse_command(parser->scenario, words, 0, &unused, parser->error); /* says which GPUs there are */
    }
    struct gpu_override *override = &parser->scenario->gpu[index];
    if (strcmp(words->word[2], "name") == 0) {
        if (!parser_takes(parser, words, 4, "gpu N name \"TEXT\", in quotes when it holds blanks")) return false;
        if (strlen(words->word[3]) >= sizeof override->name || words->word[3][0] == '\0')
            return parser_fail(parser, "is no name; it has 1 to 95 bytes", words->word[3]);
        strcpy(override->name, words->word[3]);
        return true;
    }
    if (strcmp(words->word[2], "numa") == 0) {
        if (!parser_takes(parser, words, 4, "gpu N numa NODE")) return false;
        if (!sim_number(words->word[3], &value) || value < -1 || value > 1023)
            return parser_fail(parser, "is no NUMA node; it is a number from 0 to 1023, or -1 for none", words->word[3]);
        override->numa = (int)value;
        override->numa_set = true;
        return true;
    }
    struct sim_action action;
    if (!sim_parse_command(parser->scenario, words, 0, &action, parser->error)) return false;
    switch (action.kind) {
    case SIM_TEMPERATURE: override->temperature = (int)action.value; return true;
    case SIM_POWER: override->power = (int)action.value; return true;
    case SIM_UTILIZATION: override->utilization = (int)action.value; return true;
    /* How a node is set up from its start, rather than a fault of it. */
    case SIM_MIG: case SIM_MIG_MODE: case SIM_PROCESS: case SIM_MIG_PROCESS: case SIM_VGPU: case SIM_FABRIC: case SIM_FABRIC_HEALTH: case SIM_LIES:
        return parser_add_entry(parser, words, 0, 0);
    default: return parser_fail(parser, "needs a time; write it as: at 0s gpu N ...", words->word[2]);
    }
}

static bool parse_at(struct parser *parser, const struct sim_words *words)
{
    int64_t at;
    if (words->count < 3) return parser_takes(parser, words, 3, "at TIME COMMAND, for example: at 5s gpu 3 xid 79");
    if (!sim_duration(words->word[1], &at)) return parser_fail(parser, "is no time; right would be 5s, 250ms or 1.5m", words->word[1]);
    parser->counted = true;
    return parser_add_entry(parser, words, 2, at);
}

static bool parse_statement(struct parser *parser, const struct sim_words *words)
{
    struct scenario *scenario = parser->scenario;
    const char *first = words->word[0];
    if (strcmp(first, "node") == 0) {
        bool good = parse_node(parser, words);
        parser->settled = true; /* one node only */
        return good;
    }
    parser->settled = true;
    if (strcmp(first, "at") == 0) return parse_at(parser, words);
    if (strcmp(first, "gpu") == 0) return parse_gpu(parser, words);
    if (strcmp(first, "npu") == 0) return parser_unit(parser, words, UNIT_NPU);
    if (strcmp(first, "mlu") == 0) return parser_unit(parser, words, UNIT_MLU);
    if (strcmp(first, "intel") == 0) return parser_intel(parser, words);
    if (strcmp(first, "npus") == 0) return parser_count(parser, words, UNIT_NPU);
    if (strcmp(first, "mlus") == 0) return parser_count(parser, words, UNIT_MLU);
    if (strcmp(first, "intels") == 0) return parser_count(parser, words, UNIT_INTEL);
    if (strcmp(first, "driver-version") == 0) {
        if (!parser_takes(parser, words, 2, "driver-version 570.124.06")) return false;
        if (strlen(words->word[1]) >= sizeof scenario->driver_version) return parser_fail(parser, "is too long; a version has up to 79 bytes", words->word[1]);
        strcpy(scenario->driver_version, words->word[1]);
        return true;
    }
    if (strcmp(first, "latency") == 0) {
        if (!parser_takes(parser, words, 3, "latency init TIME")) return false;
        bool init = strcmp(words->word[1], "init") == 0;
        if (!init && strcmp(words->word[1], "reset") != 0)
            return parser_fail(parser, "has no latency to set; right would be latency init TIME or latency reset TIME", words->word[1]);
        return sim_duration(words->word[2], init ? &scenario->init_latency : &scenario->reset_latency)
            || parser_fail(parser, "is no time; right would be 5s, 250ms or 1.5m", words->word[2]);
    }
    if (strcmp(first, "without") == 0) {
        if (!parser_takes(parser, words, 2, "without SYMBOL")) return false;
        bool known = strncmp(words->word[1], "nvml", 4) == 0 || strncmp(words->word[1], "dcmi", 4) == 0 || strncmp(words->word[1], "cndev", 5) == 0
            || strncmp(words->word[1], "ze", 2) == 0;
        if (!known || strlen(words->word[1]) >= sizeof scenario->without[0])
            return parser_fail(parser, "is no function of a library; right would be for example: without nvmlDeviceGetTemperatureV", words->word[1]);
        if (scenario->without_count == SIM_MAX_WITHOUT) return parser_fail(parser, "is one too many; at most 64 functions can be left out", words->word[1]);
        strcpy(scenario->without[scenario->without_count++], words->word[1]);
        return true;
    }
    return parser_fail(parser, "is no statement; there are node, gpu, npu, mlu, intel, npus, mlus, intels, driver-version, latency, without and at", first);
}

static int by_time(const void *left, const void *right)
{
    const struct sim_entry *a = left, *b = right;
    if (a->at != b->at) return a->at < b->at ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

/* A reader that saw an entry knows it again by its key, also when lines were put before it meanwhile.
   Equal entries at one time are told apart by their order. */
static void give_keys(struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->entry_count; i++) {
        struct sim_entry *entry = &scenario->entries[i];
        uint64_t key = sim_hash((uint64_t)entry->at, entry->text, strlen(entry->text));
        uint64_t twins = 0;
        for (size_t j = i; j-- > 0 && scenario->entries[j].at == entry->at;)
            twins += strcmp(scenario->entries[j].text, entry->text) == 0;
        entry->key = sim_hash(key, &twins, sizeof twins);
    }
}

struct scenario *scenario_parse(const char *text, size_t size, sim_report *report, void *context)
{
    struct parser parser = { .scenario = calloc(1, sizeof(struct scenario)) };
    if (parser.scenario == NULL) abort();
    use_model(parser.scenario, node_model_at(0));
    parser.scenario->reset_latency = 500000000;
    for (size_t i = 0; i < SIM_MAX_GPUS; i++)
        parser.scenario->gpu[i] = (struct gpu_override){ .temperature = SIM_UNSET, .power = SIM_UNSET, .utilization = SIM_UNSET };
    for (size_t i = 0; i < UNIT_VENDORS * SIM_MAX_UNITS; i++)
        parser.scenario->unit[i / SIM_MAX_UNITS][i % SIM_MAX_UNITS] =
            (struct unit_override){ .temperature = SIM_UNSET, .power = SIM_UNSET, .utilization = SIM_UNSET, .memory_mb = SIM_UNSET };

    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end != NULL ? (size_t)(end - (text + at)) : size - at;
        struct sim_words words;
        parser.line++;
        bool good = sim_split(text + at, length, &words, parser.error);
        if (good && words.count > 0) good = parse_statement(&parser, &words);
        if (!good) report(context, parser.line, parser.error);
        at += length + 1;
    }
    if (parser.scenario->entry_count > 0)
        qsort(parser.scenario->entries, parser.scenario->entry_count, sizeof(struct sim_entry), by_time);
    give_keys(parser.scenario);
    return parser.scenario;
}

void scenario_free(struct scenario *scenario)
{
    if (scenario == NULL) return;
    free(scenario->entries);
    free(scenario);
}
