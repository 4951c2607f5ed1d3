#include "tests/server/client/server_client.h"

#include <arpa/inet.h>
#include <check.h>
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---------------------------------------------------------------- replies */

static void append(char **text, size_t *n, const void *data, size_t n_data)
{
    char *grown = realloc(*text, *n + n_data + 1);
    ck_assert_ptr_nonnull(grown);
    memcpy(grown + *n, data, n_data);
    *n += n_data;
    grown[*n] = '\0';
    *text = grown;
}

void server_reply_release(struct server_reply *reply)
{
    free(reply->head);
    free(reply->body);
    *reply = (struct server_reply){0};
}

bool server_reply_header(const struct server_reply *reply, const char *name, size_t size,
                         char *text)
{
    size_t n_name = strlen(name);
    for (const char *line = reply->head; line && *line; line += *line == '\n') {
        if (!strncasecmp(line, name, n_name) && line[n_name] == ':') {
            line += n_name + 1;
            line += strspn(line, " ");
            snprintf(text, size, "%.*s", (int)strcspn(line, "\r\n"), line);
            return true;
        }
        line += strcspn(line, "\n");
    }
    return false;
}

json_t *server_reply_json(const struct server_reply *reply)
{
    json_error_t error;
    json_t *json = json_loadb(reply->body ? reply->body : "", reply->n_body, 0, &error);
    ck_assert_msg(json != NULL, "status %ld, not JSON (%s): %.1000s", reply->status, error.text,
                  reply->body);
    return json;
}

/* ---------------------------------------------------------------- libcurl */

static size_t take_head(char *data, size_t size, size_t n, void *context)
{
    struct server_reply *reply = context;
    append(&reply->head, &reply->n_head, data, size * n);
    return size * n;
}

static size_t take_body(char *data, size_t size, size_t n, void *context)
{
    struct server_reply *reply = context;
    append(&reply->body, &reply->n_body, data, size * n);
    return size * n;
}

static struct curl_slist *make_headers(const struct server_request *request)
{
    struct curl_slist *headers = NULL;
    char line[256];
    if (request->body) {
        snprintf(line, sizeof line, "Content-Type: %s",
                 request->content_type ? request->content_type : "application/json");
        headers = curl_slist_append(headers, line);
    }
    if (request->accept) {
        snprintf(line, sizeof line, "Accept: %s", request->accept);
        headers = curl_slist_append(headers, line);
    }
    for (size_t i = 0; i < 4 && request->headers[i]; i++)
        headers = curl_slist_append(headers, request->headers[i]);
    return headers;
}

struct server_reply server_send(const struct server_daemon *daemon,
                                const struct server_request *request)
{
    struct server_reply reply = {0};
    char url[1024];
    snprintf(url, sizeof url, "%s%s", daemon->url, request->path);
    CURL *curl = curl_easy_init();
    ck_assert_ptr_nonnull(curl);
    struct curl_slist *headers = make_headers(request);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 120000L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply);
    if (request->body) {
        size_t n = request->n_body ? request->n_body : strlen(request->body);
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
    }
    if (request->method && !strcmp(request->method, "HEAD"))
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else if (request->method)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return reply;
}

struct server_reply server_get(const struct server_daemon *daemon, const char *path)
{
    return server_send(daemon, &(struct server_request){.path = path});
}

struct server_reply server_post(const struct server_daemon *daemon, const char *path,
                                const char *json)
{
    return server_send(daemon, &(struct server_request){.path = path, .body = json});
}

