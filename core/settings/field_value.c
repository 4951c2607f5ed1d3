/* Integers are compared with their bounds exactly. The bounds are doubles, so
 * near 2^63 neither side may be converted to the other's type unchecked. */
#include "core/settings/field_value.h"

#include "core/base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_SIZE sizeof((struct adv_field_subject *)0)->label
#define TWO_63 9223372036854775808.0

/* A number as written: an integer when it fits, else a double. */
struct number {
    bool is_integer;
    int64_t integer;
    double real;
};

/* Text after the first n characters of a label, as far as it fits; the label's length. Not by
 * printf: every field of every request has a label. */
static size_t add(char label[LABEL_SIZE], size_t n, const char *text)
{
    for (; *text && n < LABEL_SIZE - 1; text++)
        label[n++] = *text;
    label[n] = '\0';
    return n;
}

struct adv_field_subject adv_field_subject_of(const struct adv_field *field, const char *where)
{
    struct adv_field_subject subject = {.field = field};
    size_t n = where ? add(subject.label, add(subject.label, 0, where), ".") : 0;
    add(subject.label, n, field->name);
    adv_make_printable(subject.label);
    return subject;
}

/* ---------------------------------------------------------------- words for errors */

static void append_names(char *text, size_t size, const char *const *names)
{
    for (size_t i = 0; names[i]; i++)
        adv_append(text, size, "%s%s", i ? ", " : "", names[i]);
}

/* Whole bounds are spelled out as far as doubles are exact, up to 2^53 (16 digits). */
static int digits_of(double bound)
{
    return bound == floor(bound) && fabs(bound) <= 0x1p53 ? 16 : 15;
}

/* "between 1 and 10000", "at least 1", "at most 3", or "finite". lo or hi may be infinite. */
static void append_range(char *text, size_t size, double lo, double hi)
{
    int lo_digits = digits_of(lo), hi_digits = digits_of(hi);
    if (isinf(lo) && isinf(hi))
        adv_append(text, size, "finite");
    else if (isinf(hi))
        adv_append(text, size, "at least %.*g", lo_digits, lo);
    else if (isinf(lo))
        adv_append(text, size, "at most %.*g", hi_digits, hi);
    else
        adv_append(text, size, "between %.*g and %.*g", lo_digits, lo, hi_digits, hi);
}

const char *adv_json_kind(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a real number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        break;
    }
    return "null";
}

/* "{label} is {what}; it must be {what the field takes}". */
static enum adv_status refuse_type(const struct adv_field_subject *subject, const char *what,
                                   struct adv_error *error)
{
    static const char *const wanted[] = {
        [ADV_FIELD_BOOL] = "true or false",      [ADV_FIELD_INT] = "an integer",
        [ADV_FIELD_REAL] = "a number",           [ADV_FIELD_CHOICE] = "one of ",
        [ADV_FIELD_STRING] = "a string",         [ADV_FIELD_JSON] = "JSON",
        [ADV_FIELD_INTS] = "a list of integers",
    };
    const struct adv_field *field = subject->field;
    char allowed[256];
    snprintf(allowed, sizeof allowed, "%s", wanted[field->kind]);
    if (field->kind == ADV_FIELD_CHOICE)
        append_names(allowed, sizeof allowed, field->choices);
    return adv_fail_field(error, ADV_E_INVALID, subject->label, "%s is %s; it must be %s",
                          subject->label, what, allowed);
}

static enum adv_status refuse_range(const struct adv_field_subject *subject,
                                    const struct number *number, struct adv_error *error)
{
    const struct adv_field *field = subject->field;
    double lo = field->min, hi = field->max;
    if (field->kind == ADV_FIELD_INT) { /* bounds are named unless they are the type's own */
        lo = lo > -TWO_63 ? lo : number->is_integer ? -INFINITY : -TWO_63;
        hi = hi < TWO_63 ? hi : number->is_integer ? INFINITY : TWO_63;
    }
    char what[64], allowed[128] = "";
    if (number->is_integer)
        snprintf(what, sizeof what, "%lld", (long long)number->integer);
    else
        snprintf(what, sizeof what, "%.15g", number->real);
    append_range(allowed, sizeof allowed, lo, hi);
    return adv_fail_field(error, ADV_E_INVALID, subject->label, "%s is %s; it must be %s",
                          subject->label, what, allowed);
}

/* ---------------------------------------------------------------- numbers */

/* bound <= value, exactly. */
static bool int_at_least(int64_t value, double bound)
{
    if (bound >= TWO_63)
        return false;
    return bound < -TWO_63 || value >= (int64_t)ceil(bound);
}

