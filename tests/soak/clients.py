"""Clients of all manners. Each is a thread that goes on until it is told to stop; what they find goes
into one tally."""
import collections
import http.client
import json
import os
import random
import socket
import struct
import threading
import time

import mixture

GRACE_S = 0.1  # after a deadline, for the answer that says so
TIMEOUT_S = 20.0


class Tally:
    """Counts by name, and the first failures in words."""

    def __init__(self):
        self._mutex = threading.Lock()
        self.counts, self.failures = collections.Counter(), []
        self.latest_s = 0.0

    def count(self, name, n=1):
        with self._mutex:
            self.counts[name] += n

    def fail(self, kind, what):
        with self._mutex:
            self.counts[kind] += 1
            if len(self.failures) < 20:
                self.failures.append(f"{kind}: {what}")

    def note_late(self, seconds):
        with self._mutex:
            self.latest_s = max(self.latest_s, seconds)


class Reply:
    """Of a socket; the head's arrival is what counts against a deadline."""

    def __init__(self, connection, method="GET"):
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        self.at = time.monotonic()
        self.status, self.headers, self.whole = response.status, response.headers, True
        try:
            self.body = response.read()
        except http.client.IncompleteRead as error:
            self.body, self.whole = error.partial, False
        self.closes = response.will_close or not self.whole  # a stream that failed ends so

    def problem(self):
        """The last part of its type, or ""."""
        lines = self.body.strip().rsplit(b"\n", 1)
        try:
            return json.loads(lines[-1])["type"].rsplit(":", 1)[-1]
        except (ValueError, KeyError, TypeError):
            return ""


class Client(threading.Thread):
    def __init__(self, soak, seed):
        super().__init__(daemon=True)
        self.soak, self.daemon_process, self.tally = soak, soak.daemon, soak.tally
        self.random = random.Random(seed)
        self.request_id, self.before = "", "nothing"  # on the same connection

    def run(self):
        while not self.soak.stop.is_set():
            try:
                self.act()
            except (OSError, http.client.HTTPException) as error:
                time.sleep(1)  # for the log to come
                self.tally.fail("lost", f"{type(self).__name__}: {error!r}, after {self.before}; the log: "
                                        f"{self.daemon_process.log_of(self.request_id)}")

    def new_id(self):
        self.request_id = f"soak-{self.random.getrandbits(48):012x}"
        return self.request_id

    def judge(self, request, reply, sent, timeout_s):
        """Whether the reply is the known answer, or a refusal of an allowed kind, and in time."""
        late = reply.at - sent - timeout_s
        if request.is_query() and late > 0:
            self.tally.note_late(late)
            if late > GRACE_S + self.soak.lateness.since(sent):
                self.tally.fail("late", f"{request.path}: {late:.3f} s after its {timeout_s} s")
        problem = reply.problem() if reply.status != 200 or not reply.whole else ""
        if reply.status == request.answer.status and reply.whole:
            if reply.body == request.answer.body:
                self.tally.count("right")
            else:
                self.tally.fail("wrong", f"{request.method} {request.path} {request.body[:100]}")
        elif problem == "timeout" or (
                problem in ("queue-full", "too-many") and reply.headers["Retry-After"]):
            self.tally.count(f"refused: {problem}")
        elif problem == "invalid-field" and b"even alone" in reply.body:
            self.tally.count("refused: hopeless")
        elif request.churn and reply.status == 404:
            self.tally.count("refused: model not there")
        else:
            self.tally.fail("wrong", f"{reply.status} {problem} to {request.path}: {reply.body[:200]}")


class Steady(Client):
    """One request after the other, mostly over the same connection."""

    def act(self):
        self.before = "nothing"
        with self.daemon_process.connect() as connection:
            for _ in range(self.random.randint(1, 40)):
                request = self.random.choice(self.soak.requests)
                hurried = self.random.random() < 0.15
                timeout_s = self.random.choice((0.02, 0.1, 0.4)) if hurried else TIMEOUT_S
                data = request.bytes(int(1000 * timeout_s), self.random.random() < 0.2, self.new_id())
                sent = time.monotonic()
                connection.sendall(data)
                reply = Reply(connection, request.method)
                self.judge(request, reply, sent, timeout_s)
                self.before = f"{request.method} {request.path}, {reply.status}"
                if reply.closes or self.soak.stop.is_set():
                    return


class Cancelling(Client):
    """Asks for minutes of work and goes: by a close, a reset, or the end of its sending half."""

    def act(self):
        request = self.random.choice(mixture.ENDLESS)
        connection = self.daemon_process.connect()
        connection.sendall(request.bytes())
        time.sleep(self.random.random() * 0.3)
        how = self.random.choice(("close", "reset", "half close"))
        if how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how == "half close":
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(2)
            try:
                while connection.recv(65536):
                    pass
            except OSError:
                pass
        connection.close()
        self.tally.count(f"gone by {how}")
        time.sleep(self.random.random() * 0.5)


