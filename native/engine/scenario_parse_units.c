/* Statements about NPUs, MLUs and Intel's GPUs. */
#include "scenario_parser.h"

#include <stdio.h>
#include <string.h>

bool parser_count(struct parser *parser, const struct sim_words *words, unsigned vendor)
{
    int64_t count;
    static const char *const forms[] = { "npus COUNT", "mlus COUNT", "intels COUNT" };
    if (!parser_takes(parser, words, 2, forms[vendor])) return false;
    if (!sim_number(words->word[1], &count) || count < 0 || count > SIM_MAX_UNITS)
        return parser_fail(parser, "is no count; it is a number from 0 to 64", words->word[1]);
    if (parser->scenario->model->units[vendor].model == NULL)
        return parser_fail(parser, "is not on this node; name one that has them, for example ascend910b-8, mlu370-8, max1550-4 or mixed", words->word[0]);
    if (parser->counted) return parser_fail(parser, "comes too late; it stands before all that is about a device", words->word[0]);
    parser->scenario->units[vendor] = (unsigned)count;
    return true;
}

/* N name TEXT, N numa NODE: what no command says. */
static bool parse_identity(struct parser *parser, const struct sim_words *words, unsigned vendor, bool name)
{
    int64_t unit, node;
    struct sim_action unused;
    if (!sim_number(words->word[1], &unit) || unit < 0 || unit >= parser->scenario->units[vendor])
        return sim_parse_command(parser->scenario, words, 0, &unused, parser->error); /* says which there are */
    if (!parser_takes(parser, words, 4, name ? "N name \"TEXT\"" : "N numa NODE")) return false;
    struct unit_override *override = &parser->scenario->unit[vendor][unit];
    if (name) {
        if (strlen(words->word[3]) >= sizeof override->name || words->word[3][0] == '\0')
            return parser_fail(parser, "is no name; it has 1 to 31 bytes", words->word[3]);
        strcpy(override->name, words->word[3]);
        return true;
    }
    if (!sim_number(words->word[3], &node) || node < -1 || node > 1023)
        return parser_fail(parser, "is no NUMA node; it is a number from 0 to 1023, or -1 for none", words->word[3]);
    override->numa = (int)node;
    return override->numa_set = true;
}

bool parser_unit(struct parser *parser, const struct sim_words *words, unsigned vendor)
{
    parser->counted = true;
    if (words->count < 4)
        return parser_takes(parser, words, 4, "npu N, mlu N or intel N with name TEXT, numa NODE, temperature, power, utilization or memory and a number, "
                                              "process, vnpu, mim, smlu or lies");
    const bool name = strcmp(words->word[2], "name") == 0;
    if (name || strcmp(words->word[2], "numa") == 0) return parse_identity(parser, words, vendor, name);

    struct sim_action action;
    if (!sim_parse_command(parser->scenario, words, 0, &action, parser->error)) return false;
    struct unit_override *override = &parser->scenario->unit[vendor][action.device];
    switch (action.kind) {
    case SIM_TEMPERATURE: override->temperature = (int)action.value; return true;
    case SIM_POWER: override->power = (int)action.value; return true;
    case SIM_UTILIZATION: override->utilization = (int)action.value; return true;
    case UNIT_MEMORY: override->memory_mb = (int)action.value; return true;
    /* How a unit is set up from its start, rather than a fault of it. */
    case SIM_PROCESS: case UNIT_MODE: case UNIT_PART: case UNIT_SHARE: case UNIT_VFS: case SIM_LIES: case UNIT_OUTBAND: case UNIT_RESET_WORKS:
        return parser_add_entry(parser, words, 0, 0);
    default: return parser_fail(parser, "needs a time; write it as: at 0s npu N ..., at 0s mlu N ... or at 0s intel N ...", words->word[2]);
    }
}

/* A PCI address of function 0, as the kernel writes it. */
static bool read_address(const char *word, struct unit_place *place)
{
    int end = 0;
    unsigned domain, bus;
    if (strlen(word) != 12 || strspn(word, "0123456789abcdef:.") != 12) return false;
    if (sscanf(word, "%4x:%2x:00.0%n", &domain, &bus, &end) != 2 || end != 12) return false;
    *place = (struct unit_place){ .domain = domain, .bus = bus };
    return true;
}

static bool add_intel(struct parser *parser, const struct sim_words *words)
{
    const struct unit_model *const kinds[] = { &unit_max1550, &unit_b60 };
    struct scenario *scenario = parser->scenario;
    struct intel_board board = { NULL, { 0 } };
    if (!parser_takes(parser, words, 4, "intel add KIND ADDRESS, for example: intel add max1550 0000:18:00.0")) return false;
    if (parser->counted) return parser_fail(parser, "comes too late; it stands before all that is about a device", words->word[1]);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i]->family, words->word[2]) == 0) board.model = kinds[i];
    if (board.model == NULL) return parser_fail(parser, "is no Intel GPU; there are max1550 and b60", words->word[2]);
    if (!read_address(words->word[3], &board.place)) return parser_fail(parser, "is no PCI address; right would be 0000:18:00.0", words->word[3]);
    unsigned *count = &scenario->units[UNIT_INTEL];
    for (unsigned i = 0; i < *count; i++)
        if (scenario->intel[i].place.domain == board.place.domain && scenario->intel[i].place.bus == board.place.bus)
            return parser_fail(parser, "has an Intel GPU already", words->word[3]);
    if (*count == SIM_MAX_UNITS) return parser_fail(parser, "is one too many; a node has at most 64 Intel GPUs", words->word[3]);
    scenario->intel[(*count)++] = board;
    return true;
}

bool parser_intel(struct parser *parser, const struct sim_words *words)
{
    if (words->count > 1 && strcmp(words->word[1], "add") == 0) return add_intel(parser, words);
    return parser_unit(parser, words, UNIT_INTEL);
}
