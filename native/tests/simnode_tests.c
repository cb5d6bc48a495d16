#define _GNU_SOURCE
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char output[32768], root[96];

static int tool(const char *input, const char *command, const char *path, const char *last)
{
    snprintf(root, sizeof root, "%s/host", test_folder);
    const char *inject[] = { "aiinfra-simnode", command, "--scenario", path, "--state", test_folder, last, NULL };
    const char *others[] = { "aiinfra-simnode", command, "--scenario", path, "--state", test_folder, "--root", root, NULL };
    return run_program(output, sizeof output, input, last != NULL ? inject : others);
}

static const char *in_tree(const char *path, char out[1024])
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    return read_text(whole, out, 1024);
}

static void the_tree_shows_the_node_and_is_the_same_again(void)
{
    char text[1024], boot[1024];
    struct stat information;
    const char *path = use_scenario("node dgx-a100\ngpu 0 numa -1\n");
    for (int round = 0; round < 2; round++) {
        CHECK_EQUAL(0, tool("", "tree", path, NULL));
        CHECK_TEXT("0x10de\n", in_tree("sys/bus/pci/devices/0000:07:00.0/vendor", text));
        CHECK_TEXT("0x20b2\n", in_tree("sys/bus/pci/devices/0000:07:00.0/device", text));
        CHECK_TEXT("0x030200\n", in_tree("sys/bus/pci/devices/0000:07:00.0/class", text));
        CHECK_TEXT("-1\n", in_tree("sys/bus/pci/devices/0000:07:00.0/numa_node", text));
        CHECK_TEXT("5\n", in_tree("sys/bus/pci/devices/0000:bd:00.0/numa_node", text));
        CHECK_HAS("570.124.06", in_tree("proc/driver/nvidia/version", text));
        CHECK_TEXT("", in_tree("dev/nvidia7", text));
        CHECK_TEXT("", in_tree("dev/nvidiactl", text));
        CHECK_EQUAL(37, strlen(in_tree("proc/sys/kernel/random/boot_id", text)));
        if (round == 0) strcpy(boot, text);
        else CHECK_TEXT(boot, text);
        snprintf(text, sizeof text, "%s/var/lib/kubelet/device-plugins", root);
        CHECK(stat(text, &information) == 0 && S_ISDIR(information.st_mode));
    }
}

static void play_tells_events_and_boots_and_ends_with_its_input(void)
{
    char before[1024], after[1024], line[256];
    const char *path = use_scenario("node dgx-h100\n");
    CHECK_EQUAL(0, tool("", "tree", path, NULL));
    in_tree("proc/sys/kernel/random/boot_id", before);
    int to[2], from[2], status;
    CHECK(pipe(to) == 0 && pipe(from) == 0);
    pid_t player = fork();
    if (player == 0) {
        char program[512];
        snprintf(program, sizeof program, "%s/aiinfra-simnode", products);
        dup2(to[0], 0), dup2(from[1], 1);
        close(to[1]);
        execl(program, program, "play", "--scenario", path, "--root", root, "--state", test_folder, (char *)NULL);
        _exit(127);
    }
    close(from[1]), close(to[0]);
    FILE *told = fdopen(from[0], "r");
    const int64_t now = node_time();
    schedule_at(now + 200000000, "boot");
    schedule_at(now + 100000000, "gpu 3 xid 48");
    CHECK(fgets(line, sizeof line, told) != NULL);
    size_t digits = strspn(line, "0123456789");
    CHECK(digits > 0 && line[digits] == '.' && strspn(line + digits + 1, "0123456789") == 1);
    CHECK_TEXT("s gpu 3 xid 48\n", line + digits + 2);
    CHECK(fgets(line, sizeof line, told) != NULL);
    CHECK_HAS("s boot\n", line);
    in_tree("proc/sys/kernel/random/boot_id", after);
    CHECK(strcmp(before, after) != 0);
    CHECK_EQUAL(0, tool("", "inject", path, "gpu 1   link 4 down"));
    CHECK(fgets(line, sizeof line, told) != NULL);
    CHECK_HAS("s gpu 1 link 4 down\n", line);
    close(to[1]);
    CHECK(fgets(line, sizeof line, told) == NULL);
    CHECK(waitpid(player, &status, 0) == player && status == 0);
    fclose(told);
}