class Bad(Client):
    """Requests that are wrong in every known way."""

    def act(self):
        data, status = self.random.choice(self.soak.bad)
        with self.daemon_process.connect() as connection:
            connection.sendall(data)
            reply = Reply(connection)
        if reply.status == status:
            self.tally.count("bad ones refused")
        else:
            self.tally.fail("wrong", f"{reply.status} in place of {status} to {data[:80]}")
        time.sleep(0.02)


class Slow(Client):
    """Sends in small pieces, and reads in small pieces; each well within the limits."""

    def act(self):
        request = self.random.choice(self.soak.requests)
        data = request.bytes(int(1000 * TIMEOUT_S), request_id=self.new_id())
        with self.daemon_process.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            size = len(data) // self.random.randint(4, 12) + 1
            for at in range(0, len(data), size):
                if self.soak.stop.wait(self.random.random() * 0.2):
                    return
                connection.sendall(data[at:at + size])
            sent = time.monotonic()
            self.judge(request, Reply(connection, request.method), sent, TIMEOUT_S)
        self.tally.count("sent slowly")


class Idle(Client):
    """Holds connections on which nothing or half a head is sent."""

    def act(self):
        beginnings = (b"", b"GET / HT", b"POST /v1/models/four-modes/samples HTTP/1.1\r\nHost: l")
        held = []
        for _ in range(20):
            connection = self.daemon_process.connect()
            connection.sendall(self.random.choice(beginnings))
            held.append(connection)
        self.soak.stop.wait(self.random.random() * 15)
        for connection in held:
            connection.close()
        self.tally.count("idle connections", len(held))


class Churn(Client):
    """Model files that come, go and are broken, and a SIGHUP after each."""

    def __init__(self, soak, seed, names):
        super().__init__(soak, seed)
        self.names = names
        with open(os.path.join(self.daemon_process.models, "four-modes.safetensors"), "rb") as file:
            self.original = file.read()

    def file_of(self, name):
        return os.path.join(self.daemon_process.models, name + ".safetensors")

    def model_called(self, name):
        """The same weights under another name."""
        n = struct.unpack("<Q", self.original[:8])[0]
        head = json.loads(self.original[8:8 + n])
        config = json.loads(head["__metadata__"]["advect.config"])
        config["name"] = name
        head["__metadata__"]["advect.config"] = json.dumps(config)
        text = json.dumps(head).encode()
        text += b" " * (-len(text) % 8)
        return struct.pack("<Q", len(text)) + text + self.original[8 + n:]

    def replace(self, name, data):
        part = self.file_of(name) + ".part"
        with open(part, "wb") as file:
            file.write(data)
        os.rename(part, self.file_of(name))

    def write_halves(self, name, data):
        if os.path.exists(self.file_of(name)):
            os.unlink(self.file_of(name))
        with open(self.file_of(name), "wb") as file:
            file.write(data[:len(data) // 2])
            file.flush()
            self.daemon_process.reload()
            time.sleep(0.05)
            file.write(data[len(data) // 2:])

    def act(self):
        name = self.random.choice(self.names)
        data = self.model_called(name)
        how = self.random.choice(("added", "removed", "corrupted", "cut off", "half written",
                                  "touched"))
        if how == "added":
            self.replace(name, data)
        elif how == "removed" and os.path.exists(self.file_of(name)):
            os.unlink(self.file_of(name))
        elif how == "corrupted":
            at = self.random.randrange(200)  # of its header: weights have no checksum
            self.replace(name, data[:at] + os.urandom(64) + data[at + 64:])
        elif how == "cut off":
            self.replace(name, data[:self.random.randrange(len(data))])
        elif how == "half written":
            self.write_halves(name, data)
        elif how == "touched":
            os.utime(os.path.join(self.daemon_process.models, "checkerboard-8x8.safetensors"))
        for _ in range(self.random.choice((1, 1, 1, 4))):
            self.daemon_process.reload()
            self.tally.count("SIGHUP")
        self.tally.count(f"model {how}")
        self.soak.stop.wait(self.random.random())

    def restore(self):
        for name in self.names:
            self.replace(name, self.model_called(name))


class Watcher(Client):
    """Memory, twice a second; and that the daemon is ready."""

    def __init__(self, soak, seed):
        super().__init__(soak, seed)
        self.samples = []  # (seconds, resident bytes)
        self.begin = time.monotonic()

    def act(self):
        self.samples.append((time.monotonic() - self.begin, self.daemon_process.resident_bytes()))
        with self.daemon_process.connect() as connection:
            connection.sendall(mixture.get("/health/ready").bytes())
            reply = Reply(connection)
            if reply.status != 200:
                self.tally.fail("wrong", f"not ready: {reply.body!r}")
        self.soak.stop.wait(0.5)
