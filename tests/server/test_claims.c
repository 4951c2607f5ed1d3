/* The scheduler's choices on generated arrivals: workers and clocks are simulated, the decisions
 * are the daemon's own. And its measure of speed. */
#include "server/jobs/claims.h"
#include "server/jobs/speed.h"

#include <advect/extra/memory.h>
#include <advect/extra/rng.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- a simulated daemon */

#define TURN_S 0.002
#define N_WORKERS 2
#define JOBS_MAX 256
#define CLIENT_SHARE 0.75 /* the default */

/* Clients that each have one query at a time, one after the other; refused, they come again when
 * they were told to, at the earliest after a second. */
struct crowd {
    size_t n;
    double seconds; /* of one worker, that a query takes */
    size_t width;
    double timeout;
    double every; /* between a client's queries, if they are to come at a pace; else 0 */
    uint64_t one; /* the client whose connections all of them are; 0: nobody's in particular */
    int priority;
    bool patient;
};

struct client {
    const struct crowd *crowd;
    struct claim_of {
        struct adv_claim claim; /* as the scheduler sees it */
        double left, error;     /* in truth; estimates are too small by this factor */
        size_t n_taken;
    } job;
    bool waits;
    double next; /* when it asks again */
};

struct outcome {
    size_t answered, late, refused;
    double slowest, sum; /* seconds from the question to the answer */
};

struct simulation {
    struct adv_claims claims;
    double now, error; /* 0: estimates are right; 0.3: wrong by up to 30 % either way */
    size_t n_clients;
    struct client clients[JOBS_MAX];
    struct outcome *outcomes; /* of crowds */
    const struct crowd *crowds;
    uint64_t n_asked;
};

static double error_factor(struct simulation *sim)
{
    float u;
    adv_rng_uniform(5, ADV_STREAM_DATA, sim->n_asked++, 1, 1, &u);
    return 1 + sim->error * (2 * (double)u - 1);
}

static void ask(struct simulation *sim, struct client *client)
{
    const struct crowd *crowd = client->crowd;
    struct outcome *outcome = &sim->outcomes[crowd - sim->crowds];
    struct claim_of *job = &client->job;
    *job = (struct claim_of){.left = crowd->seconds, .error = error_factor(sim)};
    job->claim = (struct adv_claim){.arrived = sim->now,
                                    .deadline = sim->now + crowd->timeout,
                                    .left = crowd->seconds / job->error,
                                    .width = crowd->width,
                                    .client = crowd->one,
                                    .priority = crowd->priority,
                                    .patient = crowd->patient,
                                    .runnable = true};
    double wait = adv_claims_wait(&sim->claims, &job->claim, sim->now);
    wait = fmax(wait, adv_claims_share_wait(&sim->claims, &job->claim, sim->now));
    if (wait > 0) {
        outcome->refused++;
        client->next = sim->now + fmax(1, ceil(wait));
        return;
    }
    client->waits = true;
    adv_claims_add(&sim->claims, &job->claim);
}

static void end(struct simulation *sim, struct client *client)
{
    struct outcome *outcome = &sim->outcomes[client->crowd - sim->crowds];
    const struct adv_claim *claim = &client->job.claim;
    double took = sim->now - claim->arrived;
    bool in_time = sim->now <= claim->deadline;
    adv_claims_remove(&sim->claims, claim);
    outcome->answered += in_time;
    outcome->late += !in_time;
    outcome->slowest = fmax(outcome->slowest, took);
    outcome->sum += took;
    client->waits = false;
    client->next =
        fmax(sim->now, client->crowd->every > 0 ? claim->arrived + client->crowd->every : sim->now);
}

/* A turn of every worker. */
static void work(struct simulation *sim)
{
    struct claim_of *taken[N_WORKERS];
    size_t n = 0;
    for (; n < N_WORKERS; n++) {
        struct adv_claim *claim = adv_claims_next(&sim->claims, sim->now);
        if (!claim)
            break;
        taken[n] = (struct claim_of *)claim; /* its first member */
        claim->runnable = ++taken[n]->n_taken < claim->width;
    }
    for (size_t i = 0; i < n; i++) {
        adv_claims_charge(&sim->claims, &taken[i]->claim, TURN_S);
        taken[i]->left -= TURN_S;
        taken[i]->claim.left = fmax(taken[i]->left / taken[i]->error, 1e-4);
        taken[i]->n_taken = 0;
        taken[i]->claim.runnable = true;
    }
}

