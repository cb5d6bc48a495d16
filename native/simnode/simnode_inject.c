#define _GNU_SOURCE
#include "simnode.h"

#include <stdio.h>
#include <string.h>

int simnode_inject(const struct simnode *options, char *const *given, int count)
{
    char line[96] = "", error[SIM_MAX_ERROR]; /* an entry of a timeline holds so much */
    size_t used = 0;
    for (int i = 0; i < count && used < sizeof line; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%s", i > 0 ? " " : "", given[i]);
    if (used >= sizeof line || strchr(line, '\n') != NULL) {
        fprintf(stderr, "A command is one line of at most %zu bytes.\n", sizeof line - 1);
        return EXIT_DATA;
    }

    struct scenario_file file = { .path = options->scenario };
    struct scenario *scenario = simnode_read(&file, true, NULL);
    if (scenario == NULL) return EXIT_NO_INPUT;
    struct sim_words words;
    struct sim_action action;
    bool good = sim_split(line, strlen(line), &words, error) && sim_parse_command(scenario, &words, 0, &action, error);
    scenario_free(scenario);
    scenario_file_close(&file);
    if (!good) {
        fprintf(stderr, "%s: %s\n", line, error);
        return EXIT_DATA;
    }

    struct sim_clock clock;
    if (!simnode_clock(options, &clock)) return EXIT_IO;
    char command[sizeof line];
    sim_join(&words, 0, command, sizeof command);
    if (scenario_file_inject(options->scenario, &clock, command, error)) return 0;
    fprintf(stderr, "%s: %s\n", options->scenario, error);
    return EXIT_IO;
}
