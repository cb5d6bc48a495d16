/* The host's files of NPUs and MLUs, and what the kernel tells of them. */
#define _GNU_SOURCE
#include "harness.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static char output[8192], root[96];

static int tree(const char *path)
{
    snprintf(root, sizeof root, "%s/host", test_folder);
    const char *words[] = { "aiinfra-simnode", "tree", "--scenario", path, "--state", test_folder, "--root", root, NULL };
    return run_program(output, sizeof output, "", words);
}

static const char *in_tree(const char *path, char out[1024])
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    return read_text(whole, out, 1024);
}

static bool is_there(const char *path)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    return access(whole, F_OK) == 0;
}

static void the_tree_of_an_ascend_node(void)
{
    char text[1024];
    CHECK_EQUAL(0, tree(use_scenario("node ascend910b-8\nnpu 1 numa -1\ndriver-version 25.0.1\nnpu 0 vnpu create vir05_1c_16g\n")));
    CHECK(is_there("dev/davinci0") && is_there("dev/davinci7") && !is_there("dev/davinci8") && is_there("dev/vdavinci100") && !is_there("dev/vdavinci101"));
    CHECK(is_there("dev/davinci_manager") && is_there("dev/devmm_svm") && is_there("dev/hisi_hdc") && !is_there("dev/nvidiactl") && !is_there("dev/cambricon_ctl"));
    CHECK_TEXT("0x19e5\n", in_tree("sys/bus/pci/devices/0000:c1:00.0/vendor", text));
    CHECK_TEXT("0xd802\n", in_tree("sys/bus/pci/devices/0000:c1:00.0/device", text));
    CHECK_TEXT("0x120000\n", in_tree("sys/bus/pci/devices/0000:c1:00.0/class", text));
    CHECK_TEXT("3\n", in_tree("sys/bus/pci/devices/0000:c1:00.0/numa_node", text));
    CHECK_TEXT("-1\n", in_tree("sys/bus/pci/devices/0000:01:00.0/numa_node", text));
    CHECK_HAS("Version=25.0.1\n", in_tree("usr/local/Ascend/driver/version.info", text));
    CHECK_HAS("address_7=10.20.0.107\n", in_tree("etc/hccn.conf", text));
    CHECK_EQUAL(0, tree(use_scenario("node ascend310p-4\n")));
    CHECK_HAS("Version=24.1.rc3\n", in_tree("usr/local/Ascend/driver/version.info", text));
}