static void simulate(const struct crowd *crowds, size_t n_crowds, double seconds, double error,
                     struct outcome *outcomes)
{
    static struct simulation sim;
    sim = (struct simulation){.outcomes = outcomes, .crowds = crowds, .error = error};
    ck_assert_int_eq(adv_claims_init(&sim.claims, JOBS_MAX, N_WORKERS, NULL), ADV_OK);
    sim.claims.client_share = CLIENT_SHARE;
    for (size_t k = 0; k < n_crowds; k++) {
        outcomes[k] = (struct outcome){0};
        for (size_t i = 0; i < crowds[k].n; i++)
            sim.clients[sim.n_clients++].crowd = &crowds[k];
    }
    for (size_t turn = 0; sim.now < seconds; sim.now = (double)++turn * TURN_S) {
        for (size_t i = 0; i < sim.n_clients; i++) {
            struct client *client = &sim.clients[i];
            bool expired = client->waits && sim.now > client->job.claim.deadline;
            if (client->waits && (client->job.left <= 0 || expired))
                end(&sim, client);
            if (!client->waits && sim.now >= client->next)
                ask(&sim, client);
        }
        work(&sim);
    }
    adv_claims_release(&sim.claims);
}

/* ---------------------------------------------------------------- overload */

static size_t answers_of(size_t n_clients, double error, size_t *late)
{
    struct crowd crowd = {.n = n_clients, .seconds = 0.5, .width = 2, .timeout = 6};
    struct outcome outcome;
    simulate(&crowd, 1, 60, error, &outcome);
    *late = outcome.late;
    return outcome.answered;
}

/* Two clients keep two workers busy; sixty-four want eight times what can be done in their time. */
START_TEST(overload_costs_no_answers)
{
    size_t late, few = answers_of(2, 0, &late);
    for (size_t n = 8; n <= 128; n *= 2) {
        size_t many = answers_of(n, 0, &late);
        ck_assert_msg(many * 10 >= few * 9, "%zu answers to %zu clients, %zu to 2", many, n, few);
        ck_assert_uint_eq(late, 0);
    }
}
END_TEST

/* The margin is there for estimates that are wrong by a third. */
START_TEST(wrong_estimates_cost_few_answers)
{
    size_t late, few = answers_of(2, 0.3, &late), many = answers_of(64, 0.3, &late);
    ck_assert_uint_ge(many * 10, few * 9);
    ck_assert_msg(late * 50 <= many, "%zu late, %zu in time", late, many);
}
END_TEST

/* Short ones beside more long ones than are taken: none is refused, none waits for a long one to
 * end, and the long ones still end in time. */
START_TEST(short_ones_are_served_beside_a_queue_of_long_ones)
{
    const struct crowd crowds[] = {
        {.n = 40, .seconds = 1, .width = 2, .timeout = 10},
        {.n = 4, .seconds = 0.004, .width = 1, .timeout = 10, .every = 0.05},
    };
    struct outcome outcomes[2];
    simulate(crowds, 2, 60, 0, outcomes);
    ck_assert_uint_eq(outcomes[0].late + outcomes[1].late, 0);
    ck_assert_uint_ge(outcomes[0].answered, 80);
    ck_assert_uint_gt(outcomes[0].refused, 0);
    ck_assert_uint_eq(outcomes[1].refused, 0);
    ck_assert_uint_ge(outcomes[1].answered, 4 * 500);
    double mean = outcomes[1].sum / (double)outcomes[1].answered;
    ck_assert_msg(mean < 0.1, "%g s on average", mean);
    ck_assert_msg(outcomes[1].slowest < 0.5, "%g s", outcomes[1].slowest);
}
END_TEST

/* Short ones that want nine tenths of the workers: a long one moves on in what they leave and by
 * its age, and ends before its deadline. */