/* Starts the player; what it tells is read from the result, and it ends when *input is closed. */
static FILE *start_player(const char *path, int *input, pid_t *player)
{
    int to[2], from[2];
    CHECK(pipe(to) == 0 && pipe(from) == 0);
    *player = fork();
    if (*player == 0) {
        char program[512];
        snprintf(program, sizeof program, "%s/aiinfra-simnode", products);
        dup2(to[0], 0), dup2(from[1], 1);
        close(to[1]);
        execl(program, program, "play", "--scenario", path, "--root", root, "--state", test_folder, (char *)NULL);
        _exit(127);
    }
    close(from[1]), close(to[0]);
    *input = to[1];
    return fdopen(from[0], "r");
}

static bool is_there(const char *path)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    return access(whole, F_OK) == 0;
}

static const char *in_state(const char *name, char *out, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", test_folder, name);
    return read_text(path, out, size);
}

static void do_and_hear(FILE *told, const char *command)
{
    char line[256];
    schedule(0, command);
    CHECK(fgets(line, sizeof line, told) != NULL);
    CHECK_HAS(command, line);
}

static void files_follow_the_gpu_and_its_instances(void)
{
    char text[1024], minors[8192], uevents[8192];
    const char *path = use_scenario("node dgx-h100\ngpu 0 mig 3g.40gb,2g.20gb\n");
    CHECK_EQUAL(0, tool("", "tree", path, NULL));
    /* The 2g instance has the id 3: 27 places of three instances lie before it. */
    CHECK_HAS("DeviceFileMinor: 30\n", in_tree("proc/driver/nvidia/capabilities/gpu0/mig/gi3/access", text));
    CHECK_HAS("DeviceFileMinor: 31\n", in_tree("proc/driver/nvidia/capabilities/gpu0/mig/gi3/ci0/access", text));
    snprintf(text, sizeof text, "%s/proc/driver/nvidia-caps/mig-minors", root);
    CHECK_HAS("config 1\nmonitor 2\ngpu0/gi0/access 3\ngpu0/gi0/ci0/access 4\n", read_text(text, minors, sizeof minors));
    CHECK_HAS("gpu0/gi3/ci0/access 31\n", minors);
    CHECK(is_there("dev/nvidia-caps/nvidia-cap31") && is_there("dev/nvidia-caps/nvidia-cap1") && !is_there("dev/nvidia-caps/nvidia-cap3"));
    int input, status;
    pid_t player;
    FILE *told = start_player(path, &input, &player);
    CHECK(fgets(text, sizeof text, told) != NULL); /* the division at time zero */
    do_and_hear(told, "gpu 0 mig off");
    CHECK(!is_there("dev/nvidia-caps/nvidia-cap31") && !is_there("proc/driver/nvidia/capabilities/gpu0/mig/gi3"));
    do_and_hear(told, "gpu 1 remove");
    CHECK(!is_there("sys/bus/pci/devices/0000:43:00.0") && !is_there("dev/nvidia1") && !is_there("proc/driver/nvidia/gpus/0000:43:00.0"));
    CHECK(is_there("dev/nvidia2"));
    do_and_hear(told, "gpu 1 add");
    CHECK(is_there("sys/bus/pci/devices/0000:43:00.0/vendor") && is_there("dev/nvidia1"));
    do_and_hear(told, "gpu 2 unbind");
    CHECK(is_there("sys/bus/pci/devices/0000:52:00.0/vendor") && !is_there("dev/nvidia2"));
    CHECK(strstr(in_tree("sys/bus/pci/devices/0000:52:00.0/uevent", text), "DRIVER=") == NULL);
    do_and_hear(told, "driver-version 580.65.06");
    CHECK_HAS("580.65.06", in_tree("proc/driver/nvidia/version", text));
    in_state("uevents", uevents, sizeof uevents);
    CHECK(strncmp(uevents, "unbind@/devices/pci0000:43/0000:43:00.0\nACTION=unbind\n", 54) == 0);
    CHECK_HAS("\n\nremove@/devices/pci0000:43/0000:43:00.0\nACTION=remove\nDEVPATH=/devices/pci0000:43/0000:43:00.0\nSUBSYSTEM=pci\n", uevents);
    CHECK_HAS("PCI_ID=10DE:2330\nPCI_SUBSYS_ID=10DE:16C1\nPCI_SLOT_NAME=0000:43:00.0\nSEQNUM=2\n\n", uevents);
    CHECK_HAS("\n\nbind@/devices/pci0000:43/0000:43:00.0\nACTION=bind\n", uevents);
    do_and_hear(told, "boot");
    CHECK(is_there("dev/nvidia2"));
    CHECK_TEXT("", in_state("uevents", uevents, sizeof uevents));
    close(input);
    CHECK(waitpid(player, &status, 0) == player && status == 0);
    fclose(told);
}

