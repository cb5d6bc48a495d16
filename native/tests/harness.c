#define _GNU_SOURCE
#include "harness.h"

#include <dlfcn.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

char test_folder[64];
const char *products;
static char scenario_path[96];

void check_failed(const char *file, int line, const char *format, ...)
{
    char what[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    printf("    %s:%d: %s\n", file, line, what);
    fflush(stdout);
    _exit(1); /* other threads of the test may be inside the library */
}

const char *use_scenario(const char *text)
{
    snprintf(scenario_path, sizeof scenario_path, "%s/scenario.txt", test_folder);
    FILE *file = fopen(scenario_path, "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
    setenv("AIINFRA_SIM_SCENARIO", scenario_path, 1);
    setenv("AIINFRA_SIM_STATE", test_folder, 1);
    return scenario_path;
}

int64_t node_time(void)
{
    struct sim_clock clock;
    CHECK(sim_clock_open(&clock, test_folder));
    return sim_clock_now(&clock);
}

static void append(struct sim_clock clock, int64_t ahead, const char *command)
{
    char error[SIM_MAX_ERROR];
    clock.monotonic_zero -= ahead; /* the line gets a time that lies ahead */
    if (!scenario_file_inject(scenario_path, &clock, command, error)) check_failed(__FILE__, __LINE__, "%s", error);
}

void schedule(int milliseconds, const char *command)
{
    struct sim_clock clock;
    CHECK(sim_clock_open(&clock, test_folder));
    append(clock, milliseconds * INT64_C(1000000), command);
}

void schedule_at(int64_t at, const char *command)
{
    struct sim_clock clock;
    CHECK(sim_clock_open(&clock, test_folder));
    append(clock, at - sim_clock_now(&clock), command);
}

char *read_text(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) check_failed(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
    size_t got = fread(out, 1, size - 1, file);
    fclose(file);
    out[got] = '\0';
    return out;
}

void *open_library(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (library == NULL) check_failed(__FILE__, __LINE__, "%s", dlerror());
    return library;
}

void find_symbol(void *library, const char *name, void *function)
{
    /* POSIX lets a data pointer from dlsym be used as a function; ISO C wants it by way of its bytes. */
    void *found = dlsym(library, name);
    memcpy(function, &found, sizeof found);
}

bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

int ended_by(void (*run)(const void *context), const void *context)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        run(context);
        _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int run_program(char *out, size_t size, const char *input, const char *const *words)
{
    int to[2], from[2], status;
    CHECK(pipe(to) == 0 && pipe(from) == 0);
    pid_t child = fork();
    if (child == 0) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", products, words[0]);
        dup2(to[0], 0), dup2(from[1], 1), dup2(from[1], 2);
        close(to[1]), close(from[0]);
        execv(path, (char *const *)words);
        _exit(127);
    }
    close(to[0]), close(from[1]);
    CHECK(write(to[1], input, strlen(input)) == (ssize_t)strlen(input));
    close(to[1]);
    size_t used = 0;
    for (ssize_t got; used < size - 1 && (got = read(from[0], out + used, size - 1 - used)) > 0;) used += (size_t)got;
    out[used] = '\0';
    close(from[0]);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int remove_entry(const char *path, const struct stat *information, int type, struct FTW *place)
{
    (void)information, (void)type, (void)place;
    return remove(path);
}

static bool run_test(const struct test *test)
{
    snprintf(test_folder, sizeof test_folder, "/tmp/aiinfra-native.XXXXXX");
    if (mkdtemp(test_folder) == NULL) return false;
    int64_t start = sim_monotonic();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        unsetenv("AIINFRA_SIM_SCENARIO"), unsetenv("AIINFRA_SIM_STATE");
        alarm(60); /* a hang is a failure, not the end of all tests */
        test->run();
        exit(0);
    }
    int status = 1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    nftw(test_folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    bool passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!passed) {
        if (WIFSIGNALED(status)) printf("    ended by %s\n", strsignal(WTERMSIG(status)));
        printf("FAILED %s (%lld ms)\n", test->name, (long long)(sim_monotonic() - start) / 1000000);
    } else if (getenv("VERBOSE") != NULL) {
        printf("passed %s (%lld ms)\n", test->name, (long long)(sim_monotonic() - start) / 1000000);
    }
    return passed;
}

/* native-tests PRODUCTS TALLY [PART-OF-A-NAME]: adds "passed failed" to the file TALLY. */
int main(int count, char **words)
{
    if (count < 3) return fprintf(stderr, "native-tests PRODUCTS TALLY [PART-OF-A-NAME]\n"), 64;
    products = words[1];
    const struct { const struct test *tests; size_t count; } groups[] = {
        { parser_tests, parser_test_count }, { engine_tests, engine_test_count }, { library_tests, library_test_count },
        { reading_tests, reading_test_count }, { fault_tests, fault_test_count }, { event_tests, event_test_count },
        { wake_tests, wake_test_count }, { simnode_tests, simnode_test_count }, { mig_tests, mig_test_count },
        { monitor_tests, monitor_test_count }, { field_tests, field_test_count }, { presence_tests, presence_test_count }, { unit_tests, unit_test_count },
        { dcmi_tests, dcmi_test_count }, { dcmi_fault_tests, dcmi_fault_test_count }, { cndev_tests, cndev_test_count },
        { cndev_fault_tests, cndev_fault_test_count }, { cndev_memory_tests, cndev_memory_test_count },
        { unit_files_tests, unit_files_test_count }, { levelzero_tests, levelzero_test_count }, { levelzero_fault_tests, levelzero_fault_test_count },
    };
    unsigned passed = 0, failed = 0;
    for (size_t group = 0; group < sizeof groups / sizeof groups[0]; group++)
        for (size_t i = 0; i < groups[group].count; i++) {
            const struct test *test = &groups[group].tests[i];
            if (count > 3 && strstr(test->name, words[3]) == NULL) continue;
            if (run_test(test)) passed++;
            else failed++;
        }
    FILE *tally = fopen(words[2], "a");
    if (tally == NULL || fprintf(tally, "%u %u\n", passed, failed) < 0 || fclose(tally) != 0) return 74;
    return failed > 0;
}