START_TEST(long_ones_are_not_starved_by_short_ones)
{
    const struct crowd crowds[] = {
        {.n = 1, .seconds = 0.5, .width = 1, .timeout = 20},
        {.n = 36, .seconds = 0.05, .width = 1, .timeout = 20, .every = 1},
    };
    struct outcome outcomes[2];
    simulate(crowds, 2, 60, 0, outcomes);
    ck_assert_uint_eq(outcomes[0].late + outcomes[0].refused, 0);
    ck_assert_uint_ge(outcomes[0].answered, 10);
    ck_assert_uint_eq(outcomes[1].late, 0);
}
END_TEST

/* ---------------------------------------------------------------- clients */

/* Sixty connections of one client against one of another, all with the same long queries. */
START_TEST(a_client_is_served_alike_whatever_its_connections)
{
    const struct crowd crowds[] = {
        {.n = 60, .seconds = 0.5, .width = 2, .timeout = 6, .one = 1},
        {.n = 1, .seconds = 0.5, .width = 2, .timeout = 6, .one = 2},
    };
    struct outcome outcomes[2];
    simulate(crowds, 2, 60, 0, outcomes);
    ck_assert_uint_eq(outcomes[0].late + outcomes[1].late, 0);
    ck_assert_uint_eq(outcomes[1].refused, 0);
    /* At half speed each takes half a second on both workers, and a second is all it may take. */
    ck_assert_uint_ge(outcomes[1].answered, 60);
    ck_assert_double_lt(outcomes[1].slowest, 2);
    /* And nothing of the workers is lost: 4 in a second. */
    ck_assert_uint_ge(outcomes[0].answered + outcomes[1].answered, 60 * 4 * 9 / 10);
}
END_TEST

/* One that asks for as much as the whole time allows leaves room for another of the same length. */
START_TEST(one_client_leaves_time_for_the_next)
{
    const struct crowd crowds[] = {
        {.n = 60, .seconds = 1, .width = 1, .timeout = 10, .one = 1},
        {.n = 2, .seconds = 1, .width = 1, .timeout = 10, .every = 5, .one = 2},
    };
    struct outcome outcomes[2];
    simulate(crowds, 2, 60, 0, outcomes);
    ck_assert_uint_eq(outcomes[0].late + outcomes[1].late, 0);
    ck_assert_uint_gt(outcomes[0].refused, 0);
    ck_assert_uint_eq(outcomes[1].refused, 0);
    ck_assert_uint_ge(outcomes[1].answered, 2 * 11);
}
END_TEST

/* Beside long ones that fill the share of the same client. */
START_TEST(a_client_s_long_ones_do_not_shut_out_its_short_ones)
{
    const struct crowd crowds[] = {
        {.n = 20, .seconds = 3, .width = 2, .timeout = 10, .one = 1},
        {.n = 2, .seconds = 0.004, .width = 1, .timeout = 10, .every = 0.05, .one = 1},
    };
    struct outcome outcomes[2];
    simulate(crowds, 2, 60, 0, outcomes);
    ck_assert_uint_eq(outcomes[0].late + outcomes[1].late, 0);
    ck_assert_uint_gt(outcomes[0].refused, 0);
    ck_assert_uint_eq(outcomes[1].refused, 0);
    ck_assert_msg(outcomes[1].slowest < 0.5, "%g s", outcomes[1].slowest);
}
END_TEST

/* Three that want all they can get. */
START_TEST(equal_clients_get_equal_shares)
{
    const struct crowd crowds[] = {
        {.n = 4, .seconds = 0.2, .width = 1, .timeout = 10, .one = 1},
        {.n = 12, .seconds = 0.2, .width = 1, .timeout = 10, .one = 2},
        {.n = 40, .seconds = 0.2, .width = 1, .timeout = 10, .one = 3},
    };
    struct outcome outcomes[3];
    simulate(crowds, 3, 60, 0, outcomes);
    size_t sum = outcomes[0].answered + outcomes[1].answered + outcomes[2].answered;
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(outcomes[i].late, 0);
        /* Deadlines that are to be met cost the one or the other a little. */
        ck_assert_msg(outcomes[i].answered * 3 * 100 >= sum * 85, "%zu of %zu",
                      outcomes[i].answered, sum);
    }
}
END_TEST

