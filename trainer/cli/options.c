#include "trainer/cli/options.h"

#include "trainer/cli/overwriting.h"

#include <advect/extra/command_line.h>
#include <advect/extra/words.h>
#include <string.h>

/* What --help prints; the other forms are for adv_describe. */
enum help_form { HELP_NONE, HELP_TEXT, HELP_MANUAL, HELP_COMPLETION };

struct reader {
    const struct adv_options *options;
    void *values;
    const char **operands;
    size_t n_operands;
    enum help_form help;
    enum adv_shell shell;     /* of HELP_COMPLETION */
    struct adv_word *words;   /* flags with their values, and operands, */
    size_t n_words, capacity; /* as far as there is room for them */
};

static void note_word(struct reader *reader, const char *name, const char *value)
{
    if (reader->n_words < reader->capacity)
        reader->words[reader->n_words++] = (struct adv_word){name, value};
}

#define FLAGS_MAX 96
#define WORDS_MAX 256

/* The command's own flags and the others: copies of their rows; their number. */
static size_t all_flags(const struct adv_options *options, struct adv_field all[FLAGS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < options->n_fields && n < FLAGS_MAX; i++)
        all[n++] = options->fields[i];
    for (size_t i = 0; options->more && i < options->more->n_fields && n < FLAGS_MAX; i++)
        all[n++] = options->more->fields[i];
    return n;
}

/* The next letter from l on whose flag the command has; NULL: there is none. */
static const struct adv_option_letter *next_letter(const struct adv_options *options,
                                                   const struct adv_option_letter *l)
{
    struct adv_field all[FLAGS_MAX];
    size_t n = all_flags(options, all);
    while (l && l->letter && !adv_fields_find(all, n, l->name))
        l++;
    return l && l->letter ? l : NULL;
}

static void print_text(const struct adv_options *options)
{
    printf("usage: advect %s [flags]%s%s\n\n%s\n\nflags:\n", options->command,
           options->operands ? " " : "", options->operands ? options->operands : "",
           options->summary);
    struct adv_field all[FLAGS_MAX];
    size_t n = all_flags(options, all);
    adv_fields_help(all, n, stdout);
    for (const struct adv_option_letter *l = next_letter(options, options->letters); l;
         l = next_letter(options, l + 1))
        printf("  -%c is short for --%s\n", l->letter, l->name);
    printf("\nexample:\n  %s\n", options->example);
}

static void print_manual(const struct adv_options *options)
{
    struct adv_field all[FLAGS_MAX];
    size_t n = all_flags(options, all);
    printf(".SS advect %s [flags]%s%s\n", options->command, options->operands ? " " : "",
           options->operands ? options->operands : "");
    adv_manual_text(options->summary, stdout);
    adv_manual_flags(all, n, stdout);
    for (const struct adv_option_letter *l = next_letter(options, options->letters); l;
         l = next_letter(options, l + 1))
        printf(".TP\n.B \\-%c\nshort for \\-\\-%s\n", l->letter, l->name);
    printf(".PP\nExample:\n.PP\n.nf\n");
    adv_manual_text(options->example, stdout);
    puts(".fi");
}

static void print_help(const struct adv_options *options, enum help_form form, enum adv_shell shell)
{
    struct adv_field all[FLAGS_MAX];
    if (form == HELP_TEXT)
        print_text(options);
    else if (form == HELP_MANUAL)
        print_manual(options);
    else
        adv_completion_flags(shell, "advect", options->command, all, all_flags(options, all),
                             stdout);
}

static enum adv_status refuse_flag(const struct adv_options *o, const char *flag,
                                   struct adv_error *error)
{
    struct adv_field all[FLAGS_MAX];
    const char *names[FLAGS_MAX + 1] = {NULL};
    for (size_t i = 0, n = all_flags(o, all); i < n; i++)
        names[i] = all[i].name;
    char plain[64], near[80] = "";
    snprintf(plain, sizeof plain, "%s", flag + strspn(flag, "-"));
    for (char *at = plain; *at; at++)
        *at = *at == '-' ? '_' : *at;
    const char *nearest = adv_nearest_name(plain, names);
    if (nearest)
        snprintf(near, sizeof near, "; did you mean --%s?", nearest);
    for (char *at = near + strspn(near, "; -"); *at; at++)
        *at = *at == '_' ? '-' : *at;
    return adv_fail_field(error, ADV_E_INVALID, plain, "%.80s is not a known flag%s", flag, near);
}

/* One flag, its value from the same word or from the next one. *used: words taken. */
static enum adv_status read_flag(struct reader *reader, const char *word, const char *name,
                                 const char *value, const char *next, size_t *used,
                                 struct adv_error *error)
{
    const struct adv_options *o = reader->options;
    const struct adv_more_options *more = o->more;
    const struct adv_field *own = adv_fields_find(o->fields, o->n_fields, name);
    const struct adv_field *field = own;
    if (!field && more)
        field = adv_fields_find(more->fields, more->n_fields, name);
    if (!field)
        return refuse_flag(o, word, error);
    if (!value && field->kind == ADV_FIELD_BOOL) {
        value = "";
    } else if (!value) {
        if (!next)
            return adv_fail_field(error, ADV_E_INVALID, name, "%s needs a value", word);
        value = next;
        *used = 2;
    }
    note_word(reader, field->name, value);
    if (own)
        return adv_fields_from_text(o->fields, o->n_fields, name, value, reader->values, error);
    return more->set(more->context, name, value, error);
}

