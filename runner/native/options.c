/* Command-line options of one command, from the same table that --help prints. */
#include "native.h"

#include <stdio.h>
#include <string.h>

static void print_help(const struct command *command, const struct option *option, size_t option_count)
{
    printf("assay-native %s [OPTIONS]%s%s\n\n%s\n\nOptions:\n", command->name, command->arguments == NULL ? "" : " ",
           command->arguments == NULL ? "" : command->arguments, command->help);
    for (size_t i = 0; i < option_count; i++) {
        char left[64];
        snprintf(left, sizeof left, "%s%s%s", option[i].name, option[i].value_name == NULL ? "" : " ",
                 option[i].value_name == NULL ? "" : option[i].value_name);
        printf("  %-20s %s\n", left, option[i].help);
    }
    printf("  %-20s %s\n", "--help", "this text");
}

static const struct option *find(const struct option *option, size_t option_count, const char *name, size_t size)
{
    for (size_t i = 0; i < option_count; i++) {
        if (strlen(option[i].name) == size && strncmp(option[i].name, name, size) == 0) {
            return &option[i];
        }
    }
    return NULL;
}

/* Puts the value into the first free place of the option; false after a complaint. */
static bool store(const struct command *command, const struct option *option, const char *value)
{
    const char **end = option->end == NULL ? option->value + 1 : option->end;
    for (const char **place = option->value; place < end; place++) {
        if (*place == NULL) {
            *place = value;
            return true;
        }
    }
    complain("%s: %s is given too often", command->name, option->name);
    return false;
}

/* Handles arguments[*at], which begins with "--"; moves *at behind it and its value. */
static bool take(const struct command *command, const struct option *option, size_t option_count, int argument_count,
                 char **arguments, int *at)
{
    const char *argument = arguments[*at];
    const char *equals = strchr(argument, '=');
    size_t size = equals == NULL ? strlen(argument) : (size_t)(equals - argument);
    const struct option *found = find(option, option_count, argument, size);
    if (found == NULL) {
        complain("%s: unknown option %.*s; see assay-native %s --help", command->name, (int)size, argument,
                 command->name);
        return false;
    }
    const char *value = found->name;
    if (found->value_name != NULL) {
        value = equals != NULL ? equals + 1 : *at + 1 < argument_count ? arguments[++*at] : NULL;
    } else if (equals != NULL) {
        complain("%s: %s takes no value", command->name, found->name);
        return false;
    }
    if (value == NULL) {
        complain("%s: %s needs a value: %s", command->name, found->name, found->value_name);
        return false;
    }
    ++*at;
    return store(command, found, value);
}

int options_read(const struct command *command, const struct option *option, size_t option_count, int argument_count,
                 char **arguments)
{
    int left = 0;
    for (int at = 0; at < argument_count;) {
        if (strcmp(arguments[at], "--help") == 0 || strcmp(arguments[at], "-h") == 0) {
            print_help(command, option, option_count);
            return -2;
        }
        if (strcmp(arguments[at], "--") == 0) {
            for (at++; at < argument_count; at++) {
                arguments[left++] = arguments[at];
            }
        } else if (arguments[at][0] != '-') {
            arguments[left++] = arguments[at++];
        } else if (!take(command, option, option_count, argument_count, arguments, &at)) {
            return -1;
        }
    }
    if (left > 0 && command->arguments == NULL) {
        complain("%s: unexpected argument %s", command->name, arguments[0]);
        return -1;
    }
    return left;
}

bool option_number(const char *name, const char *text, uint64_t max, uint64_t *value)
{
    if (text == NULL) {
        return true;
    }
    bool is_hex = strncmp(text, "0x", 2) == 0;
    const char *digits = is_hex ? "0123456789abcdef" : "0123456789";
    uint64_t base = is_hex ? 16 : 10, number = 0;
    const char *at = is_hex ? text + 2 : text;
    bool good = *at != '\0';
    for (; good && *at != '\0'; at++) {
        const char *found = strchr(digits, *at);
        uint64_t digit = found == NULL ? 0 : (uint64_t)(found - digits);
        good = found != NULL && number <= (max - digit) / base && digit <= max;
        number = number * base + digit;
    }
    if (!good) {
        complain("%s %s: must be a number, decimal or 0x with lower-case digits, of at most %llu", name, text,
                 (unsigned long long)max);
        return false;
    }
    *value = number;
    return true;
}
