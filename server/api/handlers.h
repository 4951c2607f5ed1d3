/* The handlers of the routes; each is in the file of its resource. */
#ifndef ADV_SERVER_HANDLERS_H
#define ADV_SERVER_HANDLERS_H

#include <advect/extra/fields.h>
#include <advect/extra/render.h>

struct adv_exchange;

void adv_handle_index(struct adv_exchange *exchange); /* assets.c */
void adv_handle_docs(struct adv_exchange *exchange);
void adv_handle_asset(struct adv_exchange *exchange);
void adv_handle_client(struct adv_exchange *exchange);
void adv_handle_playground(struct adv_exchange *exchange); /* playground.c */
void adv_handle_playground_file(struct adv_exchange *exchange);
void adv_handle_playground_entrance(struct adv_exchange *exchange);
void adv_handle_live(struct adv_exchange *exchange); /* health.c */
void adv_handle_ready(struct adv_exchange *exchange);
void adv_handle_metrics(struct adv_exchange *exchange);
void adv_handle_openapi(struct adv_exchange *exchange); /* openapi.c */
void adv_handle_models(struct adv_exchange *exchange);  /* models.c */
void adv_handle_model(struct adv_exchange *exchange);
void adv_handle_query(struct adv_exchange *exchange); /* queries.c */
void adv_handle_jobs(struct adv_exchange *exchange);  /* jobs.c */
void adv_handle_new_job(struct adv_exchange *exchange);
void adv_handle_job(struct adv_exchange *exchange);
void adv_handle_job_result(struct adv_exchange *exchange);
void adv_handle_job_removal(struct adv_exchange *exchange);
void adv_handle_picture(struct adv_exchange *exchange); /* pictures.c */

/* The fields that pictures take in the URL beside those of their query: width, zoom, ... */
#define ADV_PICTURE_URL_FIELDS (ADV_PICTURE_FIELDS + 1)
void adv_picture_url_fields(struct adv_field fields[ADV_PICTURE_URL_FIELDS]); /* pictures.c */

#endif
