/* A small test harness: every test is a process of its own, so that a crash, a hang or a setting stays in it. */
#ifndef AIINFRA_NATIVE_HARNESS_H
#define AIINFRA_NATIVE_HARNESS_H

#include "nvml_client.h"
#include "scenario_file.h"
#include "scenario_state.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct test {
    const char *name; /* a claim in words */
    void (*run)(void);
};

/* A failed check is told with its values and ends the test. */
void check_failed(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4), noreturn));
#define CHECK(condition) do { if (!(condition)) check_failed(__FILE__, __LINE__, "not true: %s", #condition); } while (0)
#define CHECK_EQUAL(expected, actual) \
    do { \
        long long expected_ = (long long)(expected), actual_ = (long long)(actual); \
        if (expected_ != actual_) check_failed(__FILE__, __LINE__, "%s is %lld, not %lld", #actual, actual_, expected_); \
    } while (0)
#define CHECK_TEXT(expected, actual) \
    do { if (strcmp(expected, actual) != 0) check_failed(__FILE__, __LINE__, "%s is '%s', not '%s'", #actual, actual, expected); } while (0)
#define CHECK_HAS(part, whole) \
    do { if (strstr(whole, part) == NULL) check_failed(__FILE__, __LINE__, "'%s' is not in '%s'", part, whole); } while (0)

/* The test's own folder, removed after it; also the state folder of its node. */
extern char test_folder[64];
/* The folder of what was built. */
extern const char *products;

/* Writes FOLDER/scenario.txt and points the library at it. */
const char *use_scenario(const char *text);
/* Lets a command happen so many ms from now, as a line of the timeline; 0 is an injection. */
void schedule(int milliseconds, const char *command);
/* The same at a moment of the node's time, in ns. */
void schedule_at(int64_t at, const char *command);
/* The node's time in ns. */
int64_t node_time(void);

/* Runs a program of the products' folder with an input, to its end; its output (both streams) goes to out. */
int run_program(char *out, size_t size, const char *input, const char *const *words);

/* A library of the products', and a symbol of it, put into the pointer of a function; NULL when there is none. */
void *open_library(const char *path);
void find_symbol(void *library, const char *name, void *function);

/* Runs a function in a process of its own; the signal that ended it, 0 when it ended by itself. */
int ended_by(void (*run)(const void *context), const void *context);

bool is_one_of(const char *name, const char *const *names, size_t count);

char *read_text(const char *path, char *out, size_t size);

extern const struct test parser_tests[], engine_tests[], library_tests[], reading_tests[], fault_tests[], event_tests[], wake_tests[],
    simnode_tests[], mig_tests[], monitor_tests[], field_tests[], presence_tests[], unit_tests[],
    dcmi_tests[], dcmi_fault_tests[], cndev_tests[], cndev_fault_tests[], cndev_memory_tests[], unit_files_tests[],
    levelzero_tests[], levelzero_fault_tests[];
extern const size_t parser_test_count, engine_test_count, library_test_count, reading_test_count, fault_test_count, event_test_count,
    wake_test_count, simnode_test_count, mig_test_count, monitor_test_count, field_test_count, presence_test_count, unit_test_count, dcmi_test_count,
    dcmi_fault_test_count, cndev_test_count, cndev_fault_test_count, cndev_memory_test_count,
    unit_files_test_count, levelzero_test_count, levelzero_fault_test_count;

#endif
