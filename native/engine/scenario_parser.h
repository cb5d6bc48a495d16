/* What the readers of a scenario's statements share. */
#ifndef AIINFRA_SCENARIO_PARSER_H
#define AIINFRA_SCENARIO_PARSER_H

#include "scenario.h"

struct parser {
    struct scenario *scenario;
    bool settled; /* a statement depends on the node by now */
    bool counted; /* and one on how many units it has */
    size_t capacity;
    unsigned line;
    char error[SIM_MAX_ERROR];
};

/* "'WORD' what" as the error; false. */
bool parser_fail(struct parser *parser, const char *what, const char *word);
/* False, with the form that would be right: the statement has another number of words. */
bool parser_takes(struct parser *parser, const struct sim_words *words, size_t count, const char *form);
/* Adds words from.. as an entry of the timeline. */
bool parser_add_entry(struct parser *parser, const struct sim_words *words, size_t from, int64_t at);

/* npus COUNT, mlus COUNT, intels COUNT: another number of them than the model has. */
bool parser_count(struct parser *parser, const struct sim_words *words, unsigned vendor);
/* Statements about a unit without a time, as those about a GPU. */
bool parser_unit(struct parser *parser, const struct sim_words *words, unsigned vendor);
/* The same about an Intel GPU, and intel add KIND ADDRESS: one more of them. */
bool parser_intel(struct parser *parser, const struct sim_words *words);

#endif
