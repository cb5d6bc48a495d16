/* Statements about NPUs and MLUs. */
#include "scenario_parser.h"

#include <string.h>

bool parser_count(struct parser *parser, const struct sim_words *words, unsigned vendor)
{
    int64_t count;
    if (!parser_takes(parser, words, 2, vendor == UNIT_NPU ? "npus COUNT" : "mlus COUNT")) return false;
    if (!sim_number(words->word[1], &count) || count < 0 || count > SIM_MAX_UNITS)
        return parser_fail(parser, "is no count; it is a number from 0 to 64", words->word[1]);
    if (parser->scenario->model->units[vendor].model == NULL)
        return parser_fail(parser, "is not on this node; name one that has them, for example ascend910b-8, mlu370-8 or mixed", words->word[0]);
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
        return parser_takes(parser, words, 4, "npu N or mlu N with name TEXT, numa NODE, temperature, power, utilization or memory and a number, "
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
    default: return parser_fail(parser, "needs a time; write it as: at 0s npu N ... or at 0s mlu N ...", words->word[2]);
    }
}
