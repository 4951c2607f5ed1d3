/* A parser for just this header, and not the JSON library, because a header comes from anywhere: a
 * name costs no allocation and a tensor a fixed one, so memory stays within a few times the
 * header; nothing recurses; and running out of memory is always noticed (jansson 2.14's reader
 * drops bytes of a token when its buffer cannot grow).
 *
 *   header  { "name": tensor, ..., "__metadata__": { "key": "value", ... } }  in any order
 *   tensor  { "dtype": "F32", "shape": [n, ...], "data_offsets": [begin, end] }  in any order
 */
#include "core/io/safetensors/header.h"

#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/io/arrays/array.h"
#include "core/io/dtype.h"

#include <stdlib.h>
#include <string.h>

struct cursor {
    char *start, *at, *end;
    struct adv_error *error;
};

static enum adv_status syntax_error(const struct cursor *cursor, const char *what)
{
    return adv_fail(cursor->error, ADV_E_FORMAT, "header, byte %zu: %s",
                    (size_t)(cursor->at - cursor->start), what);
}

static void skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->end && *cursor->at && strchr(" \t\r\n", *cursor->at))
        cursor->at++;
}

/* Takes the next character that is no space if it is c. */
static bool accept(struct cursor *cursor, char c)
{
    skip_space(cursor);
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

/* ---------------------------------------------------------------- strings */

/* The four hex digits at text, or -1. */
static int32_t hex4(const char *text, const char *end)
{
    int32_t value = 0;
    if (end - text < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9')
            value = value * 16 + (c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value * 16 + (c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            value = value * 16 + (c - 'A' + 10);
        else
            return -1;
    }
    return value;
}

/* The code point of the \uXXXX, or of the surrogate pair of them, at cursor (behind the \u); -1 if
 * it is none or NUL. */
static int32_t take_code_point(struct cursor *cursor)
{
    int32_t high = hex4(cursor->at, cursor->end);
    if (high <= 0 || (high >= 0xdc00 && high <= 0xdfff))
        return -1;
    cursor->at += 4;
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (cursor->end - cursor->at < 2 || memcmp(cursor->at, "\\u", 2) != 0)
        return -1;
    int32_t low = hex4(cursor->at + 2, cursor->end);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    cursor->at += 6;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* Writes a code point as UTF-8 (1 to 4 bytes) and returns the end. */
static char *put_utf8(char *to, int32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    int n_following = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const int lead[] = {0, 0xc0, 0xe0, 0xf0};
    *to++ = (char)(lead[n_following] | code >> (6 * n_following));
    for (int i = n_following - 1; i >= 0; i--)
        *to++ = (char)(0x80 | (code >> (6 * i) & 0x3f));
    return to;
}

/* Replaces the escape at cursor (a backslash) by what it stands for, written at *to. It never
 * grows: \uXXXX is 6 bytes for at most 3, a pair of them 12 for 4. */
static enum adv_status take_escape(struct cursor *cursor, char **to)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char letter = cursor->end - cursor->at > 1 ? cursor->at[1] : '\0';
    const char *found = letter ? strchr(letters, letter) : NULL;
    if (found) {
        cursor->at += 2;
        *(*to)++ = meanings[found - letters];
        return ADV_OK;
    }
    if (letter != 'u')
        return syntax_error(cursor, "unknown escape in a string");
    cursor->at += 2;
    int32_t code = take_code_point(cursor);
    if (code < 0)
        return syntax_error(cursor, "\\u does not give a character");
    *to = put_utf8(*to, code);
    return ADV_OK;
}

/* The string at cursor, unescaped in place; its closing quote makes room for the NUL. */
static enum adv_status take_string(struct cursor *cursor, const char **string)
{
    if (!accept(cursor, '"'))
        return syntax_error(cursor, "a string in double quotes is expected");
    char *start = cursor->at, *to = start;
    while (cursor->at < cursor->end && *cursor->at != '"') {
        if ((unsigned char)*cursor->at < 0x20)
            return syntax_error(cursor, "control character in a string");
        if (*cursor->at != '\\') {
            *to++ = *cursor->at++;
            continue;
        }
        enum adv_status status = take_escape(cursor, &to);
        if (status != ADV_OK)
            return status;
    }
    if (cursor->at == cursor->end)
        return syntax_error(cursor, "a string has no end");
    cursor->at++;
    *to = '\0';
    *string = start;
    return ADV_OK;
}

/* ---------------------------------------------------------------- objects and arrays */

/* Goes to the next member of an object whose brace was taken: *key is NULL at its end. */
static enum adv_status next_member(struct cursor *cursor, bool first, const char **key)
{
    *key = NULL;
    if (accept(cursor, '}'))
        return ADV_OK;
    if (!first && !accept(cursor, ','))
        return syntax_error(cursor, "',' or '}' is expected");
    const char *name;
    enum adv_status status = take_string(cursor, &name);
    if (status != ADV_OK)
        return status;
    if (!accept(cursor, ':'))
        return syntax_error(cursor, "':' is expected");
    *key = name;
    return ADV_OK;
}

static enum adv_status take_size(struct cursor *cursor, size_t *value)
{
    skip_space(cursor);
    const char *start = cursor->at;
    size_t number = 0;
    for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (size_t)(*cursor->at - '0'), &number))
            return syntax_error(cursor, "the integer is too large");
    }
    if (cursor->at == start)
        return syntax_error(cursor, "an integer >= 0 is expected");
    if (*start == '0' && cursor->at - start > 1)
        return syntax_error(cursor, "an integer begins with 0");
    *value = number;
    return ADV_OK;
}

