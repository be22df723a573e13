/* assay-native: the part of the harness that touches engines directly. */
#include "native.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct command *const commands[] = {
    &command_list,  &command_replay,      &command_serve,        &command_lockstep, &command_diff, &command_trace,
    &command_bench, &command_bench_chain, &command_bench_guests, &command_contract, &command_cage,
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_usage(FILE *stream)
{
    fputs("assay-native COMMAND [OPTIONS] [FILE...]\n\n"
          "Loads engines, shared objects called libassay_NAME.so, and compares them.\n\nCommands:\n",
          stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(stream, "  %-13s %s\n", commands[i]->name, commands[i]->summary);
    }
    fputs("\nassay-native COMMAND --help tells what a command prints and returns.\n"
          "Exit codes: 0 agreed, 1 differed, 2 usage, 3 unusable vectors, 4 engine cannot be\n"
          "loaded, 5 nothing was run, 6 no memory or no output.\n",
          stream);
}

/* The runner names itself in ASSAY_PARENT: what it has started ends with it, also when it is killed. */
static void end_with_parent(void)
{
    const char *parent = getenv("ASSAY_PARENT");
    if (parent != NULL && getppid() == (pid_t)atol(parent)) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    }
    unsetenv("ASSAY_PARENT");
}

int main(int argument_count, char **arguments)
{
    end_with_parent();
    if (argument_count < 2) {
        print_usage(stderr);
        return CODE_USAGE;
    }
    if (strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "-h") == 0) {
        print_usage(stdout);
        return CODE_AGREED;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(arguments[1], commands[i]->name) == 0) {
            return commands[i]->run(argument_count - 2, arguments + 2);
        }
    }
    complain("unknown command %s; assay-native --help lists them", arguments[1]);
    return CODE_USAGE;
}
