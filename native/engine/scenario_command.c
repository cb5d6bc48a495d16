/* Reads a command by the table of patterns, and explains what would have been right. */
#include "command_patterns.h"

#include <stdio.h>
#include <string.h>

struct found {
    const char *word[4]; /* what stands in the holes */
    char sort[4];
    size_t count;
};

/* How many words of the pattern match, and whether all do and none is left over. What is in the holes is taken unchecked. */
static size_t match(const char *pattern, const struct sim_words *words, size_t from, struct found *found, bool *whole)
{
    size_t matched = 0;
    found->count = 0;
    while (*pattern != '\0') {
        size_t length = strcspn(pattern, " ");
        if (from + matched >= words->count) return *whole = false, matched;
        const char *word = words->word[from + matched];
        if (length == 1 && (*pattern == '#' || *pattern == '*')) {
            found->sort[found->count] = *pattern;
            found->word[found->count++] = word;
        } else if (strlen(word) != length || strncmp(word, pattern, length) != 0) return *whole = false, matched;
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

/* The pattern with the meanings of its holes in their places. */
static size_t append_form(char error[SIM_MAX_ERROR], size_t used, const struct pattern *pattern)
{
    size_t hole = 0;
    for (const char *at = pattern->text; *at != '\0'; at++) {
        char one[2] = { *at, '\0' };
        used = append(error, used, *at == '#' || *at == '*' ? pattern->hole[hole++].meaning : one);
    }
    return used;
}

/* "what; right would be: xid CODE, lost, ...", with those patterns that begin like the words do. */
static void explain(const struct pattern *patterns, size_t count, const struct sim_words *words, size_t from,
                    const char *where, char error[SIM_MAX_ERROR])
{
    size_t best = 0;
    struct found found;
    bool whole;
    for (size_t i = 0; i < count; i++) {
        size_t matched = match(patterns[i].text, words, from, &found, &whole);
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
        if (match(patterns[i].text, words, from, &found, &whole) < best) continue;
        used = append(error, used, separator);
        used = append_form(error, used, &patterns[i]);
        separator = ", ";
    }
}

/* A division of a GPU, in one word or with xCOUNT behind it. */
static bool read_layout(const struct gpu_model *gpu, const struct found *found, struct sim_action *action, char error[SIM_MAX_ERROR])
{
    int64_t times = 1;
    if (gpu->mig == NULL) return snprintf(error, SIM_MAX_ERROR, "a %s cannot be divided; use an A100, H100 or later", gpu->gpu_name), false;
    if (found->count > 1 && (found->word[1][0] != 'x' || !sim_number(found->word[1] + 1, &times) || times < 1 || times > MIG_SLICES)) {
        char shown[64];
        snprintf(error, SIM_MAX_ERROR, "'%s' is no count; right would be x1 to x7", sim_show(found->word[1], shown));
        return false;
    }
    return mig_layout_parse(gpu->mig, found->word[0], (unsigned)times, &action->layout, error, SIM_MAX_ERROR);
}

static bool in_range(const struct pattern *pattern, size_t hole, const char *word, int64_t highest, int64_t *value, char error[SIM_MAX_ERROR])
{
    char shown[64];
    if (sim_number(word, value) && *value >= pattern->hole[hole].lowest && *value <= highest) return true;
    snprintf(error, SIM_MAX_ERROR, "'%s' is no %s; it is a number from %lld to %lld", sim_show(word, shown),
             pattern->hole[hole].meaning, (long long)pattern->hole[hole].lowest, (long long)highest);
    return false;
}

/* Puts what stands in the holes into the action. gpu is NULL for a command of the node. */
static bool fill(const struct pattern *pattern, const struct gpu_model *gpu, const struct found *found, struct sim_action *action,
                 char error[SIM_MAX_ERROR])
{
    *action = (struct sim_action){ .target = action->target, .kind = pattern->kind, .device = action->device, .value = pattern->fixed, .more = { pattern->fixed } };
    if (pattern->kind == SIM_MIG) return read_layout(gpu, found, action, error);
    if (pattern->kind == SIM_MIG_MODE && gpu->mig == NULL)
        return snprintf(error, SIM_MAX_ERROR, "a %s cannot be divided; use an A100, H100 or later", gpu->gpu_name), false;
    if (pattern->kind == SIM_DRIVER_VERSION) {
        if (strlen(found->word[0]) >= sizeof action->text) return snprintf(error, SIM_MAX_ERROR, "a version has at most %zu bytes", sizeof action->text - 1), false;
        strcpy(action->text, found->word[0]);
        return true;
    }
    for (size_t i = 0; i < found->count; i++) {
        int64_t value, highest = pattern->hole[i].highest;
        if (pattern->hole[i].meaning[0] == 'L' && pattern->hole[i].meaning[1] == '\0') {
            if (gpu->links == 0) {
                snprintf(error, SIM_MAX_ERROR, "a %s has no NVLink; use a node with links, for example dgx-h100", gpu->gpu_name);
                return false;
            }
            highest = gpu->links - 1;
        }
        if (!in_range(pattern, i, found->word[i], highest, &value, error)) return false;
        if (i + 1 == found->count) action->value = value;
        else action->more[i + 1] = value;
    }
    return true;
}

static bool parse_with(const struct pattern *patterns, size_t count, const struct gpu_model *gpu,
                       const struct sim_words *words, size_t from, const char *where,
                       struct sim_action *action, char error[SIM_MAX_ERROR])
{
    for (size_t i = 0; i < count; i++) {
        struct found found;
        bool whole;
        match(patterns[i].text, words, from, &found, &whole);
        if (whole) return fill(&patterns[i], gpu, &found, action, error);
    }
    explain(patterns, count, words, from, where, error);
    return false;
}

bool sim_parse_command(const struct node_model *model, const struct sim_words *words, size_t from,
                       struct sim_action *action, char error[SIM_MAX_ERROR])
{
    *action = (struct sim_action){ 0 };
    if (from >= words->count || strcmp(words->word[from], "gpu") != 0)
        return parse_with(node_patterns, node_pattern_count, NULL, words, from, "gpu N ..., ", action, error);

    int64_t gpu;
    char shown[64];
    if (from + 1 >= words->count || !sim_number(words->word[from + 1], &gpu) || gpu < 0 || gpu >= model->gpus) {
        snprintf(error, SIM_MAX_ERROR, "'%s' is no GPU of %s; its GPUs are 0 to %u",
                 from + 1 < words->count ? sim_show(words->word[from + 1], shown) : "", model->name, model->gpus - 1);
        return false;
    }
    action->target = TARGET_GPU;
    action->device = (unsigned)gpu;
    return parse_with(gpu_patterns, gpu_pattern_count, model->gpu[gpu], words, from + 2, "gpu N with ", action, error);
}
