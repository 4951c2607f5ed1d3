/* What the table of parsers (parsers.h) is made of: each reads bytes [n] and all that a success
 * gives, and releases it; it aborts where that contradicts itself. */
#ifndef TESTS_FUZZ_CONSUME_H
#define TESTS_FUZZ_CONSUME_H

#include <advect/status.h>
#include <stddef.h>
#include <stdint.h>

enum adv_status fuzz_consume_safetensors(const uint8_t *bytes, size_t n, struct adv_error *error);
enum adv_status fuzz_consume_npy(const uint8_t *bytes, size_t n, struct adv_error *error);
enum adv_status fuzz_consume_csv(const uint8_t *bytes, size_t n, struct adv_error *error);
/* A table, whose first column is the labels', another is left out, and missing cells are
 * dropped. */
enum adv_status fuzz_consume_table(const uint8_t *bytes, size_t n, struct adv_error *error);
enum adv_status fuzz_consume_idx(const uint8_t *bytes, size_t n, struct adv_error *error);

/* Reads the picture in colours, then in grey. */
enum adv_status fuzz_consume_png(const uint8_t *bytes, size_t n, struct adv_error *error);
void fuzz_repair_png(uint8_t *bytes, size_t n);

/* The JSON body of a request, of every kind in turn: taken if any kind takes it. */
enum adv_status fuzz_consume_request(const uint8_t *bytes, size_t n, struct adv_error *error);

/* The target of an HTTP request, whose query is that of every kind in turn. */
enum adv_status fuzz_consume_target(const uint8_t *bytes, size_t n, struct adv_error *error);

/* The bytes of a connection, and the same as the value of each header that is parsed. */
enum adv_status fuzz_consume_head(const uint8_t *bytes, size_t n, struct adv_error *error);

/* A recipe of training, which is written and read once more, and its network. */
enum adv_status fuzz_consume_recipe(const uint8_t *bytes, size_t n, struct adv_error *error);

/* Aborts unless the status and its report fit together. */
void fuzz_check_report(enum adv_status status, const struct adv_error *error);

#endif
