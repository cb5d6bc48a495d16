#define _GNU_SOURCE
#include "simnode.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "aiinfra-simnode simulates the host of an AI node for the simulated vendor libraries.\n"
    "  aiinfra-simnode list                                             the models of nodes\n"
    "  aiinfra-simnode check --scenario FILE                            say what is wrong in a scenario\n"
    "  aiinfra-simnode tree --scenario FILE --root DIR --state DIR      write the host's files\n"
    "  aiinfra-simnode play --scenario FILE --root DIR --state DIR      tell events as they happen, until stdin ends\n"
    "  aiinfra-simnode inject --scenario FILE --state DIR COMMAND       let a command happen now, e.g. \"gpu 3 xid 48\"\n";

struct complaints {
    const char *path;
    unsigned count;
};

static void complain(void *context, unsigned line, const char *what)
{
    struct complaints *complaints = context;
    complaints->count++;
    if (line > 0) fprintf(stderr, "%s:%u: %s\n", complaints->path, line, what);
    else fprintf(stderr, "%s: %s\n", complaints->path, what);
}

struct scenario *simnode_read(struct scenario_file *file, bool first, unsigned *count)
{
    struct complaints complaints = { .path = file->path };
    if (first && access(file->path, R_OK) != 0) {
        complain(&complaints, 0, strerror(errno));
        return NULL;
    }
    struct scenario *scenario = scenario_file_read(file, first, complain, &complaints);
    if (count != NULL) *count = complaints.count;
    return scenario;
}

bool simnode_clock(const struct simnode *options, struct sim_clock *clock)
{
    if (sim_clock_open(clock, options->state)) return true;
    fprintf(stderr, "%s/epoch: %s; --state names a folder that can be written\n", options->state, strerror(errno));
    return false;
}

int simnode_list(void)
{
    const struct node_model *model;
    for (size_t i = 0; (model = node_model_at(i)) != NULL; i++) printf("%-14s %s\n", model->name, model->summary);
    return 0;
}

int simnode_check(const struct simnode *options)
{
    struct scenario_file file = { .path = options->scenario };
    unsigned complaints;
    struct scenario *scenario = simnode_read(&file, true, &complaints);
    if (scenario == NULL) return EXIT_NO_INPUT;
    if (complaints == 0) printf("%s: %s, %zu timed events, no errors\n", file.path, scenario->model->name, scenario->entry_count);
    scenario_free(scenario);
    scenario_file_close(&file);
    return complaints == 0 ? 0 : EXIT_DATA;
}

/* Puts --NAME VALUE pairs into options; the index of the first word that is none, -1 for a wrong one. */
static int parse_options(int count, char **words, struct simnode *options)
{
    int at = 2;
    for (; at < count && strncmp(words[at], "--", 2) == 0; at += 2) {
        const char **target = strcmp(words[at], "--scenario") == 0 ? &options->scenario
                            : strcmp(words[at], "--root") == 0 ? &options->root
                            : strcmp(words[at], "--state") == 0 ? &options->state : NULL;
        if (target == NULL || at + 1 == count) {
            fprintf(stderr, "%s %s\n", words[at], target == NULL ? "is no option; there are --scenario, --root and --state" : "needs a value");
            return -1;
        }
        *target = words[at + 1];
    }
    return at;
}

static bool given(const char *command, const char *value, const char *name)
{
    if (value == NULL) fprintf(stderr, "%s needs %s\n", command, name);
    return value != NULL;
}

int main(int count, char **words)
{
    if (count == 2 && strcmp(words[1], "list") == 0) return simnode_list();
    if (count == 2 && (strcmp(words[1], "--help") == 0 || strcmp(words[1], "help") == 0)) return printf("%s", usage) < 0;
    if (count < 2) return fprintf(stderr, "%s", usage), EXIT_USE;

    struct simnode options = { .command = words[1] };
    bool check = strcmp(words[1], "check") == 0, tree = strcmp(words[1], "tree") == 0;
    bool play = strcmp(words[1], "play") == 0, inject = strcmp(words[1], "inject") == 0;
    if (!check && !tree && !play && !inject) {
        fprintf(stderr, "%s is no command; there are list, check, tree, play and inject\n", words[1]);
        return EXIT_USE;
    }
    int rest = parse_options(count, words, &options);
    if (rest < 0 || !given(words[1], options.scenario, "--scenario FILE")) return EXIT_USE;
    if (!check && !given(words[1], options.state, "--state DIR")) return EXIT_USE;
    if ((tree || play) && !given(words[1], options.root, "--root DIR")) return EXIT_USE;
    if (inject) return simnode_inject(&options, words + rest, count - rest);
    if (rest < count) return fprintf(stderr, "%s takes no '%s'\n", words[1], words[rest]), EXIT_USE;
    return check ? simnode_check(&options) : tree ? simnode_tree(&options) : simnode_play(&options);
}