void server_expect_problem(struct server_reply reply, long status, const char *type,
                           const char *field)
{
    char media_type[64] = "", wanted[64];
    ck_assert_msg(reply.status == status, "status %ld, not %ld: %.1000s", reply.status, status,
                  reply.body ? reply.body : "");
    ck_assert(server_reply_header(&reply, "Content-Type", sizeof media_type, media_type));
    ck_assert_str_eq(media_type, "application/problem+json");
    json_t *json = server_reply_json(&reply);
    snprintf(wanted, sizeof wanted, "urn:advect:%s", type);
    ck_assert_str_eq(json_string_value(json_object_get(json, "type")), wanted);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "status")), status);
    ck_assert(json_is_string(json_object_get(json, "title")));
    const char *detail = json_string_value(json_object_get(json, "detail"));
    ck_assert_ptr_nonnull(detail);
    ck_assert_uint_gt(strlen(detail), 10);
    const char *named = json_string_value(json_object_get(json, "field"));
    if (field)
        ck_assert_msg(named && !strcmp(named, field), "field %s, not %s: %s",
                      named ? named : "(none)", field, detail);
    json_decref(json);
    server_reply_release(&reply);
}

double server_metric(const struct server_daemon *daemon, const char *name)
{
    struct server_reply reply = server_get(daemon, "/metrics");
    ck_assert_int_eq(reply.status, 200);
    double value = -1;
    size_t n = strlen(name);
    for (const char *line = reply.body; line && *line; line += *line == '\n') {
        if (!strncmp(line, name, n) && line[n] == ' ')
            value = atof(line + n + 1);
        line += strcspn(line, "\n");
    }
    server_reply_release(&reply);
    return value;
}

void server_wait_for_metric(const struct server_daemon *daemon, const char *name, double value,
                            int ms)
{
    double end = server_seconds() + ms / 1000.0;
    for (double now; (now = server_metric(daemon, name)) != value; server_sleep_ms(10))
        ck_assert_msg(server_seconds() < end, "%s is %g, not %g", name, now, value);
}

/* ---------------------------------------------------------------- bare sockets */

int server_connect(const struct server_daemon *daemon)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)daemon->port)};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

void server_write(int fd, const char *text)
{
    size_t n = strlen(text);
    while (n > 0) {
        ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
        if (sent < 0)
            return; /* closed by the server: what it said tells why */
        text += sent;
        n -= (size_t)sent;
    }
}

/* Waits for input, or the end of it: false when the time is over. */
static bool wait_for_input(int fd, double end)
{
    for (;;) {
        int left = (int)((end - server_seconds()) * 1000);
        struct pollfd input = {.fd = fd, .events = POLLIN};
        int n = left > 0 ? poll(&input, 1, left) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        ck_assert_int_ge(n, 0);
        ck_assert_msg(!(input.revents & POLLNVAL), "descriptor %d is not open", fd);
        return n > 0;
    }
}

/* What comes next into buffer; 0 where the server has closed the connection, or reset it, and
 * nothing else counts as that. */
static size_t receive(int fd, size_t size, char *buffer)
{
    ssize_t n;
    do
        n = recv(fd, buffer, size, 0);
    while (n < 0 && errno == EINTR);
    ck_assert_msg(n >= 0 || errno == ECONNRESET, "recv: %s", strerror(errno));
    return n < 0 ? 0 : (size_t)n;
}

/* Reads until the text is there (NULL: never), the server closes, or the time is over. */
static char *read_for(int fd, const char *text, int ms, bool *closed)
{
    char *all = NULL, buffer[65536];
    size_t n = 0;
    double end = server_seconds() + ms / 1000.0;
    append(&all, &n, "", 0);
    *closed = false;
    while (!*closed && !(text && strstr(all, text)) && wait_for_input(fd, end)) {
        size_t got = receive(fd, sizeof buffer, buffer);
        append(&all, &n, buffer, got);
        *closed = got == 0;
    }
    return all;
}

char *server_read_all(int fd, int ms, bool *closed)
{
    return read_for(fd, NULL, ms, closed);
}

char *server_read_until(int fd, const char *text, int ms)
{
    bool closed;
    return read_for(fd, text, ms, &closed);
}

char *server_exchange_raw(const struct server_daemon *daemon, const char *text)
{
    bool closed;
    int fd = server_connect(daemon);
    server_write(fd, text);
    char *reply = server_read_all(fd, 20000, &closed);
    close(fd);
    ck_assert_msg(closed, "the connection stays open after: %s", reply);
    return reply;
}

void server_sleep_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

double server_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
