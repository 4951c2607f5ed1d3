#include "core/settings/field_text.h"

#include <advect/extra/command_line.h>
#include <string.h>

const char *const adv_shell_names[] = {
    [ADV_SHELL_BASH] = "bash", [ADV_SHELL_ZSH] = "zsh", [ADV_SHELL_FISH] = "fish", NULL};

/* --batch-rows, without what follows. */
static void flag_name(const struct adv_field *field, size_t size, char *text)
{
    adv_field_flag(field, size, text);
    text[strcspn(text, " ")] = '\0';
}

/* Text in single quotes; each of `special` with a backslash before it. */
static void print_quoted(const char *text, const char *special, FILE *out)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else if (strchr(special, *text))
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

static void print_choices(const struct adv_field *field, FILE *out)
{
    for (size_t i = 0; field->choices[i]; i++)
        fprintf(out, "%s%s", i ? " " : "", field->choices[i]);
}

/* ---- bash: a function for each command, which sets `words` ---- */

static void bash_flags(const char *function, const struct adv_field *fields, size_t n_fields,
                       FILE *out)
{
    char flag[96];
    fprintf(out, "%s() {\n    case $prev in\n", function);
    for (size_t i = 0; i < n_fields; i++) {
        if (fields[i].kind != ADV_FIELD_CHOICE)
            continue;
        flag_name(&fields[i], sizeof flag, flag);
        fprintf(out, "    %s) words='", flag);
        print_choices(&fields[i], out);
        fputs("' ;;\n", out);
    }
    fputs("    *) words='", out);
    for (size_t i = 0; i < n_fields; i++) {
        flag_name(&fields[i], sizeof flag, flag);
        fprintf(out, "%s%s", i ? " " : "", flag);
    }
    fputs("' ;;\n    esac\n}\n\n", out);
}

static void bash_end(const char *program, size_t n_commands, const char *const *names, FILE *out)
{
    fprintf(out,
            "_%s() {\n"
            "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=\n",
            program);
    if (n_commands == 0) {
        fprintf(out, "    _%s_flags\n", program);
    } else {
        fputs("    if ((COMP_CWORD == 1)); then\n        words='", out);
        for (size_t i = 0; i < n_commands; i++)
            fprintf(out, "%s%s", i ? " " : "", names[i]);
        fprintf(out,
                "'\n"
                "    elif declare -F \"_%s_${COMP_WORDS[1]}\" >/dev/null; then\n"
                "        \"_%s_${COMP_WORDS[1]}\"\n"
                "    fi\n",
                program, program);
    }
    fprintf(out,
            "    # Flags only where one is begun: what stands elsewhere is a file.\n"
            "    [[ $words != -* || $cur == -* ]] || return\n"
            "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
            "}\n"
            "complete -o default -F _%s %s\n",
            program, program);
}

/* ---- zsh: a function for each command, which calls _arguments ---- */

static void zsh_flags(const char *function, const struct adv_field *fields, size_t n_fields,
                      FILE *out)
{
    char flag[96];
    fprintf(out, "%s() {\n    _arguments -s", function);
    for (size_t i = 0; i < n_fields; i++) {
        const struct adv_field *field = &fields[i];
        flag_name(field, sizeof flag, flag);
        fprintf(out, " \\\n        '%s%s[", flag, field->kind == ADV_FIELD_BOOL ? "" : "=");
        print_quoted(field->help ? field->help : "", "[]:", out);
        fputc(']', out);
        if (field->kind == ADV_FIELD_CHOICE) {
            fputs(":name:(", out);
            print_choices(field, out);
            fputc(')', out);
        } else if (field->kind != ADV_FIELD_BOOL) {
            fputs(field->kind == ADV_FIELD_STRING ? ":text:_files" : ":value: ", out);
        }
        fputc('\'', out);
    }
    fputs(" \\\n        '*:file:_files'\n}\n\n", out);
}

