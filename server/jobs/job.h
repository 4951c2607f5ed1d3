/* A query being answered, for one connection or for the store: what the HTTP threads hand to the
 * scheduler, and get back as a reply. Its parts are whose they are: the work the
 * workers', the ticket the scheduler's, the channel between workers and the
 * connection's HTTP thread. */
#ifndef ADV_SERVER_JOB_H
#define ADV_SERVER_JOB_H

#include "server/clients/client.h"
#include "server/jobs/channel.h"
#include "server/jobs/strand.h"
#include "server/jobs/ticket.h"
#include "server/jobs/work.h"

struct adv_job_store;

struct adv_job {
    atomic_int references;
    struct adv_client *client; /* whom it is for: a reference, or NULL for nobody in particular */
    struct adv_work work;
    struct adv_ticket ticket;
    struct adv_channel channel;
    struct adv_answering {
        struct adv_strand *strand; /* on which the answer is written, where that takes long */
        enum adv_status status;
        struct adv_error error;
        struct adv_reply reply;
    } answering;
    struct adv_job_store *store; /* that lists it, or NULL; fixed before the job is submitted */
    atomic_size_t *budget; /* where the answer's numbers are taken off: when the job is freed, or
                            * at its end where it is stored, since its bytes are counted then */
};

/* Takes over request, takes a reference to model. The query is the caller's to fill in. */
enum adv_status adv_job_new(struct adv_model *model, struct adv_request *request,
                            struct adv_job **job, struct adv_error *error);
/* Where the numbers of the answer are counted for the job's client, which it must have. */
atomic_size_t *adv_job_client_numbers(const struct adv_job *job);
struct adv_job *adv_job_ref(struct adv_job *job);
void adv_job_unref(struct adv_job *job);

/* On the HTTP thread, after the job resumed the reader's connection: the reply to send. Of a job
 * that ended it is in *reply, and *response is NULL; of a stream that has begun, *response is made
 * of it (NULL without memory: then *reply says so). Job and reader must outlive the sending. */
void adv_job_collect(struct adv_job *job, struct adv_reader *reader, struct adv_reply *reply,
                     struct MHD_Response **response);

/* ---- on a worker */

/* Ends the job with a reply, which is taken over, and resumes connections that wait for it. */
void adv_job_end(struct adv_job *job, struct adv_reply *reply);

/* Sends the frames of a stream that all rows have reached by now. */
enum adv_status adv_job_send_frames(struct adv_job *job, struct adv_error *error);

/* The whole answer as a reply; of a stream, what is left of it is sent before. */
enum adv_status adv_job_finish(struct adv_job *job, struct adv_reply *reply,
                               struct adv_error *error);

#endif
