/* Words, numbers and durations of the scenario language. */
#ifndef AIINFRA_SIM_TEXT_H
#define AIINFRA_SIM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_MAX_WORDS = 10, SIM_MAX_LINE = 1024, SIM_MAX_ERROR = 2048 };

/* The words of one line; word[] points into store. */
struct sim_words {
    size_t count;
    char *word[SIM_MAX_WORDS];
    char store[SIM_MAX_LINE + SIM_MAX_WORDS];
};

/* Splits a line at blanks; "quoted words" know \" \\ \n \t \r \xNN; # starts a comment.
   False: error holds what is wrong and what would be right. */
bool sim_split(const char *line, size_t length, struct sim_words *words, char error[SIM_MAX_ERROR]);

/* Words from..end with single blanks between them, cut to size. */
void sim_join(const struct sim_words *words, size_t from, char *out, size_t size);

/* Decimal, or hexadecimal with 0x; a leading minus is allowed. Nothing else: no octal, no blanks. */
bool sim_number(const char *word, int64_t *out);

/* 5s, 250ms, 1.5m to nanoseconds. Decimals are exact down to the nanosecond. */
bool sim_duration(const char *word, int64_t *nanoseconds);

/* Puts a printable, shortened form of a word into out, so that a hostile file cannot garble a terminal. */
const char *sim_show(const char *word, char out[64]);

#endif