static void the_tree_of_a_cambricon_node_and_of_a_mixed_one(void)
{
    char text[1024];
    CHECK_EQUAL(0, tree(use_scenario("node mlu370-8\nmlus 9\nmlu 2 mim on\nmlu 2 mim create 1m.8gb\n")));
    CHECK(is_there("dev/cambricon_dev0") && is_there("dev/cambricon_dev8") && is_there("dev/cambricon_ctl") && is_there("dev/cambricon_ipcm3"));
    CHECK(is_there("dev/cambricon-caps/cap_dev2_mi1") && !is_there("dev/cambricon-caps/cap_dev2_mi2") && !is_there("dev/davinci0"));
    CHECK_TEXT("0xcabc\n", in_tree("sys/bus/pci/devices/0000:0f:00.0/vendor", text));
    CHECK_TEXT("0x0370\n", in_tree("sys/bus/pci/devices/0001:0f:00.0/device", text)); /* the ninth */
    CHECK_HAS("Device name: MLU370-X8\nDevice inode path: /dev/cambricon_dev1\n", in_tree("proc/driver/cambricon/mlus/0000:12:00.0/information", text));
    CHECK_TEXT("v6.2.11\n", in_tree("sys/module/cambricon_drv/version", text));
    CHECK_EQUAL(0, tree(use_scenario("node mixed\ndriver-version 580.65.06\n")));
    CHECK(is_there("dev/nvidia3") && is_there("dev/davinci1") && is_there("dev/cambricon_dev1"));
    CHECK_HAS("580.65.06", in_tree("proc/driver/nvidia/version", text));
    CHECK_TEXT("v6.2.11\n", in_tree("sys/module/cambricon_drv/version", text)); /* the scenario's version is that of the GPUs' driver */
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

static void do_and_hear(FILE *told, const char *command)
{
    char line[256];
    schedule(0, command);
    CHECK(fgets(line, sizeof line, told) != NULL);
    CHECK_HAS(command, line);
}

static void link_of(unsigned npu, const char *wanted)
{
    char program[256], number[8];
    snprintf(program, sizeof program, "%s/usr/local/Ascend/driver/tools/hccn_tool", root);
    snprintf(number, sizeof number, "%u", npu);
    char command[512], said[128] = "";
    snprintf(command, sizeof command, "%s -i %s -link -g", program, number);
    FILE *answer = popen(command, "r");
    CHECK(answer != NULL && fgets(said, sizeof said, answer) != NULL);
    CHECK_EQUAL(0, pclose(answer));
    CHECK_TEXT(wanted, said);
}

static void files_follow_npus_and_mlus(void)
{
    char uevents[8192], path[128];
    int input, status;
    pid_t player;
    const char *scenario = use_scenario("node ascend910b-8\n");
    CHECK_EQUAL(0, tree(scenario));
    FILE *told = start_player(scenario, &input, &player);
    do_and_hear(told, "npu 4 fault 0x81078603 minor"); /* no kernel line is known for it */
    do_and_hear(told, "npu 4 roce down");
    link_of(4, "link status: DOWN\n");
    link_of(3, "link status: UP\n");
    do_and_hear(told, "npu 4 remove");
    CHECK(!is_there("dev/davinci4") && !is_there("sys/bus/pci/devices/0000:81:00.0") && is_there("dev/davinci5"));
    do_and_hear(told, "npu 4 add");
    CHECK(is_there("dev/davinci4") && is_there("sys/bus/pci/devices/0000:81:00.0/vendor"));
    do_and_hear(told, "npu 5 unbind");
    CHECK(!is_there("dev/davinci5") && is_there("sys/bus/pci/devices/0000:41:00.0/vendor"));
    do_and_hear(told, "npu 0 vnpu create vir05_1c_16g");
    CHECK(is_there("dev/vdavinci100"));
    do_and_hear(told, "npu 3 reset"); /* takes the whole group */
    CHECK(!is_there("dev/vdavinci100"));
    snprintf(path, sizeof path, "%s/uevents", test_folder);
    read_text(path, uevents, sizeof uevents);
    CHECK(strncmp(uevents, "unbind@/devices/pci0000:81/0000:81:00.0\nACTION=unbind\n", 54) == 0);
    CHECK_HAS("PCI_CLASS=120000\nPCI_ID=19E5:D802\nPCI_SUBSYS_ID=19E5:3001\nPCI_SLOT_NAME=0000:81:00.0\nSEQNUM=2\n\n", uevents);
    CHECK_HAS("\n\nbind@/devices/pci0000:81/0000:81:00.0\nACTION=bind\nDEVPATH=/devices/pci0000:81/0000:81:00.0\nSUBSYSTEM=pci\nDRIVER=devdrv_device_driver\n", uevents);
    do_and_hear(told, "boot");
    CHECK(is_there("dev/davinci5"));
    link_of(4, "link status: UP\n");
    close(input);
    CHECK(waitpid(player, &status, 0) == player && status == 0);
    fclose(told);
}

static void an_injection_for_a_unit_is_checked(void)
{
    const char *path = use_scenario("node mlu370-8\n");
    const char *good[] = { "aiinfra-simnode", "inject", "--scenario", path, "--state", test_folder, "mlu 3 xid 0x45", NULL };
    const char *wrong[] = { "aiinfra-simnode", "inject", "--scenario", path, "--state", test_folder, "mlu 3 fault 0x45", NULL };
    char text[1024];
    CHECK_EQUAL(65, run_program(output, sizeof output, "", wrong));
    CHECK_HAS("right would be mlu N with xid CODE", output);
    CHECK(strstr(output, "vnpu") == NULL); /* of an NPU alone */
    CHECK_EQUAL(0, run_program(output, sizeof output, "", good));
    CHECK_HAS("s mlu 3 xid 0x45\n", read_text(path, text, sizeof text));
}

const struct test unit_files_tests[] = {
    { "the tree of an Ascend node", the_tree_of_an_ascend_node },
    { "the tree of a Cambricon node, and of a mixed one", the_tree_of_a_cambricon_node_and_of_a_mixed_one },
    { "files follow NPUs and MLUs", files_follow_npus_and_mlus },
    { "an injection for a unit is checked", an_injection_for_a_unit_is_checked },
};
const size_t unit_files_test_count = sizeof unit_files_tests / sizeof unit_files_tests[0];
