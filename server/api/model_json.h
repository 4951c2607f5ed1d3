/* What is told of a model: a member of GET /v1/models. */
#ifndef ADV_SERVER_MODEL_JSON_H
#define ADV_SERVER_MODEL_JSON_H

#include <advect/extra/request.h>
#include <jansson.h>
#include <stdint.h>

/* A new reference. limits: of one request, with the bytes of its body. */
json_t *adv_model_to_json(const struct adv_model *model, const struct adv_limits *limits,
                          int64_t max_body_bytes);

#endif