static bool int_at_most(int64_t value, double bound)
{
    if (bound < -TWO_63)
        return false;
    return bound >= TWO_63 || value <= (int64_t)floor(bound);
}

static enum adv_status set_int(const struct adv_field_subject *subject, const struct number *number,
                               struct adv_field_value *value, struct adv_error *error)
{
    struct number exact = *number;
    if (!exact.is_integer) {
        if (exact.real != floor(exact.real)) {
            char what[32];
            snprintf(what, sizeof what, "%.15g", exact.real);
            return refuse_type(subject, what, error);
        }
        if (!(exact.real >= -TWO_63 && exact.real < TWO_63))
            return refuse_range(subject, &exact, error);
        exact = (struct number){.is_integer = true, .integer = (int64_t)exact.real};
    }
    const struct adv_field *field = subject->field;
    if (!int_at_least(exact.integer, field->min) || !int_at_most(exact.integer, field->max))
        return refuse_range(subject, &exact, error);
    *value = (struct adv_field_value){.set = true, .as.integer = exact.integer};
    return ADV_OK;
}

static enum adv_status set_real(const struct adv_field_subject *subject,
                                const struct number *number, struct adv_field_value *value,
                                struct adv_error *error)
{
    const struct adv_field *field = subject->field;
    double real = number->is_integer ? (double)number->integer : number->real;
    if (!isfinite(real) || !(real >= field->min && real <= field->max))
        return refuse_range(subject, number, error);
    *value = (struct adv_field_value){.set = true, .as.real = real};
    return ADV_OK;
}

static struct number number_of_json(const json_t *json)
{
    return (struct number){.is_integer = json_is_integer(json),
                           .integer = json_integer_value(json),
                           .real = json_real_value(json)};
}

/* Decimal text as JSON and people write it: no blanks, no hexadecimal, no nan or inf. */
static bool is_decimal(const char *text, bool *is_integer)
{
    const char *at = text + (*text == '-');
    size_t whole = strspn(at, "0123456789"), fraction = 0;
    at += whole;
    *is_integer = *at == '\0';
    if (*at == '.') {
        fraction = strspn(++at, "0123456789");
        at += fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*at == 'e' || *at == 'E') {
        at += at[1] == '+' || at[1] == '-' ? 2 : 1;
        if (!isdigit((unsigned char)*at))
            return false;
        at += strspn(at, "0123456789");
    }
    return *at == '\0';
}

static bool number_from_text(const char *text, struct number *number)
{
    bool is_integer;
    if (!is_decimal(text, &is_integer))
        return false;
    if (is_integer) {
        errno = 0;
        long long integer = strtoll(text, NULL, 10);
        if (errno != ERANGE) {
            *number = (struct number){.is_integer = true, .integer = integer};
            return true;
        }
    }
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale)
        return false;
    *number = (struct number){.real = strtod_l(text, NULL, c_locale)};
    freelocale(c_locale);
    if (is_integer && number->real == -TWO_63) /* just below, but rounded onto the least integer */
        number->real = nextafter(-TWO_63, -INFINITY);
    return true;
}

/* ---------------------------------------------------------------- one value */

static enum adv_status set_choice(const struct adv_field_subject *subject, const char *text,
                                  struct adv_field_value *value, struct adv_error *error)
{
    size_t index;
    enum adv_status status =
        adv_find_name(subject->label, text, subject->field->choices, &index, error);
    if (status == ADV_OK)
        *value = (struct adv_field_value){.set = true, .as.integer = (int64_t)index};
    return status;
}

/* text: valid UTF-8 of `length` bytes. */
static enum adv_status set_string(const struct adv_field_subject *subject, const char *text,
                                  size_t length, struct adv_field_value *value,
                                  struct adv_error *error)
{
    const struct adv_field *field = subject->field;
    double hi = field->max > 0 ? field->max : INFINITY;
    if ((double)length < field->min || (double)length > hi) {
        char allowed[128] = "";
        append_range(allowed, sizeof allowed, field->min, hi);
        return adv_fail_field(error, ADV_E_INVALID, subject->label,
                              "%s is %zu bytes long; its length must be %s", subject->label, length,
                              allowed);
    }
    if (memchr(text, '\0', length))
        return refuse_type(subject, "a string with a NUL character in it", error);
    char *copy = adv_strdup(text);
    if (!copy)
        return adv_no_memory(error);
    *value = (struct adv_field_value){.set = true, .as.string = copy};
    return ADV_OK;
}