/* Low ones get what is left, in time; high ones hardly notice the others. */
START_TEST(priorities_come_before_shares_but_make_nobody_late)
{
    const struct crowd crowds[] = {
        {.n = 30, .seconds = 0.5, .width = 2, .timeout = 10, .one = 1, .priority = -1},
        {.n = 1, .seconds = 0.5, .width = 2, .timeout = 10, .every = 1, .one = 2},
        {.n = 1, .seconds = 0.2, .width = 2, .timeout = 10, .every = 1, .one = 3, .priority = 1},
    };
    struct outcome outcomes[3];
    simulate(crowds, 3, 60, 0, outcomes);
    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(outcomes[i].late, 0);
    ck_assert_uint_eq(outcomes[1].refused + outcomes[2].refused, 0);
    ck_assert_uint_ge(outcomes[0].answered, 60);
    double normal = outcomes[1].sum / (double)outcomes[1].answered;
    double high = outcomes[2].sum / (double)outcomes[2].answered;
    ck_assert_msg(high < 0.2, "%g s", high);     /* 0.1 s on both workers */
    ck_assert_msg(normal < 0.5, "%g s", normal); /* 0.25 s, and 0.1 s behind a high one */
}
END_TEST

/* Patient ones, more than can be done, beside others that want nearly all of the workers: these are
 * served as they were without them, to the turn. What they leave goes to the patient ones. */
START_TEST(patient_ones_cost_the_others_nothing)
{
    const struct crowd crowds[] = {
        {.n = 36, .seconds = 0.05, .width = 1, .timeout = 5, .every = 1},
        {.n = 4, .seconds = 4, .width = 2, .timeout = 60, .patient = true},
    };
    struct outcome alone[1], beside[2];
    simulate(crowds, 1, 300, 0, alone);
    simulate(crowds, 2, 300, 0, beside);
    ck_assert_uint_eq(beside[0].refused + beside[0].late, 0);
    ck_assert_double_le(beside[0].slowest, alone[0].slowest + TURN_S);
    ck_assert_uint_eq(beside[0].answered, alone[0].answered);
    ck_assert_uint_ge(beside[1].answered, 1);
}
END_TEST

/* ---------------------------------------------------------------- single choices */

static struct adv_claim claim_of(double arrived, double deadline, double left)
{
    return (struct adv_claim){
        .arrived = arrived, .deadline = deadline, .left = left, .width = 1, .runnable = true};
}

static const struct adv_claim *next_of(struct adv_claim *claims, size_t n, double now)
{
    struct adv_claims all;
    ck_assert_int_eq(adv_claims_init(&all, n, 1, NULL), ADV_OK);
    for (size_t i = 0; i < n; i++)
        adv_claims_add(&all, &claims[i]);
    const struct adv_claim *next = adv_claims_next(&all, now);
    adv_claims_release(&all);
    return next;
}

START_TEST(short_ones_go_first_until_long_ones_have_waited)
{
    struct adv_claim claims[] = {claim_of(0, 100, 5), claim_of(0, 100, 1)};
    ck_assert_ptr_eq(next_of(claims, 2, 1), &claims[1]);
    claims[1].arrived = 20;
    ck_assert_ptr_eq(next_of(claims, 2, 20.1), &claims[0]); /* 5.02 against 1.1 */
    ck_assert_ptr_eq(next_of(claims, 2, 26), &claims[1]);   /* 6.2 against 7 */
    claims[1].runnable = false;
    ck_assert_ptr_eq(next_of(claims, 2, 26), &claims[0]);
    claims[0].runnable = false;
    ck_assert_ptr_null(next_of(claims, 2, 26));
}
END_TEST

START_TEST(nobody_is_made_late_by_a_shorter_one)
{
    struct adv_claim claims[] = {claim_of(0, 10, 5), claim_of(0, 20, 1)};
    ck_assert_ptr_eq(next_of(claims, 2, 3.9), &claims[1]); /* 1.1 to spare */
    ck_assert_ptr_eq(next_of(claims, 2, 4.1), &claims[0]);
    claims[1].left = 0.5;
    ck_assert_ptr_eq(next_of(claims, 2, 4.1), &claims[1]);
}
END_TEST