/* An array of at most max integers. */
static enum adv_status take_sizes(struct cursor *cursor, size_t max, size_t *values, size_t *count)
{
    *count = 0;
    if (!accept(cursor, '['))
        return syntax_error(cursor, "an array of integers is expected");
    if (accept(cursor, ']'))
        return ADV_OK;
    do {
        if (*count == max)
            return adv_fail(cursor->error, ADV_E_UNSUPPORTED,
                            "header, byte %zu: an array of more than %zu integers",
                            (size_t)(cursor->at - cursor->start), max);
        enum adv_status status = take_size(cursor, &values[(*count)++]);
        if (status != ADV_OK)
            return status;
    } while (accept(cursor, ','));
    return accept(cursor, ']') ? ADV_OK : syntax_error(cursor, "',' or ']' is expected");
}

/* ---------------------------------------------------------------- one tensor */

enum { HAS_DTYPE = 1, HAS_SHAPE = 2, HAS_OFFSETS = 4, HAS_ALL = 7 };

static enum adv_status tensor_error(const struct cursor *cursor, enum adv_status status,
                                    const char *name, const char *what, const char *value)
{
    char name_text[ADV_PRINTABLE_MAX], value_text[ADV_PRINTABLE_MAX];
    adv_printable(name, strlen(name), name_text);
    adv_printable(value, strlen(value), value_text);
    return adv_fail_field(cursor->error, status, name_text, "tensor '%s': %s '%s'", name_text, what,
                          value_text);
}

static enum adv_status take_dtype(struct cursor *cursor, struct adv_tensor *tensor)
{
    const char *name;
    enum adv_status status = take_string(cursor, &name);
    if (status != ADV_OK)
        return status;
    if (!adv_dtype_parse(name, &tensor->dtype))
        return tensor_error(cursor, ADV_E_UNSUPPORTED, tensor->name,
                            "only F32, F64, F16, BF16, I64, I32 and U8 are read, not dtype", name);
    return ADV_OK;
}

static enum adv_status take_shape(struct cursor *cursor, struct adv_tensor *tensor)
{
    size_t n_dims;
    enum adv_status status = take_sizes(cursor, ADV_TENSOR_MAX_DIMS, tensor->shape, &n_dims);
    tensor->n_dims = (int)n_dims;
    return status;
}

static enum adv_status take_offsets(struct cursor *cursor, struct adv_header_tensor *entry)
{
    size_t offsets[2], count;
    enum adv_status status = take_sizes(cursor, 2, offsets, &count);
    if (status != ADV_OK)
        return status;
    if (count != 2)
        return syntax_error(cursor, "data_offsets are two integers, begin and end");
    entry->begin = offsets[0];
    entry->end = offsets[1];
    return ADV_OK;
}

static enum adv_status take_tensor_member(struct cursor *cursor, const char *key,
                                          struct adv_header_tensor *entry, int *seen)
{
    int member = strcmp(key, "dtype") == 0          ? HAS_DTYPE
                 : strcmp(key, "shape") == 0        ? HAS_SHAPE
                 : strcmp(key, "data_offsets") == 0 ? HAS_OFFSETS
                                                    : 0;
    if (!member)
        return tensor_error(cursor, ADV_E_FORMAT, entry->tensor.name, "unknown member", key);
    if (*seen & member)
        return tensor_error(cursor, ADV_E_FORMAT, entry->tensor.name, "duplicate member", key);
    *seen |= member;
    if (member == HAS_DTYPE)
        return take_dtype(cursor, &entry->tensor);
    if (member == HAS_SHAPE)
        return take_shape(cursor, &entry->tensor);
    return take_offsets(cursor, entry);
}