static enum adv_status set_bool_from_text(const struct adv_field_subject *subject, const char *text,
                                          struct adv_field_value *value, struct adv_error *error)
{
    static const char *const words[] = {"false", "true", "no", "yes", "0", "1"};
    for (size_t i = 0; i < ADV_COUNT(words); i++) {
        if (!strcmp(text, words[i])) {
            *value = (struct adv_field_value){.set = true, .as.flag = i % 2 == 1};
            return ADV_OK;
        }
    }
    if (*text)
        return refuse_type(subject, adv_quote(text).text, error);
    *value = (struct adv_field_value){.set = true, .as.flag = true};
    return ADV_OK;
}

static enum adv_status set_json_from_text(const struct adv_field_subject *subject, const char *text,
                                          struct adv_field_value *value, struct adv_error *error)
{
    json_error_t flaw;
    json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &flaw);
    if (!json && !flaw.text[0]) /* jansson has words for every flaw but its own want of memory */
        return adv_no_memory(error);
    if (!json)
        return adv_fail_field(error, ADV_E_INVALID, subject->label,
                              "%s is %s; it must be JSON (%s)", subject->label,
                              adv_quote(text).text, adv_quote(flaw.text).text);
    if (json_is_null(json)) {
        json_decref(json);
        json = NULL;
    }
    *value = (struct adv_field_value){.set = true, .as.json = json};
    return ADV_OK;
}

static enum adv_status check_count(const struct adv_field_subject *subject, size_t n,
                                   struct adv_error *error)
{
    const struct adv_field *field = subject->field;
    if (n >= field->least && n <= field->most)
        return ADV_OK;
    char allowed[64];
    if (field->least == field->most)
        snprintf(allowed, sizeof allowed, "%zu", field->most);
    else
        snprintf(allowed, sizeof allowed, "%zu to %zu", field->least, field->most);
    return adv_fail_field(error, ADV_E_INVALID, subject->label,
                          "%s has %zu elements; it must have %s", subject->label, n, allowed);
}

/* The next element of value->as.ints. Messages name it, "net.image[2]"; the field is the list. */
static enum adv_status add_item(const struct adv_field_subject *subject, struct adv_ints *ints,
                                const struct number *number, const char *what,
                                struct adv_error *error)
{
    struct adv_field item_field = *subject->field;
    item_field.kind = ADV_FIELD_INT;
    struct adv_field_subject item = {.field = &item_field};
    snprintf(item.label, sizeof item.label, "%.48s[%zu]", subject->label, ints->n);
    struct adv_error flaw = ADV_ERROR_INIT;
    struct adv_field_value value = {0};
    enum adv_status status =
        number ? set_int(&item, number, &value, &flaw) : refuse_type(&item, what, &flaw);
    if (status != ADV_OK)
        return adv_fail_field(error, status, subject->label, "%s", flaw.message);
    ints->items[ints->n++] = value.as.integer;
    return ADV_OK;
}

static enum adv_status set_ints_from_json(const struct adv_field_subject *subject,
                                          const json_t *json, struct adv_field_value *value,
                                          struct adv_error *error)
{
    struct adv_ints ints = {0};
    enum adv_status status = check_count(subject, json_array_size(json), error);
    for (size_t i = 0; status == ADV_OK && i < json_array_size(json); i++) {
        const json_t *item = json_array_get(json, i);
        struct number number = number_of_json(item);
        status = add_item(subject, &ints, json_is_number(item) ? &number : NULL,
                          adv_json_kind(item), error);
    }
    if (status == ADV_OK)
        *value = (struct adv_field_value){.set = true, .as.ints = ints};
    return status;
}

/* "1,2,4"; an empty text is an empty list. */
static enum adv_status set_ints_from_text(const struct adv_field_subject *subject, const char *text,
                                          struct adv_field_value *value, struct adv_error *error)
{
    struct adv_ints ints = {0};
    size_t n = *text ? 1 : 0;
    for (const char *at = text; *at; at++)
        n += *at == ',';
    enum adv_status status = check_count(subject, n, error);
    for (const char *at = text; status == ADV_OK && ints.n < n; at += strcspn(at, ",") + 1) {
        char item[32];
        struct number number;
        size_t length = strcspn(at, ",");
        snprintf(item, sizeof item, "%.*s", (int)(length < sizeof item ? length : sizeof item), at);
        bool readable = length < sizeof item && number_from_text(item, &number);
        status = add_item(subject, &ints, readable ? &number : NULL, adv_quote(item).text, error);
    }
    if (status == ADV_OK)
        *value = (struct adv_field_value){.set = true, .as.ints = ints};
    return status;
}