/* Two that are not both in time any more. */
START_TEST(next_to_nothing_can_always_be_spared)
{
    struct adv_claim claims[] = {claim_of(0, 10, 8), claim_of(0, 11, 8), claim_of(0.9, 20, 0.001)};
    ck_assert_ptr_eq(next_of(claims, 3, 1), &claims[2]);
    claims[2].left = 0.5;
    claims[2].arrived = -20; /* the highest ratio, but more than they can spare */
    ck_assert_ptr_eq(next_of(claims, 3, 1), &claims[0]);
}
END_TEST

START_TEST(whoever_cannot_be_in_time_holds_nobody_up)
{
    struct adv_claim claims[] = {claim_of(0, 10, 5), claim_of(0, 20, 10)};
    ck_assert_ptr_eq(next_of(claims, 2, 6), &claims[1]);
    claims[1].runnable = false;
    ck_assert_ptr_eq(next_of(claims, 2, 6), &claims[0]);
}
END_TEST

START_TEST(the_client_that_was_served_least_goes_first)
{
    struct adv_claim first = claim_of(0, 100, 5), second = claim_of(0, 101, 5);
    struct adv_claims claims;
    first.client = 1;
    second.client = 2;
    ck_assert_int_eq(adv_claims_init(&claims, 4, 1, NULL), ADV_OK);
    adv_claims_add(&claims, &first);
    adv_claims_charge(&claims, &first, 500);
    adv_claims_add(&claims, &second); /* nobody who comes is owed the past */
    ck_assert_ptr_eq(adv_claims_next(&claims, 1), &first);
    adv_claims_charge(&claims, &first, 0.5);
    ck_assert_ptr_eq(adv_claims_next(&claims, 1), &second);
    adv_claims_charge(&claims, &second, 0.7);
    ck_assert_ptr_eq(adv_claims_next(&claims, 1), &first);
    adv_claims_charge(&claims, &first, 1000); /* and a second at most of what it missed */
    adv_claims_charge(&claims, &second, 0);
    ck_assert_ptr_eq(adv_claims_next(&claims, 1), &second);
    adv_claims_charge(&claims, &second, 1.1);
    ck_assert_ptr_eq(adv_claims_next(&claims, 1), &first);
    ck_assert_uint_eq(adv_claims_clients(&claims), 2);
    adv_claims_remove(&claims, &second);
    ck_assert_uint_eq(adv_claims_clients(&claims), 1);
    adv_claims_release(&claims);
}
END_TEST

/* A long one that has become slower than was thought leaves less than a tenth of its time, and a
 * short one may have that: it goes first. Not so many that the long one would be late. */
START_TEST(what_goes_first_need_not_wait_for_a_long_one)
{
    struct adv_claims claims;
    struct adv_claim slow = claim_of(0, 60, 57), asked = claim_of(0, 60.1, 0.01);
    struct adv_claim others[4];
    ck_assert_int_eq(adv_claims_init(&claims, 5, 1, NULL), ADV_OK);
    adv_claims_add(&claims, &slow);
    ck_assert_double_eq(adv_claims_wait(&claims, &asked, 0), 0);
    ck_assert_ptr_eq(adv_claims_next(&claims, 0), &slow);
    claims.client_share = 0.75; /* nor is it too much for their client */
    slow.client = asked.client = 7;
    ck_assert_double_eq(adv_claims_share_wait(&claims, &asked, 0), 0);
    slow.client = asked.client = 0;
    for (int i = 0; i < 4; i++) {
        others[i] = claim_of(0, 60.1, 1);
        adv_claims_add(&claims, &others[i]);
    }
    ck_assert_double_gt(adv_claims_wait(&claims, &asked, 0), 0);
    for (int i = 0; i < 4; i++)
        adv_claims_remove(&claims, &others[i]);
    /* What is patient neither counts nor goes first. */
    struct adv_claim patient = claim_of(0, 3600, 600), small = claim_of(0, 59, 0.01);
    patient.patient = small.patient = true;
    adv_claims_add(&claims, &patient);
    ck_assert_double_eq(adv_claims_wait(&claims, &asked, 0), 0);
    adv_claims_remove(&claims, &patient);
    slow.left = 59;
    ck_assert_double_gt(adv_claims_wait(&claims, &small, 0), 0);
    adv_claims_release(&claims);
}
END_TEST