static void the_kernel_logs_each_xid_in_the_drivers_words(void)
{
    char log[4096], line[256], uuid[41], wanted[128];
    const char *path = use_scenario("node dgx-h100\ngpu 3 process 48213 1000\ngpu 0 mig 2g.20gb\n");
    int input, status;
    pid_t player;
    snprintf(root, sizeof root, "%s/host", test_folder);
    FILE *told = start_player(path, &input, &player);
    CHECK(fgets(line, sizeof line, told) != NULL && fgets(line, sizeof line, told) != NULL);
    do_and_hear(told, "gpu 3 xid 48");
    do_and_hear(told, "gpu 0 mig-instance 3 xid 94");
    do_and_hear(told, "gpu 3 xid 79");
    do_and_hear(told, "gpu 5 ecc corrected 1"); /* no Xid: nothing is logged */
    in_state("kmsg", log, sizeof log);
    node_model_uuid(node_model_find("dgx-h100"), 3, uuid);
    snprintf(wanted, sizeof wanted, "-;NVRM: GPU at PCI:0000:61:00: %s\n", uuid);
    CHECK_HAS(wanted, log);
    CHECK(strncmp(log, "4,1,", 4) == 0);
    CHECK_HAS("-;NVRM: Xid (PCI:0000:61:00): 48, pid=48213, name=python3, An uncorrectable double bit error", log);
    CHECK_HAS("-;NVRM: Xid (PCI:0000:61:00): 154, GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)\n", log);
    CHECK_HAS("-;NVRM: Xid (PCI:0000:1b:00 GPU-I:03): 94, pid='<unknown>', name=<unknown>, Contained: ", log);
    CHECK_HAS("-;NVRM: Xid (PCI:0000:61:00): 79, pid=48213, name=python3, GPU has fallen off the bus.\n", log);
    CHECK_HAS("-;NVRM: GPU 0000:61:00.0: GPU has fallen off the bus.\n", log);
    CHECK_HAS("to 0x2 (Node Reboot Required)\n", log);
    CHECK(strstr(log, "NVRM: GPU at PCI:0000:61:00") != NULL && strstr(strstr(log, "GPU at PCI:0000:61:00") + 1, "GPU at PCI:0000:61:00") == NULL);
    unsigned number = 0, last;
    for (const char *at = log; *at != '\0'; at = strchr(at, '\n') + 1) { /* numbered without a gap */
        CHECK(sscanf(at, "4,%u,", &last) == 1 && last == ++number);
    }
    close(input);
    CHECK(waitpid(player, &status, 0) == player && status == 0);
    fclose(told);
}

