/* The commands of a timeline, as one table: its patterns are grammar, validation and error text in one. */
#include "scenario.h"

#include <stdio.h>
#include <string.h>

struct pattern {
    const char *text; /* # stands for the number that becomes the action's value */
    enum sim_kind kind;
    int64_t lowest, highest;
    const char *meaning; /* of the number */
};

static const struct pattern gpu_patterns[] = {
    { "xid #", SIM_XID, 1, 999, "CODE" },
    { "lost", SIM_LOST, 0, 0, "" },
    { "hang", SIM_HANG, 0, 0, "" },
    { "unhang", SIM_UNHANG, 0, 0, "" },
    { "ecc corrected #", SIM_ECC_CORRECTED, 1, 1000000000, "COUNT" },
    { "ecc uncorrected #", SIM_ECC_UNCORRECTED, 1, 1000000000, "COUNT" },
    { "remap pending", SIM_REMAP_PENDING, 0, 0, "" },
    { "remap failed", SIM_REMAP_FAILED, 0, 0, "" },
    { "remap uncorrectable #", SIM_REMAP_UNCORRECTABLE, 1, 512, "COUNT" },
    { "remap correctable #", SIM_REMAP_CORRECTABLE, 1, 512, "COUNT" },
    { "throttle #", SIM_THROTTLE, 0, 0x1ff, "0xBITS" },
    { "temperature #", SIM_TEMPERATURE, -40, 150, "C" },
    { "power #", SIM_POWER, 0, 2000, "W" },
    { "utilization #", SIM_UTILIZATION, 0, 100, "PERCENT" },
    { "link # down", SIM_LINK_DOWN, 0, 0, "L" },
    { "link # up", SIM_LINK_UP, 0, 0, "L" },
    { "reset", SIM_RESET, 0, 0, "" },
};

static const struct pattern node_patterns[] = {
    { "segv", SIM_SEGV, 0, 0, "" },
    { "segv always", SIM_SEGV_ALWAYS, 0, 0, "" },
    { "boot", SIM_BOOT, 0, 0, "" },
    { "event-wait fails", SIM_WAIT_FAILS, 0, 0, "" },
    { "event-wait works", SIM_WAIT_WORKS, 0, 0, "" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* How many words of the pattern match, and whether all do and none is left over. The number is taken unchecked. */
static size_t match(const char *pattern, const struct sim_words *words, size_t from, const char **number, bool *whole)
{
    size_t matched = 0;
    while (*pattern != '\0') {
        size_t length = strcspn(pattern, " ");
        if (from + matched >= words->count) return *whole = false, matched;
        const char *word = words->word[from + matched];
        if (length == 1 && *pattern == '#') *number = word;
        else if (strlen(word) != length || strncmp(word, pattern, length) != 0) return *whole = false, matched;
        matched++;
        pattern += length + (pattern[length] == ' ');
    }
    *whole = from + matched == words->count;
    return matched;
}

static size_t append(char error[SIM_MAX_ERROR], size_t used, const char *text)
{
    int wrote = snprintf(error + used, SIM_MAX_ERROR - used, "%s", text);
    used += (size_t)wrote;
    return used < SIM_MAX_ERROR ? used : SIM_MAX_ERROR - 1;
}

/* "what; right would be: xid CODE, lost, ...", with those patterns that begin like the words do. */
static void explain(const struct pattern *patterns, size_t count, const struct sim_words *words, size_t from,
                    const char *where, char error[SIM_MAX_ERROR])
{
    size_t best = 0;
    for (size_t i = 0; i < count; i++) {
        const char *number = NULL;
        bool whole;
        size_t matched = match(patterns[i].text, words, from, &number, &whole);
        best = matched > best ? matched : best;
    }
    char shown[64];
    size_t used;
    if (from + best >= words->count) used = append(error, 0, "the command is not complete");
    else {
        used = append(error, 0, "unknown or misplaced '");
        used = append(error, used, sim_show(words->word[from + best], shown));
        used = append(error, used, "'");
    }
    used = append(error, used, "; right would be ");
    used = append(error, used, where);
    const char *separator = "";
    for (size_t i = 0; i < count; i++) {
        const char *number = NULL, *text = patterns[i].text;
        bool whole;
        if (match(text, words, from, &number, &whole) < best) continue;
        used = append(error, used, separator);
        const char *hole = strchr(text, '#');
        char form[64];
        if (hole != NULL) snprintf(form, sizeof form, "%.*s%s%s", (int)(hole - text), text, patterns[i].meaning, hole + 1);
        else snprintf(form, sizeof form, "%s", text);
        used = append(error, used, form);
        separator = ", ";
    }
}

static bool parse_with(const struct pattern *patterns, size_t count, const struct node_model *model,
                       const struct sim_words *words, size_t from, const char *where,
                       struct sim_action *action, char error[SIM_MAX_ERROR])
{
    char shown[64];
    for (size_t i = 0; i < count; i++) {
        const char *number = NULL;
        bool whole;
        match(patterns[i].text, words, from, &number, &whole);
        if (!whole) continue;
        action->kind = patterns[i].kind;
        action->value = 0;
        if (number == NULL) return true;
        int64_t highest = patterns[i].highest;
        if (action->kind == SIM_LINK_DOWN || action->kind == SIM_LINK_UP) {
            if (model->links == 0) {
                snprintf(error, SIM_MAX_ERROR, "a GPU of %s has no NVLink; use a node with links, for example dgx-h100", model->name);
                return false;
            }
            highest = model->links - 1;
        }
        if (sim_number(number, &action->value) && action->value >= patterns[i].lowest && action->value <= highest) return true;
        snprintf(error, SIM_MAX_ERROR, "'%s' is no %s; it is a number from %lld to %lld", sim_show(number, shown),
                 patterns[i].meaning, (long long)patterns[i].lowest, (long long)highest);
        return false;
    }
    explain(patterns, count, words, from, where, error);
    return false;
}

bool sim_parse_command(const struct node_model *model, const struct sim_words *words, size_t from,
                       struct sim_action *action, char error[SIM_MAX_ERROR])
{
    *action = (struct sim_action){ 0 };
    if (from >= words->count || strcmp(words->word[from], "gpu") != 0)
        return parse_with(node_patterns, COUNT(node_patterns), model, words, from, "gpu N ..., ", action, error);

    int64_t gpu;
    char shown[64];
    if (from + 1 >= words->count || !sim_number(words->word[from + 1], &gpu) || gpu < 0 || gpu >= model->gpus) {
        snprintf(error, SIM_MAX_ERROR, "'%s' is no GPU of %s; its GPUs are 0 to %u",
                 from + 1 < words->count ? sim_show(words->word[from + 1], shown) : "", model->name, model->gpus - 1);
        return false;
    }
    action->gpu = (unsigned)gpu;
    return parse_with(gpu_patterns, COUNT(gpu_patterns), model, words, from + 2, "gpu N with ", action, error);
}