START_TEST(the_wait_is_what_the_backlog_is_too_long_by)
{
    struct adv_claims claims;
    struct adv_claim before = claim_of(0, 10, 9), asked = claim_of(0, 10, 1);
    ck_assert_int_eq(adv_claims_init(&claims, 2, 1, NULL), ADV_OK);
    ck_assert_double_eq(adv_claims_wait(&claims, &asked, 0), 0);
    adv_claims_add(&claims, &before);
    double wait = adv_claims_wait(&claims, &asked, 0);
    ck_assert_double_gt(wait, 0);
    before.left -= wait; /* by then */
    before.deadline += wait;
    asked.deadline += wait;
    ck_assert_double_eq_tol(adv_claims_wait(&claims, &asked, wait), 0, 1e-9);
    /* One with an earlier deadline may not make it late. */
    before = claim_of(0, 10, 9);
    struct adv_claim urgent = claim_of(0, 5, 2);
    ck_assert_double_gt(adv_claims_wait(&claims, &urgent, 0), 0);
    urgent.left = 0.5;
    ck_assert_double_eq(adv_claims_wait(&claims, &urgent, 0), 0);
    /* All it has to itself counts, but not more workers than it is wide. */
    asked = claim_of(0, 10, 1);
    ck_assert(adv_claim_fits_alone(&asked, 1, 9));
    asked.left = 4;
    ck_assert(!adv_claim_fits_alone(&asked, 4, 7));
    asked.width = 2;
    ck_assert(adv_claim_fits_alone(&asked, 4, 7));
    adv_claims_release(&claims);
}
END_TEST

START_TEST(patient_ones_come_last_and_keep_nobody_out)
{
    struct adv_claim claims[] = {claim_of(-50, 3, 2.5), claim_of(0, 10, 5), claim_of(0, 5, 8)};
    claims[0].patient = true; /* the earliest deadline, the highest ratio, nothing to spare */
    ck_assert_ptr_eq(next_of(claims, 3, 0), &claims[1]);
    claims[1].runnable = false;
    ck_assert_ptr_eq(next_of(claims, 3, 0), &claims[2]); /* late already */
    claims[2].runnable = false;
    ck_assert_ptr_eq(next_of(claims, 3, 0), &claims[0]);
    struct adv_claims all;
    struct adv_claim asked = claim_of(0, 2, 1);
    ck_assert_int_eq(adv_claims_init(&all, 1, 1, NULL), ADV_OK);
    adv_claims_add(&all, &claims[0]);
    ck_assert_double_eq(adv_claims_wait(&all, &asked, 0), 0); /* though it makes that one late */
    ck_assert_double_eq(adv_claims_backlog(&all, 0), 0);
    asked.patient = true;
    ck_assert_double_gt(adv_claims_wait(&all, &asked, 0), 0);
    adv_claims_release(&all);
}
END_TEST

/* ---------------------------------------------------------------- speed */

START_TEST(speed_is_learnt_soon_and_forgotten_slowly)
{
    struct adv_speeds *list = NULL, *speeds = adv_speeds_find(&list, "model");
    size_t one = adv_speed_class(1, false), many = adv_speed_class(256, false);
    ck_assert_uint_ne(one, many);
    ck_assert_uint_ne(many, adv_speed_class(256, true));
    double hopeful = adv_speeds_best(speeds, many);
    for (int i = 0; i < 100; i++) /* 0.2 s at 3e9 */
        adv_speeds_note(speeds, many, 6e6, 0.002);
    ck_assert_double_eq_tol(adv_speeds_of(speeds, many) / 3e9, 1, 0.35);
    ck_assert_double_lt(adv_speeds_best(speeds, many), hopeful);
    ck_assert_double_le(adv_speeds_of(speeds, many), adv_speeds_best(speeds, many) * (1 + 1e-9));
    adv_speeds_note(speeds, many, 6e6, 0.1); /* a neighbour took the processor away once */
    ck_assert_double_ge(adv_speeds_of(speeds, many), 1.5e9);
    for (int i = 0; i < 10000; i++) /* and now for long: half the speed, which is seen; once it
                                       was better, which is not forgotten */
        adv_speeds_note(speeds, many, 6e6, 0.004);
    ck_assert_double_eq_tol(adv_speeds_of(speeds, many) / 1.5e9, 1, 0.1);
    ck_assert_double_ge(adv_speeds_best(speeds, many), 2.5e9);
    /* What is not known of one row is taken from the other rows. */
    ck_assert_double_eq_tol(adv_speeds_of(speeds, one) / 1.5e9, 1, 0.1);
    ck_assert_ptr_eq(adv_speeds_find(&list, "model"), speeds);
    ck_assert_ptr_ne(adv_speeds_find(&list, "other"), speeds);
    adv_speeds_free(list);
}
END_TEST