static void an_injection_is_checked_before_it_is_written(void)
{
    char text[1024];
    const char *path = use_scenario("node l4\n");
    CHECK_EQUAL(65, tool("", "inject", path, "gpu 4 xid 79"));
    CHECK_HAS("'4' is no GPU of l4; its GPUs are 0 to 3", output);
    CHECK_EQUAL(65, tool("", "inject", path, "gpu 1 link 0 down"));
    CHECK_HAS("has no NVLink", output);
    CHECK_EQUAL(65, tool("", "inject", path, "boot\nat 1s boot"));
    CHECK_EQUAL(65, tool("", "inject", path, "gpu 00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001 lost"));
    CHECK_HAS("at most 95 bytes", output);
    CHECK_TEXT("node l4\n", read_text(path, text, sizeof text));
    CHECK_EQUAL(0, tool("", "inject", path, "gpu 3 xid 79 # why"));
    CHECK_TEXT("", output);
    CHECK_HAS("s gpu 3 xid 79\n", read_text(path, text, sizeof text));
    CHECK_EQUAL(66, tool("", "inject", "/nowhere/scenario.txt", "boot"));
}

static void check_names_file_and_line(void)
{
    const char *path = use_scenario("node l4\nat 1s gpu 0 xid 31\nat 1s gpu 4 lost\nbroken\n");
    CHECK_EQUAL(65, tool("", "check", path, NULL));
    CHECK_HAS("scenario.txt:3: '4' is no GPU of l4", output);
    CHECK_HAS("scenario.txt:4: 'broken' is no statement", output);
    CHECK_EQUAL(65, tool("", "tree", path, NULL));
    use_scenario("node l4\nat 1s gpu 0 xid 31\n");
    CHECK_EQUAL(0, tool("", "check", path, NULL));
    CHECK_HAS("l4, 1 timed events, no errors", output);
}

static void a_file_that_is_no_scenario_does_not_flood(void)
{
    static char noise[6000];
    for (size_t i = 0; i < sizeof noise - 1; i++) noise[i] = i % 6 == 5 ? '\n' : (char)('a' + i / 6 % 26);
    CHECK_EQUAL(65, tool("", "check", use_scenario(noise), NULL));
    size_t lines = 0;
    for (const char *at = output; (at = strchr(at, '\n')) != NULL; at++) lines++;
    CHECK_EQUAL(101, lines);
    CHECK_HAS("and more lines that are wrong", output);
}

static void wrong_use_is_explained(void)
{
    const char *list[] = { "aiinfra-simnode", "list", NULL }, *none[] = { "aiinfra-simnode", NULL };
    const char *unknown[] = { "aiinfra-simnode", "start", NULL }, *bare[] = { "aiinfra-simnode", "tree", NULL };
    CHECK_EQUAL(0, run_program(output, sizeof output, "", list));
    CHECK_HAS("dgx-h100", output);
    CHECK_HAS("l4", output);
    CHECK_EQUAL(64, run_program(output, sizeof output, "", none));
    CHECK_EQUAL(64, run_program(output, sizeof output, "", unknown));
    CHECK_HAS("start is no command; there are list, check", output);
    CHECK_EQUAL(64, run_program(output, sizeof output, "", bare));
    CHECK_HAS("tree needs --scenario FILE", output);
}

const struct test simnode_tests[] = {
    { "the tree shows the node and is the same again", the_tree_shows_the_node_and_is_the_same_again },
    { "play tells events and boots and ends with its input", play_tells_events_and_boots_and_ends_with_its_input },
    { "files follow the GPU and its instances", files_follow_the_gpu_and_its_instances },
    { "the kernel logs each Xid in the driver's words", the_kernel_logs_each_xid_in_the_drivers_words },
    { "an injection is checked before it is written", an_injection_is_checked_before_it_is_written },
    { "check names file and line", check_names_file_and_line },
    { "a file that is no scenario does not flood", a_file_that_is_no_scenario_does_not_flood },
    { "wrong use is explained", wrong_use_is_explained },
};
const size_t simnode_test_count = sizeof simnode_tests / sizeof simnode_tests[0];