static enum adv_status take_tensor(struct cursor *cursor, const char *name,
                                   struct adv_header_tensor *entry)
{
    *entry = (struct adv_header_tensor){.tensor.name = name};
    if (!accept(cursor, '{'))
        return syntax_error(cursor, "a tensor is an object");
    int seen = 0;
    for (;;) {
        const char *key;
        enum adv_status status = next_member(cursor, seen == 0, &key);
        if (status == ADV_OK && !key)
            break;
        if (status == ADV_OK)
            status = take_tensor_member(cursor, key, entry, &seen);
        if (status != ADV_OK)
            return status;
    }
    if (seen != HAS_ALL)
        return tensor_error(cursor, ADV_E_FORMAT, name, "missing",
                            !(seen & HAS_DTYPE)   ? "dtype"
                            : !(seen & HAS_SHAPE) ? "shape"
                                                  : "data_offsets");
    struct adv_tensor *tensor = &entry->tensor;
    size_t n_bytes;
    if (!adv_shape_count(tensor->n_dims, tensor->shape, &tensor->n_elements) ||
        !adv_mul_size(tensor->n_elements, adv_dtype_bytes(tensor->dtype), &n_bytes))
        return tensor_error(cursor, ADV_E_FORMAT, name, "too many elements in", "shape");
    return ADV_OK;
}

/* ---------------------------------------------------------------- the whole header */

static enum adv_status take_metadata(struct cursor *cursor, struct adv_safetensors_header *header)
{
    if (!accept(cursor, '{'))
        return syntax_error(cursor, ADV_SAFETENSORS_METADATA " is an object of strings");
    for (;;) {
        struct adv_header_pair pair;
        enum adv_status status = next_member(cursor, header->n_metadata == 0, &pair.key);
        if (status == ADV_OK && !pair.key)
            return ADV_OK;
        if (status == ADV_OK)
            status = take_string(cursor, &pair.value);
        if (status == ADV_OK)
            status = adv_grow(&header->metadata, &header->metadata_capacity, header->n_metadata + 1,
                              sizeof pair, cursor->error);
        if (status != ADV_OK)
            return status;
        header->metadata[header->n_metadata++] = pair;
    }
}

static enum adv_status take_entry(struct cursor *cursor, const char *name,
                                  struct adv_safetensors_header *header)
{
    enum adv_status status =
        adv_grow(&header->tensors, &header->tensor_capacity, header->n_tensors + 1,
                 sizeof *header->tensors, cursor->error);
    if (status == ADV_OK)
        status = take_tensor(cursor, name, &header->tensors[header->n_tensors]);
    if (status == ADV_OK)
        header->n_tensors++;
    return status;
}

enum adv_status adv_safetensors_header_parse(char *text, size_t n,
                                             struct adv_safetensors_header *header,
                                             struct adv_error *error)
{
    struct cursor cursor = {text, text, text + n, error};
    if (!adv_is_utf8(text, n))
        return adv_fail(error, ADV_E_FORMAT, "the header is not UTF-8");
    if (!accept(&cursor, '{'))
        return syntax_error(&cursor, "the header is not a JSON object");
    bool has_metadata = false;
    for (bool first = true;; first = false) {
        const char *name;
        enum adv_status status = next_member(&cursor, first, &name);
        if (status == ADV_OK && !name)
            break;
        if (status == ADV_OK && strcmp(name, ADV_SAFETENSORS_METADATA) != 0) {
            status = take_entry(&cursor, name, header);
        } else if (status == ADV_OK) {
            if (has_metadata)
                return syntax_error(&cursor, "a second " ADV_SAFETENSORS_METADATA);
            has_metadata = true;
            status = take_metadata(&cursor, header);
        }
        if (status != ADV_OK)
            return status;
    }
    skip_space(&cursor);
    return cursor.at == cursor.end ? ADV_OK : syntax_error(&cursor, "text after the header");
}

void adv_safetensors_header_release(struct adv_safetensors_header *header)
{
    free(header->tensors);
    free(header->metadata);
}