/* The share of choices that go to sharing, where a turn alone takes 2 ms and a shared one so
 * long. */
static double share_of_choices(double shared_s)
{
    struct adv_speeds *list = NULL, *speeds = adv_speeds_find(&list, "model");
    int n_shared = 0, n = 4000;
    ck_assert(!adv_speeds_are_better_shared(speeds, 0)); /* before anything is known */
    for (int i = -1000; i < n; i++) {
        bool shared = adv_speeds_are_better_shared(speeds, 0);
        n_shared += shared && i >= 0;
        if (shared)
            adv_speeds_note_shared(speeds, 0, 6e6, shared_s);
        else
            adv_speeds_note(speeds, 0, 6e6, 0.002);
    }
    ck_assert_double_eq_tol(adv_speeds_of(speeds, 0) / 3e9, 1, 0.1); /* of one worker, as it is */
    adv_speeds_free(list);
    return (double)n_shared / n;
}

/* Both are tried now and then, and the first shared turn is slow by what it has to prepare. */
START_TEST(turns_are_shared_where_that_is_quicker)
{
    ck_assert_double_gt(share_of_choices(0.0014), 0.9);
    ck_assert_double_lt(share_of_choices(0.0014), 1);
    ck_assert_double_lt(share_of_choices(0.002), 0.1);
    ck_assert_double_lt(share_of_choices(0.004), 0.1);
    ck_assert_double_gt(share_of_choices(0.004), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("claims");
    TCase *overload = tcase_create("simulated overload");
    tcase_set_timeout(overload, 120);
    tcase_add_test(overload, overload_costs_no_answers);
    tcase_add_test(overload, wrong_estimates_cost_few_answers);
    tcase_add_test(overload, short_ones_are_served_beside_a_queue_of_long_ones);
    tcase_add_test(overload, long_ones_are_not_starved_by_short_ones);
    tcase_add_test(overload, patient_ones_cost_the_others_nothing);
    suite_add_tcase(suite, overload);
    TCase *clients = tcase_create("simulated clients");
    tcase_set_timeout(clients, 120);
    tcase_add_test(clients, a_client_is_served_alike_whatever_its_connections);
    tcase_add_test(clients, one_client_leaves_time_for_the_next);
    tcase_add_test(clients, a_client_s_long_ones_do_not_shut_out_its_short_ones);
    tcase_add_test(clients, equal_clients_get_equal_shares);
    tcase_add_test(clients, priorities_come_before_shares_but_make_nobody_late);
    suite_add_tcase(suite, clients);
    TCase *choices = tcase_create("choices");
    tcase_add_test(choices, short_ones_go_first_until_long_ones_have_waited);
    tcase_add_test(choices, nobody_is_made_late_by_a_shorter_one);
    tcase_add_test(choices, next_to_nothing_can_always_be_spared);
    tcase_add_test(choices, whoever_cannot_be_in_time_holds_nobody_up);
    tcase_add_test(choices, the_client_that_was_served_least_goes_first);
    tcase_add_test(choices, what_goes_first_need_not_wait_for_a_long_one);
    tcase_add_test(choices, the_wait_is_what_the_backlog_is_too_long_by);
    tcase_add_test(choices, patient_ones_come_last_and_keep_nobody_out);
    tcase_add_test(choices, speed_is_learnt_soon_and_forgotten_slowly);
    tcase_add_test(choices, turns_are_shared_where_that_is_quicker);
    suite_add_tcase(suite, choices);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
