/* The store of jobs that outlive their connections: whose they are, and what makes room for
 * what. */
#include "server/jobs/store.h"

#include "tests/support/alloc_fail.h"
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MAX_JOBS 4
#define MAX_BYTES 1000
#define ALICE 7
#define BOB 8

static struct adv_metrics *metrics;
static struct adv_model *model;
static struct adv_job_store *store;

static enum adv_status store_new(int64_t keep_ms, struct adv_job_store **out,
                                 struct adv_error *error)
{
    struct adv_job_store_options options = {
        .max_jobs = MAX_JOBS, .max_bytes = MAX_BYTES, .keep_ms = keep_ms, .metrics = metrics};
    return adv_job_store_new(&options, out, error);
}

static void start(void)
{
    model = model_of("{\"name\": \"plane\", \"net\": {\"kind\": \"mlp\", \"dim\": 2,"
                     " \"channels\": 8, \"layers\": 1}, \"data\": {\"shape\": [2]}}");
    ck_assert_int_eq(adv_metrics_new(1, "none", &metrics, NULL), ADV_OK);
    ck_assert_int_eq(store_new(60000, &store, NULL), ADV_OK);
}

static void stop(void)
{
    adv_job_store_free(store);
    adv_metrics_free(metrics);
    adv_model_unref(model);
}

static struct adv_job *job_new(void)
{
    struct adv_request *request = NULL;
    struct adv_job *job = NULL;
    ck_assert_int_eq(adv_request_new(ADV_QUERY_SAMPLES, &request, NULL), ADV_OK);
    ck_assert_int_eq(adv_job_new(model, request, &job, NULL), ADV_OK);
    return job;
}

/* Adds a job, whose reference is the caller's; or NULL where there is no place. */
static struct adv_job *add(uint64_t owner, char id[ADV_JOB_ID_SIZE])
{
    struct adv_job *job = job_new();
    struct adv_job_record record;
    struct adv_reply refusal = {0};
    if (adv_job_store_add(store, job, owner, "request", &record, &refusal)) {
        struct adv_job_record early;
        ck_assert(!adv_job_store_find(store, record.id, owner, &early)); /* not accepted yet */
        adv_job_store_accept(store, job);
        memcpy(id, record.id, ADV_JOB_ID_SIZE);
        adv_job_record_release(&record);
        return job;
    }
    ck_assert_int_eq(refusal.status, 503);
    adv_reply_release(&refusal);
    adv_job_unref(job);
    return NULL;
}

/* The job ends with so many bytes, as a worker ends it. */
static void end(struct adv_job *job, size_t n_bytes)
{
    struct adv_reply reply = {0};
    struct adv_bytes body = {0};
    ck_assert_int_eq(adv_bytes_reserve(&body, n_bytes + 1, NULL), ADV_OK);
    body.n = n_bytes;
    adv_reply_bytes(&reply, 200, "application/json", &body);
    adv_job_end(job, &reply);
    adv_job_unref(job);
}

static bool is_there(const char *id, uint64_t owner)
{
    struct adv_job_record record;
    if (!adv_job_store_find(store, id, owner, &record))
        return false;
    ck_assert_str_eq(record.id, id);
    adv_job_record_release(&record);
    return true;
}

static size_t count_of(uint64_t owner)
{
    struct adv_job_record *records;
    size_t n;
    ck_assert_int_eq(adv_job_store_list(store, owner, &records, &n, NULL), ADV_OK);
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_eq(records[i].owner, owner);
        adv_job_record_release(&records[i]);
    }
    free(records);
    return n;
}

START_TEST(a_job_is_its_owner_s_alone)
{
    char id[ADV_JOB_ID_SIZE], other[ADV_JOB_ID_SIZE];
    struct adv_job *job = add(ALICE, id), *bobs = add(BOB, other);
    ck_assert_uint_eq(strspn(id, "0123456789abcdef"), 32);
    ck_assert_str_ne(id, other);
    ck_assert(is_there(id, ALICE) && !is_there(id, BOB) && !is_there(id, 0));
    ck_assert_uint_eq(count_of(ALICE), 1);
    ck_assert(!adv_job_store_remove(store, id, BOB));
    ck_assert(!adv_channel_is_abandoned(&job->channel));
    ck_assert(adv_job_store_remove(store, id, ALICE));
    ck_assert(adv_channel_is_abandoned(&job->channel));
    ck_assert(!adv_channel_is_abandoned(&bobs->channel));
    ck_assert_uint_eq(count_of(ALICE), 0);
    end(job, 10);
    ck_assert(!is_there(id, ALICE) && is_there(other, BOB));
    end(bobs, 10);
}
END_TEST

