#include "server/jobs/channel.h"

#include <stdlib.h>
#include <string.h>

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

/* ---------------------------------------------------------------- the HTTP thread's side */

void adv_channel_suspend(struct adv_channel *channel, struct MHD_Connection *connection)
{
    pthread_mutex_lock(&channel->mutex);
    channel->connection = connection;
    channel->suspended = true;
    MHD_suspend_connection(connection);
    pthread_mutex_unlock(&channel->mutex);
}

bool adv_channel_take_reply(struct adv_channel *channel, struct adv_reply *reply)
{
    pthread_mutex_lock(&channel->mutex);
    bool streaming = channel->stream.n > 0;
    if (!streaming) {
        adv_reply_release(reply);
        *reply = channel->reply;
        channel->reply = (struct adv_reply){.status = reply->status};
    }
    pthread_mutex_unlock(&channel->mutex);
    return !streaming;
}

/* With the mutex held. */
static size_t take_stream(struct adv_channel *channel, char *buffer, size_t room)
{
    size_t n = channel->stream.n - channel->n_stream_sent;
    n = n < room ? n : room;
    if (n == 0)
        return 0;
    memcpy(buffer, channel->stream.data + channel->n_stream_sent, n);
    channel->n_stream_sent += n;
    channel->n_sent_in_all += n;
    return n;
}

ssize_t adv_channel_read(struct adv_channel *channel, char *buffer, size_t room)
{
    pthread_mutex_lock(&channel->mutex);
    ssize_t result = (ssize_t)take_stream(channel, buffer, room);
    if (result == 0 && adv_channel_has_ended(channel)) {
        result = channel->reply.status == MHD_HTTP_OK ? MHD_CONTENT_READER_END_OF_STREAM
                                                      : MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (result == 0) {
        channel->suspended = true;
        MHD_suspend_connection(channel->connection);
    }
    pthread_mutex_unlock(&channel->mutex);
    return result;
}

void adv_channel_detach(struct adv_channel *channel)
{
    adv_channel_abandon(channel);
    pthread_mutex_lock(&channel->mutex);
    channel->connection = NULL;
    channel->suspended = false;
    pthread_mutex_unlock(&channel->mutex);
}

/* ---------------------------------------------------------------- any thread's */

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

size_t adv_channel_stream_bytes(struct adv_channel *channel)
{
    pthread_mutex_lock(&channel->mutex);
    size_t n = channel->stream.n - channel->n_stream_sent;
    pthread_mutex_unlock(&channel->mutex);
    return n;
}

void adv_channel_measure(struct adv_channel *channel, int64_t *nfe, size_t *stream_bytes)
{
    pthread_mutex_lock(&channel->mutex);
    *nfe = channel->nfe;
    *stream_bytes = channel->n_sent_in_all;
    pthread_mutex_unlock(&channel->mutex);
}

/* ---------------------------------------------------------------- the workers' side */

/* With the mutex held: there is something new to send. */
static void resume(struct adv_channel *channel)
{
    if (!channel->suspended)
        return;
    channel->suspended = false;
    MHD_resume_connection(channel->connection);
}

/* With the mutex held: lines, taken over, follow what the stream holds. */
static enum adv_status append_stream(struct adv_channel *channel, struct adv_bytes *lines,
                                     struct adv_error *error)
{
    struct adv_bytes *stream = &channel->stream;
    if (channel->n_stream_sent == stream->n) {
        adv_bytes_release(stream);
        *stream = *lines;
        *lines = (struct adv_bytes){0};
        channel->n_stream_sent = 0;
        return ADV_OK;
    }
    return adv_bytes_append(stream, lines->data, lines->n, error);
}

enum adv_status adv_channel_send(struct adv_channel *channel, struct adv_bytes *lines,
                                 struct adv_error *error)
{
    pthread_mutex_lock(&channel->mutex);
    enum adv_status status = append_stream(channel, lines, error);
    resume(channel);
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
    pthread_mutex_lock(&channel->mutex);
    /* A stream that has begun cannot change its status any more: its last line is the problem, and
     * it ends without the final chunk. */
    if (reply->status != MHD_HTTP_OK && channel->stream.n > 0)
        append_stream(channel, &reply->body, NULL);
    adv_reply_release(&channel->reply);
    channel->reply = *reply;
    *reply = (struct adv_reply){0};
    atomic_store(&channel->ended, true);
    resume(channel);
    pthread_mutex_unlock(&channel->mutex);
}
