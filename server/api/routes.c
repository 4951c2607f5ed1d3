#include "server/api/routes.h"

#include "server/api/handlers.h"

#include <advect/extra/memory.h>

static const struct adv_route rows[] = {
    {"GET", "/", adv_handle_index, .open = true, .summary = "The web page"},
    {"GET", "/web/{file}", adv_handle_asset, .open = true, .summary = "A file of the web page"},
    {"GET", "/web/{folder}/{file}", adv_handle_asset, .open = true,
     .summary = "A file in a folder of the web page"},
    {"GET", "/health/live", adv_handle_live, .open = true, .health = true,
     .summary = "Whether the process runs"},
    {"GET", "/health/ready", adv_handle_ready, .open = true, .health = true,
     .summary = "Whether requests are accepted: 200, or 503 while draining or without a model"},
    {"GET", "/metrics", adv_handle_metrics, .management = true,
     .summary = "Metrics in the Prometheus text format"},
    {"GET", "/openapi.json", adv_handle_openapi, .summary = "This description of the API"},
    {"GET", "/v1/models", adv_handle_models, .summary = "The models that are served"},
    {"GET", "/v1/models/{model}", adv_handle_model,
     .summary = "One model, with its whole configuration"},
    {"POST", "/v1/models/{model}/samples", adv_handle_query, ADV_QUERY_SAMPLES,
     .summary = "Draw samples from a model"},
    {"POST", "/v1/models/{model}/trajectories", adv_handle_query, ADV_QUERY_TRAJECTORIES,
     .summary = "Draw samples and give their states at several times"},
    {"POST", "/v1/models/{model}/log-density", adv_handle_query, ADV_QUERY_LOG_DENSITY,
     .summary = "Log-densities of points, in nats"},
    {"POST", "/v1/models/{model}/latents", adv_handle_query, ADV_QUERY_LATENTS,
     .summary = "The base points that the flow maps to given points"},
    {"POST", "/v1/models/{model}/velocity", adv_handle_query, ADV_QUERY_VELOCITY,
     .summary = "The learned velocity at points"},
    {"GET", "/v1/models/{model}/samples.png", adv_handle_picture, ADV_QUERY_SAMPLES,
     .summary = "A picture of samples"},
    {"GET", "/v1/models/{model}/trajectories.png", adv_handle_picture, ADV_QUERY_TRAJECTORIES,
     .summary = "An animated picture of trajectories"},
    {"GET", "/v1/models/{model}/density.png", adv_handle_picture, ADV_QUERY_LOG_DENSITY,
     .summary = "A density: a heat map of the plane, a curve, or marginals by histogram"},
    {"GET", "/v1/models/{model}/velocity.png", adv_handle_picture, ADV_QUERY_VELOCITY,
     .summary = "Arrows of a 2-D velocity field"},
    {"GET", "/v1/jobs", adv_handle_jobs, .summary = "The jobs of the client's key"},
    {"POST", "/v1/jobs", adv_handle_new_job, .json_only = true,
     .summary = "Have a query answered without waiting on the connection"},
    {"GET", "/v1/jobs/{id}", adv_handle_job, .summary = "How far a job has come"},
    {"DELETE", "/v1/jobs/{id}", adv_handle_job_removal,
     .summary = "Cancel a job, and drop its result"},
    {"GET", "/v1/jobs/{id}/result", adv_handle_job_result,
     .summary = "The answer that the job's query gets; frame by frame while they are computed, "
                "where it is a stream"},
};

const struct adv_routes adv_routes = {rows, ADV_COUNT(rows)};
