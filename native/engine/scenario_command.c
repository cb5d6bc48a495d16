/* Reads a command by the table of patterns, and explains what would have been right. */
#include "command_patterns.h"

#include <stdio.h>
#include <string.h>

/* Whom a command is about: one of them, or none for a command of the node. */
struct subject {
    const struct gpu_model *gpu;
    const struct unit_model *unit;
    unsigned only; /* which of unit_patterns are its */
};

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

static bool is_of(const struct subject *subject, const struct pattern *pattern)
{
    return pattern->only == 0 || (pattern->only & subject->only) != 0;
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
static void explain(const struct pattern *patterns, size_t count, const struct subject *subject, const struct sim_words *words, size_t from,
                    const char *where, char error[SIM_MAX_ERROR])
{
    size_t best = 0;
    struct found found;
    bool whole;
    for (size_t i = 0; i < count; i++) {
        if (!is_of(subject, &patterns[i])) continue;
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
        if (!is_of(subject, &patterns[i]) || match(patterns[i].text, words, from, &found, &whole) < best) continue;
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

/* The words that name a profile of the unit, or an incident. */
static bool read_name(const struct pattern *pattern, const struct unit_model *unit, const char *word, struct sim_action *action,
                      char error[SIM_MAX_ERROR])
{
    char shown[64];
    unsigned code;
    if (pattern->kind == UNIT_INCIDENT) {
        if (unit_incident_find(word, &code)) return action->more[1] = code, true;
        snprintf(error, SIM_MAX_ERROR, "'%s' is no incident; right would be for example MLULINK_DOWN or DBE_VIOLATION", sim_show(word, shown));
        return false;
    }
    const struct unit_profile *profile = unit_profile_find(unit, word);
    if (profile != NULL) return action->value = profile - unit->profiles, true;
    size_t used = (size_t)snprintf(error, SIM_MAX_ERROR, "'%s' is no part of a %s; there are", sim_show(word, shown), unit->name);
    for (profile = unit->profiles; profile != NULL && profile->name != NULL; profile++) {
        used = append(error, used, " ");
        used = append(error, used, profile->name);
    }
    if (unit->profiles == NULL) append(error, used, " none");
    return false;
}

/* A word that says which of the RAS counters of an Intel GPU, and the number that may stand behind it. */
static bool read_counter(const struct pattern *pattern, const struct found *found, struct sim_action *action, char error[SIM_MAX_ERROR])
{
    char shown[64];
    unsigned type = (unsigned)pattern->fixed, category;
    const bool file = pattern->text[0] == 'e';
    if (!(file ? intel_error_find(found->word[0], &type, &category) : intel_category_find(found->word[0], &category))) {
        snprintf(error, SIM_MAX_ERROR, "'%s' is no %s; right would be %s", sim_show(found->word[0], shown), file ? "file of error_counter" : "category of errors",
                 file ? "fatal_guc, sgunit_fatal, sgunit_nonfatal, correctable_l3_sng, driver_ggtt or engine_reset"
                      : "reset, programming, driver, compute, non-compute, cache, display, memory, scale, l3-fabric, pcie, fabric or soc");
        return false;
    }
    action->more[0] = type;
    action->more[1] = category;
    return found->count == 1 || in_range(pattern, 1, found->word[1], pattern->hole[1].highest, &action->value, error);
}

/* The highest number that the subject's links have; false: it has none. */
static bool highest_link(const struct subject *subject, int64_t *highest, char error[SIM_MAX_ERROR])
{
    unsigned links = subject->gpu != NULL ? subject->gpu->links : subject->unit->links;
    *highest = (int64_t)links - 1;
    if (links > 0) return true;
    if (subject->gpu != NULL)
        snprintf(error, SIM_MAX_ERROR, "a %s has no NVLink; use a node with links, for example dgx-h100", subject->gpu->gpu_name);
    else
        snprintf(error, SIM_MAX_ERROR, "a %s has no links to others; use a node with links, for example ascend910b-8, mlu370-8 or max1550-4", subject->unit->name);
    return false;
}

/* Puts what stands in the holes into the action. */
static bool fill(const struct pattern *pattern, const struct subject *subject, const struct found *found, struct sim_action *action,
                 char error[SIM_MAX_ERROR])
{
    const struct gpu_model *gpu = subject->gpu;
    *action = (struct sim_action){ .target = action->target, .kind = pattern->kind, .device = action->device, .value = pattern->fixed, .more = { pattern->fixed } };
    if (pattern->kind == SIM_MIG) return read_layout(gpu, found, action, error);
    if (pattern->kind == SIM_MIG_MODE && gpu->mig == NULL)
        return snprintf(error, SIM_MAX_ERROR, "a %s cannot be divided; use an A100, H100 or later", gpu->gpu_name), false;
    if (pattern->kind == SIM_DRIVER_VERSION) {
        if (strlen(found->word[0]) >= sizeof action->text) return snprintf(error, SIM_MAX_ERROR, "a version has at most %zu bytes", sizeof action->text - 1), false;
        strcpy(action->text, found->word[0]);
        return true;
    }
    if (pattern->kind == INTEL_RAS || pattern->kind == INTEL_RAS_CLEARED) return read_counter(pattern, found, action, error);
    if (subject->unit != NULL && found->count == 1 && found->sort[0] == '*')
        return read_name(pattern, subject->unit, found->word[0], action, error);
    for (size_t i = 0; i < found->count; i++) {
        int64_t value, highest = pattern->hole[i].highest;
        bool link = pattern->hole[i].meaning[0] == 'L' && pattern->hole[i].meaning[1] == '\0';
        if (link && !highest_link(subject, &highest, error)) return false;
        if (!in_range(pattern, i, found->word[i], highest, &value, error)) return false;
        if (i + 1 == found->count) action->value = value;
        else action->more[i + 1] = value;
    }
    return true;
}

static bool parse_with(const struct pattern *patterns, size_t count, const struct subject *subject,
                       const struct sim_words *words, size_t from, const char *where,
                       struct sim_action *action, char error[SIM_MAX_ERROR])
{
    for (size_t i = 0; i < count; i++) {
        struct found found;
        bool whole;
        if (!is_of(subject, &patterns[i])) continue;
        match(patterns[i].text, words, from, &found, &whole);
        if (whole) return fill(&patterns[i], subject, &found, action, error);
    }
    explain(patterns, count, subject, words, from, where, error);
    return false;
}

/* Reads the number behind "gpu", "npu", "mlu" or "intel". */
static bool read_device(const struct scenario *scenario, const struct sim_words *words, size_t from, const char *name, unsigned count,
                        unsigned *device, char error[SIM_MAX_ERROR])
{
    int64_t number;
    char shown[64];
    const char *word = from + 1 < words->count ? words->word[from + 1] : "";
    if (sim_number(word, &number) && number >= 0 && number < count) return *device = (unsigned)number, true;
    if (count == 0) snprintf(error, SIM_MAX_ERROR, "'%s' is no %s of %s; it has none", sim_show(word, shown), name, scenario->model->name);
    else snprintf(error, SIM_MAX_ERROR, "'%s' is no %s of %s; its %ss are 0 to %u", sim_show(word, shown), name, scenario->model->name, name, count - 1);
    return false;
}

bool sim_parse_command(const struct scenario *scenario, const struct sim_words *words, size_t from,
                       struct sim_action *action, char error[SIM_MAX_ERROR])
{
    static const char *const names[] = { "npu", "mlu", "intel" }, *const shown[] = { "NPU", "MLU", "Intel GPU" },
                      *const where[] = { "npu N with ", "mlu N with ", "intel N with " };
    const char *first = from < words->count ? words->word[from] : "";
    *action = (struct sim_action){ 0 };
    for (unsigned vendor = 0; vendor < UNIT_VENDORS; vendor++) {
        if (strcmp(first, names[vendor]) != 0) continue;
        if (!read_device(scenario, words, from, shown[vendor], scenario->units[vendor], &action->device, error)) return false;
        action->target = TARGET_NPU + vendor;
        const struct subject unit = { .unit = scenario_unit_model(scenario, vendor, action->device), .only = 1u << vendor };
        return parse_with(unit_patterns, unit_pattern_count, &unit, words, from + 2, where[vendor], action, error);
    }
    struct subject subject = { 0 };
    if (strcmp(first, "gpu") != 0)
        return parse_with(node_patterns, node_pattern_count, &subject, words, from, "gpu N ..., npu N ..., mlu N ..., intel N ..., ", action, error);
    if (!read_device(scenario, words, from, "GPU", scenario->model->gpus, &action->device, error)) return false;
    action->target = TARGET_GPU;
    subject.gpu = scenario->model->gpu[action->device];
    return parse_with(gpu_patterns, gpu_pattern_count, &subject, words, from + 2, "gpu N with ", action, error);
}
