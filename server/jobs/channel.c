#include "server/jobs/channel.h"

#include "server/reply/problem.h"

#include <stdlib.h>
#include <string.h>

#define MORE_THAN_IS_KEPT                                                                          \
    "the result has more than %zu bytes, the most that this server keeps: ask for fewer rows or "  \
    "frames, or for application/x-npy"

void adv_channel_init(struct adv_channel *channel)
{
    *channel = (struct adv_channel){.nfe = -1};
    atomic_init(&channel->ended, false);
    atomic_init(&channel->abandoned, false);
    pthread_mutex_init(&channel->mutex, NULL);
}

void adv_channel_release(struct adv_channel *channel)
{
    adv_reply_release(&channel->reply);
    adv_bytes_release(&channel->stream);
    pthread_mutex_destroy(&channel->mutex);
}

static bool is_kept(const struct adv_channel *channel)
{
    return channel->keeps_bytes > 0;
}

/* With the mutex held. */
static void resume(struct adv_reader *reader)
{
    if (!reader->suspended)
        return;
    reader->suspended = false;
    MHD_resume_connection(reader->connection);
}

/* ---------------------------------------------------------------- the HTTP thread's side */

void adv_reader_suspend(struct adv_reader *reader, struct adv_channel *channel,
                        struct MHD_Connection *connection)
{
    pthread_mutex_lock(&channel->mutex);
    *reader = (struct adv_reader){
        .channel = channel, .connection = connection, .suspended = true, .next = channel->readers};
    channel->readers = reader;
    MHD_suspend_connection(connection);
    if (channel->stream.n > 0 || adv_channel_has_ended(channel))
        resume(reader);
    pthread_mutex_unlock(&channel->mutex);
}

/* With the mutex held: the reply stays. A problem is copied, since it will name the request. */
static void share_reply(const struct adv_channel *channel, struct adv_reply *reply)
{
    const struct adv_reply *kept = &channel->reply;
    struct adv_bytes copy = {0};
    if (kept->status == MHD_HTTP_OK)
        adv_reply_asset(reply, kept->status, kept->media_type, kept->body.data, kept->body.n);
    else if (adv_bytes_append(&copy, kept->body.data, kept->body.n, NULL) == ADV_OK)
        adv_reply_bytes(reply, kept->status, kept->media_type, &copy);
    else
        adv_problem_reply(reply, ADV_PROBLEM_NO_MEMORY, NULL, "out of memory");
    reply->headers = kept->headers;
}

/* With the mutex held: there is no other reader. */
static void move_reply(struct adv_channel *channel, struct adv_reply *reply)
{
    *reply = channel->reply;
    channel->reply = (struct adv_reply){.status = reply->status};
}

bool adv_reader_take_reply(struct adv_reader *reader, struct adv_reply *reply)
{
    struct adv_channel *channel = reader->channel;
    pthread_mutex_lock(&channel->mutex);
    bool streaming = channel->stream.n > 0 && !reader->gone;
    if (!streaming)
        adv_reply_release(reply);
    if (reader->gone)
        adv_reply_empty(reply, ADV_STATUS_CLIENT_GONE);
    else if (!streaming && is_kept(channel))
        share_reply(channel, reply);
    else if (!streaming)
        move_reply(channel, reply);
    pthread_mutex_unlock(&channel->mutex);
    return !streaming;
}

/* With the mutex held. */
static size_t bytes_left(const struct adv_reader *reader)
{
    return reader->channel->n_dropped + reader->channel->stream.n - reader->n_sent;
}

/* With the mutex held. */
static size_t take_stream(struct adv_reader *reader, char *buffer, size_t room)
{
    const struct adv_channel *channel = reader->channel;
    size_t n = bytes_left(reader);
    n = n < room ? n : room;
    if (n == 0)
        return 0;
    memcpy(buffer, channel->stream.data + (reader->n_sent - channel->n_dropped), n);
    reader->n_sent += n;
    return n;
}