enum adv_status adv_field_value_from_text(const struct adv_field_subject *subject, const char *text,
                                          struct adv_field_value *value, struct adv_error *error)
{
    struct number number;
    switch (subject->field->kind) {
    case ADV_FIELD_BOOL:
        return set_bool_from_text(subject, text, value, error);
    case ADV_FIELD_INT:
        if (!number_from_text(text, &number))
            break;
        return set_int(subject, &number, value, error);
    case ADV_FIELD_REAL:
        if (!number_from_text(text, &number))
            break;
        return set_real(subject, &number, value, error);
    case ADV_FIELD_CHOICE:
        return set_choice(subject, text, value, error);
    case ADV_FIELD_STRING:
        if (!adv_is_utf8(text, strlen(text)))
            return refuse_type(subject, "not valid UTF-8", error);
        return set_string(subject, text, strlen(text), value, error);
    case ADV_FIELD_INTS:
        return set_ints_from_text(subject, text, value, error);
    case ADV_FIELD_JSON:
        return set_json_from_text(subject, text, value, error);
    }
    return refuse_type(subject, adv_quote(text).text, error);
}

enum adv_status adv_field_value_from_json(const struct adv_field_subject *subject,
                                          const json_t *json, struct adv_field_value *value,
                                          struct adv_error *error)
{
    struct number number = number_of_json(json);
    json_t *copy;
    switch (subject->field->kind) {
    case ADV_FIELD_BOOL:
        if (!json_is_boolean(json))
            break;
        *value = (struct adv_field_value){.set = true, .as.flag = json_is_true(json)};
        return ADV_OK;
    case ADV_FIELD_INT:
        if (!json_is_number(json))
            break;
        return set_int(subject, &number, value, error);
    case ADV_FIELD_REAL:
        if (!json_is_number(json))
            break;
        return set_real(subject, &number, value, error);
    case ADV_FIELD_CHOICE:
        if (!json_is_string(json))
            break;
        return set_choice(subject, json_string_value(json), value, error);
    case ADV_FIELD_STRING:
        if (!json_is_string(json))
            break;
        return set_string(subject, json_string_value(json), json_string_length(json), value, error);
    case ADV_FIELD_INTS:
        if (!json_is_array(json))
            break;
        return set_ints_from_json(subject, json, value, error);
    case ADV_FIELD_JSON:
        copy = adv_json_deep_copy(json);
        if (!copy)
            return adv_no_memory(error);
        *value = (struct adv_field_value){.set = true, .as.json = copy};
        return ADV_OK;
    }
    return refuse_type(subject, adv_json_kind(json), error);
}

enum adv_status adv_field_value_default(const struct adv_field_subject *subject,
                                        struct adv_field_value *value, struct adv_error *error)
{
    const struct adv_field *field = subject->field;
    if (!field->fallback) {
        *value = (struct adv_field_value){.set = true}; /* all bits zero: 0, false, 0.0 or NULL */
        return ADV_OK;
    }
    struct adv_error flaw = ADV_ERROR_INIT;
    enum adv_status status = adv_field_value_from_text(subject, field->fallback, value, &flaw);
    if (status == ADV_E_MEMORY)
        return adv_no_memory(error);
    if (status != ADV_OK)
        adv_bug("default of a field: %s", flaw.message);
    return ADV_OK;
}

/* Types of members vary, so they are copied bytewise. */
static size_t member_bytes(const struct adv_field *field)
{
    static const size_t bytes[] = {
        [ADV_FIELD_BOOL] = sizeof(bool),
        [ADV_FIELD_INT] = sizeof(int64_t),
        [ADV_FIELD_REAL] = sizeof(double),
        [ADV_FIELD_CHOICE] = sizeof(int64_t),
        [ADV_FIELD_STRING] = sizeof(char *),
        [ADV_FIELD_JSON] = sizeof(json_t *),
        [ADV_FIELD_INTS] = sizeof(struct adv_ints),
    };
    return bytes[field->kind];
}

struct adv_field_value adv_field_value_load(const struct adv_field *field, const void *options)
{
    struct adv_field_value value = {.set = true};
    memcpy(&value.as, (const char *)options + field->offset, member_bytes(field));
    return value;
}

void adv_field_value_store(const struct adv_field *field, const struct adv_field_value *value,
                           void *options)
{
    memcpy((char *)options + field->offset, &value->as, member_bytes(field));
}

void adv_field_value_release(const struct adv_field *field, struct adv_field_value *value)
{
    if (value->set && field->kind == ADV_FIELD_STRING)
        free(value->as.string);
    if (value->set && field->kind == ADV_FIELD_JSON)
        json_decref(value->as.json);
    *value = (struct adv_field_value){0};
}