/* Not what came first. */
START_TEST(what_ended_first_makes_room)
{
    char ids[MAX_JOBS + 2][ADV_JOB_ID_SIZE];
    struct adv_job *jobs[MAX_JOBS + 2];
    for (int i = 0; i < MAX_JOBS; i++)
        jobs[i] = add(ALICE, ids[i]);
    ck_assert_ptr_null(add(ALICE, ids[MAX_JOBS]));
    end(jobs[2], 10);
    struct timespec a_while = {.tv_nsec = 2000000}; /* its clock counts milliseconds */
    nanosleep(&a_while, NULL);
    end(jobs[1], 10);
    jobs[4] = add(BOB, ids[4]);
    ck_assert(!is_there(ids[2], ALICE) && is_there(ids[1], ALICE) && is_there(ids[0], ALICE));
    jobs[5] = add(BOB, ids[5]);
    ck_assert(!is_there(ids[1], ALICE) && is_there(ids[0], ALICE));
    ck_assert_uint_eq(count_of(ALICE) + count_of(BOB), MAX_JOBS);
    end(jobs[0], 10);
    for (int i = 3; i < MAX_JOBS + 2; i++)
        end(jobs[i], 10);
}
END_TEST

START_TEST(bytes_are_bounded_and_one_answer_may_have_all)
{
    char first[ADV_JOB_ID_SIZE], second[ADV_JOB_ID_SIZE], third[ADV_JOB_ID_SIZE];
    struct adv_job_record record;
    size_t n_bytes;
    end(add(ALICE, first), 400);
    end(add(ALICE, second), 600);
    ck_assert(is_there(first, ALICE) && is_there(second, ALICE));
    end(add(ALICE, third), MAX_BYTES);
    ck_assert(!is_there(first, ALICE) && !is_there(second, ALICE) && is_there(third, ALICE));
    end(add(ALICE, first), MAX_BYTES + 1); /* which ends as a refusal */
    ck_assert(adv_job_store_find(store, first, ALICE, &record));
    ck_assert_uint_eq(adv_channel_kept(&record.job->channel, &n_bytes), 422);
    ck_assert_uint_le(n_bytes, MAX_BYTES);
    adv_job_record_release(&record);
}
END_TEST

/* A store whose jobs have no time. */
START_TEST(time_is_counted_from_the_end)
{
    char id[ADV_JOB_ID_SIZE];
    adv_job_store_free(store);
    ck_assert_int_eq(store_new(0, &store, NULL), ADV_OK);
    struct adv_job *job = add(ALICE, id);
    ck_assert(is_there(id, ALICE));
    end(job, 10);
    ck_assert(!is_there(id, ALICE));
}
END_TEST

/* The answer and what the computation held are let go, the numbers given back. */
START_TEST(an_ended_job_holds_only_its_answer)
{
    char id[ADV_JOB_ID_SIZE];
    atomic_size_t numbers = 5;
    struct adv_job *job = adv_job_ref(add(ALICE, id));
    job->budget = &numbers;
    job->work.numbers = 5;
    end(job, 10);
    ck_assert_uint_eq(atomic_load(&numbers), 0);
    ck_assert_ptr_null(job->work.model);
    ck_assert_ptr_null(job->work.request);
    adv_job_unref(job);
}
END_TEST

START_TEST(a_job_that_was_not_submitted_leaves_no_trace)
{
    char id[ADV_JOB_ID_SIZE];
    struct adv_job *job = add(ALICE, id);
    adv_job_store_withdraw(store, job);
    ck_assert(!is_there(id, ALICE));
    adv_job_unref(job);
}
END_TEST

static enum adv_status use_store(void *context, struct adv_error *error)
{
    struct adv_job *job = context;
    struct adv_job_store *fresh = NULL;
    struct adv_job_record record, *records = NULL;
    struct adv_reply refusal = {0};
    size_t n = 0;
    enum adv_status status = store_new(60000, &fresh, error);
    if (status == ADV_OK && !adv_job_store_add(fresh, job, ALICE, "request", &record, &refusal))
        status = adv_no_memory(error);
    else if (status == ADV_OK)
        adv_job_record_release(&record);
    if (status == ADV_OK)
        status = adv_job_store_list(fresh, ALICE, &records, &n, error);
    for (size_t i = 0; i < n && records; i++)
        adv_job_record_release(&records[i]);
    free(records);
    adv_reply_release(&refusal);
    adv_job_store_free(fresh);
    job->store = NULL;
    return status;
}

START_TEST(no_memory_is_told)
{
    struct adv_job *job = job_new();
    ck_assert_int_gt(alloc_fail_each(use_store, job), 0);
    adv_job_unref(job);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("job store");
    TCase *tests = tcase_create("job store");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, a_job_is_its_owner_s_alone);
    tcase_add_test(tests, what_ended_first_makes_room);
    tcase_add_test(tests, bytes_are_bounded_and_one_answer_may_have_all);
    tcase_add_test(tests, time_is_counted_from_the_end);
    tcase_add_test(tests, an_ended_job_holds_only_its_answer);
    tcase_add_test(tests, a_job_that_was_not_submitted_leaves_no_trace);
    tcase_add_test(tests, no_memory_is_told);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