ssize_t adv_reader_read(struct adv_reader *reader, char *buffer, size_t room)
{
    struct adv_channel *channel = reader->channel;
    pthread_mutex_lock(&channel->mutex);
    ssize_t result = reader->gone ? MHD_CONTENT_READER_END_WITH_ERROR
                                  : (ssize_t)take_stream(reader, buffer, room);
    if (result == 0 && adv_channel_has_ended(channel)) {
        result = channel->reply.status == MHD_HTTP_OK ? MHD_CONTENT_READER_END_OF_STREAM
                                                      : MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (result == 0) {
        reader->suspended = true;
        MHD_suspend_connection(reader->connection);
    }
    pthread_mutex_unlock(&channel->mutex);
    return result;
}

void adv_reader_detach(struct adv_reader *reader)
{
    struct adv_channel *channel = reader->channel;
    if (!channel)
        return;
    if (!is_kept(channel))
        adv_channel_abandon(channel);
    pthread_mutex_lock(&channel->mutex);
    struct adv_reader **at = &channel->readers;
    while (*at != reader)
        at = &(*at)->next;
    *at = reader->next;
    reader->suspended = false;
    pthread_mutex_unlock(&channel->mutex);
}

/* ---------------------------------------------------------------- any thread's */

/* The job of a client that was the only one ends, and resumes the connection; one that is kept may
 * take an hour. */
void adv_reader_abandon(struct adv_reader *reader)
{
    struct adv_channel *channel = reader->channel;
    if (!is_kept(channel)) {
        adv_channel_abandon(channel);
        return;
    }
    pthread_mutex_lock(&channel->mutex);
    reader->gone = true;
    resume(reader);
    pthread_mutex_unlock(&channel->mutex);
}

size_t adv_reader_bytes_left(struct adv_reader *reader)
{
    pthread_mutex_lock(&reader->channel->mutex);
    size_t n = bytes_left(reader);
    pthread_mutex_unlock(&reader->channel->mutex);
    return n;
}

size_t adv_reader_bytes_sent(const struct adv_reader *reader)
{
    pthread_mutex_lock(&reader->channel->mutex);
    size_t n = reader->n_sent;
    pthread_mutex_unlock(&reader->channel->mutex);
    return n;
}

void adv_channel_abandon(struct adv_channel *channel)
{
    atomic_store(&channel->abandoned, true);
}

bool adv_channel_is_abandoned(const struct adv_channel *channel)
{
    return atomic_load(&channel->abandoned);
}

bool adv_channel_has_ended(const struct adv_channel *channel)
{
    return atomic_load(&channel->ended);
}

bool adv_channel_has_readers(struct adv_channel *channel)
{
    pthread_mutex_lock(&channel->mutex);
    bool any = channel->readers != NULL;
    pthread_mutex_unlock(&channel->mutex);
    return any;
}

int64_t adv_channel_nfe(struct adv_channel *channel)
{
    pthread_mutex_lock(&channel->mutex);
    int64_t nfe = channel->nfe;
    pthread_mutex_unlock(&channel->mutex);
    return nfe;
}

unsigned adv_channel_kept(struct adv_channel *channel, size_t *n_bytes)
{
    pthread_mutex_lock(&channel->mutex);
    unsigned status = channel->reply.status;
    *n_bytes = channel->stream.n + channel->reply.body.n;
    pthread_mutex_unlock(&channel->mutex);
    return status;
}

/* ---------------------------------------------------------------- the workers' side */

/* With the mutex held: there is something new to send. */
static void resume_all(struct adv_channel *channel)
{
    for (struct adv_reader *reader = channel->readers; reader; reader = reader->next)
        resume(reader);
}

/* With the mutex held: whether all that the stream holds was sent and is kept for nobody. */
static bool is_used_up(const struct adv_channel *channel)
{
    const struct adv_reader *reader = channel->readers;
    return channel->stream.n == 0 || (!is_kept(channel) && reader && bytes_left(reader) == 0);
}

/* With the mutex held: lines, taken over, follow what the stream holds. */
static enum adv_status append_stream(struct adv_channel *channel, struct adv_bytes *lines,
                                     struct adv_error *error)
{
    struct adv_bytes *stream = &channel->stream;
    if (is_used_up(channel)) {
        channel->n_dropped += stream->n;
        adv_bytes_release(stream);
        *stream = *lines;
        *lines = (struct adv_bytes){0};
        return ADV_OK;
    }
    return adv_bytes_append(stream, lines->data, lines->n, error);
}

enum adv_status adv_channel_send(struct adv_channel *channel, struct adv_bytes *lines,
                                 struct adv_error *error)
{
    pthread_mutex_lock(&channel->mutex);
    size_t most = channel->keeps_bytes;
    enum adv_status status = ADV_OK;
    if (is_kept(channel) && channel->stream.n + lines->n > most)
        status = adv_fail(error, ADV_E_INVALID, MORE_THAN_IS_KEPT, most);
    if (status == ADV_OK)
        status = append_stream(channel, lines, error);
    resume_all(channel);
    pthread_mutex_unlock(&channel->mutex);
    return status;
}

void adv_channel_set_nfe(struct adv_channel *channel, int64_t nfe)
{
    pthread_mutex_lock(&channel->mutex);
    channel->nfe = nfe;
    pthread_mutex_unlock(&channel->mutex);
}

void adv_channel_end(struct adv_channel *channel, struct adv_reply *reply)
{
    if (is_kept(channel) && reply->body.n > channel->keeps_bytes) {
        adv_reply_release(reply);
        adv_problem_reply(reply, ADV_PROBLEM_INVALID, NULL, MORE_THAN_IS_KEPT,
                          channel->keeps_bytes);
    }
    pthread_mutex_lock(&channel->mutex);
    /* A stream that has begun cannot change its status any more: its last line is the problem, and
     * it ends without the final chunk. */
    if (reply->status != MHD_HTTP_OK && channel->stream.n > 0)
        append_stream(channel, &reply->body, NULL);
    adv_reply_release(&channel->reply);
    channel->reply = *reply;
    *reply = (struct adv_reply){0};
    atomic_store(&channel->ended, true);
    resume_all(channel);
    pthread_mutex_unlock(&channel->mutex);
}