static enum adv_status read_long(struct reader *reader, const char *word, const char *next,
                                 size_t *used, struct adv_error *error)
{
    char name[64];
    const char *equals = strchr(word, '=');
    int length = (int)(equals ? (size_t)(equals - word) : strlen(word)) - 2;
    snprintf(name, sizeof name, "%.*s", length, word + 2);
    return read_flag(reader, word, name, equals ? equals + 1 : NULL, next, used, error);
}

static enum adv_status read_letter(struct reader *reader, const char *word, const char *next,
                                   size_t *used, struct adv_error *error)
{
    for (const struct adv_option_letter *l = reader->options->letters; l && l->letter; l++) {
        if (word[1] == l->letter)
            return read_flag(reader, word, l->name, word[2] ? word + 2 : NULL, next, used, error);
    }
    return refuse_flag(reader->options, word, error);
}

static enum adv_status read_operand(struct reader *reader, const char *word,
                                    struct adv_error *error)
{
    if (reader->n_operands == reader->options->n_operands + reader->options->n_more)
        return adv_fail(error, ADV_E_INVALID,
                        "\"%s\" is one argument too many; usage: advect %s %s", word,
                        reader->options->command,
                        reader->options->operands ? reader->options->operands : "[flags]");
    reader->operands[reader->n_operands++] = word;
    note_word(reader, NULL, word);
    return ADV_OK;
}

/* Required flags hold text or JSON, and are missing where they are still NULL. */
static enum adv_status check_required(const struct reader *reader, struct adv_error *error)
{
    const struct adv_options *o = reader->options;
    for (size_t i = 0; i < o->n_fields; i++) {
        const void *value;
        if (!o->fields[i].required)
            continue;
        memcpy(&value, (const char *)reader->values + o->fields[i].offset, sizeof value);
        if (!value)
            return adv_fail_field(error, ADV_E_INVALID, o->fields[i].name, "--%s is missing",
                                  o->fields[i].name);
    }
    return ADV_OK;
}

/* --help and -h; --help=manual and --help=SHELL, by which the program describes itself. */
static bool is_help(const char *word, enum help_form *form, enum adv_shell *shell)
{
    static const char flag[] = "--help=";
    size_t n = sizeof flag - 1, index = 0;
    if (!strcmp(word, "--help") || !strcmp(word, "-h"))
        *form = HELP_TEXT;
    else if (!strcmp(word, "--help=manual"))
        *form = HELP_MANUAL;
    else if (!strncmp(word, flag, n) &&
             adv_find_name("shell", word + n, adv_shell_names, &index, NULL) == ADV_OK)
        *form = HELP_COMPLETION;
    else
        return false;
    *shell = (enum adv_shell)index;
    return true;
}

static enum adv_status read_words(struct reader *reader, size_t n, char **words,
                                  struct adv_error *error)
{
    bool flags_ended = false;
    for (size_t i = 0, used; i < n; i += used) {
        const char *word = words[i], *next = i + 1 < n ? words[i + 1] : NULL;
        enum adv_status status = ADV_OK;
        used = 1;
        if (flags_ended || word[0] != '-' || !word[1])
            status = read_operand(reader, word, error);
        else if (!strcmp(word, "--"))
            flags_ended = true;
        else if (is_help(word, &reader->help, &reader->shell))
            return ADV_OK;
        else if (word[1] == '-')
            status = read_long(reader, word, next, &used, error);
        else
            status = read_letter(reader, word, next, &used, error);
        if (status != ADV_OK)
            return status;
    }
    if (reader->n_operands < reader->options->n_operands)
        return adv_fail(error, ADV_E_INVALID, "an argument is missing; usage: advect %s %s",
                        reader->options->command, reader->options->operands);
    const struct adv_more_options *more = reader->options->more;
    enum adv_status status = check_required(reader, error);
    if (status == ADV_OK && more && more->end)
        status = more->end(more->context, error);
    return status == ADV_OK ? adv_check_overwriting(reader->words, reader->n_words, error) : status;
}

/* A message about a flag names it as it is typed. */
static void print_fault(const struct adv_options *options, const struct adv_error *error)
{
    struct adv_field all[FLAGS_MAX];
    size_t length = strlen(error->field);
    bool is_flag = length > 0 && !strncmp(error->message, error->field, length) &&
                   adv_fields_find(all, all_flags(options, all), error->field);
    fprintf(stderr, "advect %s: %s", options->command, is_flag ? "--" : "");
    for (size_t i = 0; is_flag && i < length; i++)
        fputc(error->field[i] == '_' ? '-' : error->field[i], stderr);
    fprintf(stderr, "%s (`advect %s --help` lists the flags)\n",
            error->message + (is_flag ? length : 0), options->command);
}

int adv_options_read(const struct adv_options *options, int argc, char **argv, void *values,
                     const char **operands)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_word words[WORDS_MAX];
    struct reader reader = {.options = options,
                            .values = values,
                            .operands = operands,
                            .words = words,
                            .capacity = WORDS_MAX};
    for (size_t i = options->n_operands; i < options->n_operands + options->n_more; i++)
        operands[i] = NULL;
    if (adv_fields_init(options->fields, options->n_fields, values, &error) != ADV_OK)
        return adv_command_fail(options->command, &error);
    enum adv_status status = read_words(&reader, (size_t)argc - 1, argv + 1, &error);
    if (status == ADV_OK && reader.help == HELP_NONE)
        return ADV_OPTIONS_GO;
    adv_fields_release(options->fields, options->n_fields, values);
    if (status == ADV_OK) {
        print_help(options, reader.help, reader.shell);
        return ADV_EXIT_OK;
    }
    print_fault(options, &error);
    return ADV_EXIT_USAGE;
}

int adv_command_fail(const char *name, const struct adv_error *error)
{
    fprintf(stderr, "advect %s: %s\n", name, error->message);
    return ADV_EXIT_FAILURE;
}