/* The file is read for its function when that is first called, or sourced. */
static void zsh_register(const char *program, FILE *out)
{
    fprintf(out,
            "if [[ $funcstack[1] == _%s ]]; then\n    _%s \"$@\"\nelse\n    compdef _%s %s\nfi\n",
            program, program, program, program);
}

static void zsh_end(const char *program, size_t n_commands, const char *const *names,
                    const char *const *helps, FILE *out)
{
    if (n_commands == 0) {
        fprintf(out, "_%s() {\n    _%s_flags\n}\n", program, program);
        zsh_register(program, out);
        return;
    }
    fprintf(out, "_%s() {\n    local -a commands=(", program);
    for (size_t i = 0; i < n_commands; i++) {
        fprintf(out, "\n        '%s:", names[i]);
        print_quoted(helps[i], ":", out);
        fputc('\'', out);
    }
    fprintf(out,
            ")\n"
            "    if ((CURRENT == 2)); then\n"
            "        _describe command commands\n"
            "    elif (($+functions[_%s_$words[2]])); then\n"
            "        local function=_%s_$words[2]\n"
            "        shift words\n"
            "        ((CURRENT--))\n"
            "        $function\n"
            "    fi\n"
            "}\n",
            program, program);
    zsh_register(program, out);
}

/* ---- fish: a line for each flag ---- */

static void fish_flags(const char *program, const char *command, const struct adv_field *fields,
                       size_t n_fields, FILE *out)
{
    char flag[96];
    for (size_t i = 0; i < n_fields; i++) {
        const struct adv_field *field = &fields[i];
        flag_name(field, sizeof flag, flag);
        fprintf(out, "complete -c %s", program);
        if (command)
            fprintf(out, " -n '__fish_seen_subcommand_from %s'", command);
        fprintf(out, " -l %s", flag + 2);
        if (field->kind == ADV_FIELD_CHOICE) {
            fputs(" -x -a '", out);
            print_choices(field, out);
            fputc('\'', out);
        } else if (field->kind != ADV_FIELD_BOOL) {
            fputs(field->kind == ADV_FIELD_STRING ? " -r" : " -x", out);
        }
        fputs(" -d '", out);
        print_quoted(field->help ? field->help : "", "\\", out);
        fputs("'\n", out);
    }
}

static void fish_end(const char *program, size_t n_commands, const char *const *names,
                     const char *const *helps, FILE *out)
{
    for (size_t i = 0; i < n_commands; i++) {
        fprintf(out, "complete -c %s -n __fish_use_subcommand -a %s -d '", program, names[i]);
        print_quoted(helps[i], "\\", out);
        fputs("'\n", out);
    }
}

/* ---- all of them ---- */

void adv_completion_begin(enum adv_shell shell, const char *program, FILE *out)
{
    if (shell == ADV_SHELL_ZSH)
        fprintf(out, "#compdef %s\n", program);
    fprintf(out, "# %s completion of %s\n\n", adv_shell_names[shell], program);
}

void adv_completion_flags(enum adv_shell shell, const char *program, const char *command,
                          const struct adv_field *fields, size_t n_fields, FILE *out)
{
    char function[128];
    snprintf(function, sizeof function, "_%s_%s", program, command ? command : "flags");
    if (shell == ADV_SHELL_BASH)
        bash_flags(function, fields, n_fields, out);
    else if (shell == ADV_SHELL_ZSH)
        zsh_flags(function, fields, n_fields, out);
    else
        fish_flags(program, command, fields, n_fields, out);
}

void adv_completion_end(enum adv_shell shell, const char *program, size_t n_commands,
                        const char *const *names, const char *const *helps, FILE *out)
{
    if (shell == ADV_SHELL_BASH)
        bash_end(program, n_commands, names, out);
    else if (shell == ADV_SHELL_ZSH)
        zsh_end(program, n_commands, names, helps, out);
    else
        fish_end(program, n_commands, names, helps, out);
}
