"""Daemons that misbehave, by a socket that says what a test wants: away in the middle of an answer,
asking to come back, closing what was kept."""
import json
import socket
import threading
import time
import unittest

import advect

MODEL = {"name": "m", "digest": "0", "dim": 2, "shape": [2], "classes": 0, "limits": {"rows": 7}}


def answer(status, body, *head, length=None):
    n = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {n}", *head, "", ""]
    return "\r\n".join(lines).encode() + body


TOLD = answer(200, json.dumps(MODEL).encode())
BUSY = json.dumps({"type": "urn:advect:queue-full", "title": "Busy", "status": 503,
                   "detail": "the queue is full"}).encode()  # fmt: skip


def frames(*lines, ended):
    body = b"".join(b"%x\r\n%s\r\n" % (len(line), line) for line in lines)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + body + (b"0\r\n\r\n" if ended else b"")


FRAME = b'{"frame": 0, "t": 0, "states": [[1, 2]]}\n'


class Peer:
    """Answers each request with the next of the given bytes, or by so many seconds of silence; None
    closes the connection, before or after an answer."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while self.answers:
            connection, _ = self.socket.accept()
            with connection:
                self.talk(connection)
        self.socket.close()

    def talk(self, connection):
        while self.answers:
            if self.answers[0] is None:
                self.answers.pop(0)
                return
            request = b""
            while b"\r\n\r\n" not in request:
                got = connection.recv(65536)
                if not got:
                    return
                request += got
            head, _, body = request.partition(b"\r\n\r\n")
            for line in head.split(b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    while len(body) < int(line.split(b":")[1]):
                        body += connection.recv(65536)
            self.requests.append((head, body))
            said = self.answers.pop(0)
            if isinstance(said, float):
                time.sleep(said)
            else:
                connection.sendall(said)

    def model(self, **options):
        return advect.connect(self.url, **options).model("m")


class TestLosses(unittest.TestCase):
    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with self.assertRaisesRegex(advect.ConnectionLostError, f"{url} cannot .*refused"):
            advect.connect(url).models()

    def test_gone_in_the_middle_of_an_array(self):
        peer = Peer(TOLD, answer(200, b"\x93NUMPY", length=1000), None)
        with self.assertRaisesRegex(advect.ConnectionLostError, "ended after 6 of 1000 bytes"):
            peer.model().sample(3)

    def test_gone_in_the_middle_of_a_stream(self):
        for sent in (frames(FRAME, ended=False), frames(FRAME, FRAME[:9], ended=False),
                     frames(FRAME, ended=True)):  # fmt: skip
            frames_seen = Peer(TOLD, sent, None).model().frames(1, frames=3)
            self.assertEqual(next(frames_seen).states.tolist(), [[1, 2]])
            with self.assertRaisesRegex(advect.ConnectionLostError, "after 1 of 3 frames"):
                next(frames_seen)
        with self.assertRaises(ConnectionError):
            list(Peer(TOLD, frames(FRAME, ended=False), None).model().frames(1, frames=3))

    def test_a_problem_on_the_way_is_raised_as_one(self):
        line = json.dumps({"type": "urn:advect:timeout", "title": "T", "status": 503,
                           "detail": "it took too long"}).encode() + b"\n"  # fmt: skip
        seen = Peer(TOLD, frames(FRAME, line, ended=False), None).model().frames(1, frames=3)
        next(seen)
        with self.assertRaisesRegex(advect.ProblemError, "it took too long") as caught:
            next(seen)
        self.assertEqual((caught.exception.status, caught.exception.kind), (503, "timeout"))

    def test_silence_ends(self):
        peer = Peer(TOLD, 1.0)
        with self.assertRaisesRegex(advect.ConnectionLostError, "did not answer within 0.2 s"):
            peer.model(timeout=0.2).sample(1)

    def test_a_kept_connection_that_was_closed_is_made_anew(self):
        peer = Peer(TOLD, None, TOLD)
        client = advect.connect(peer.url)
        client.model("m")
        time.sleep(0.1)  # for the end to arrive
        self.assertEqual(client.model("m").name, "m")
        self.assertEqual(len(peer.requests), 2)

    def test_an_answer_of_a_proxy_is_a_problem_too(self):
        peer = Peer(answer(502, b"<html>Bad Gateway</html>"))
        with self.assertRaisesRegex(advect.ProblemError, "Bad Gateway .HTTP 502"):
            peer.model()


class TestRetries(unittest.TestCase):
    def busy(self, seconds):
        return answer(503, BUSY, f"Retry-After: {seconds}")

    def test_it_comes_back_when_it_was_asked_to(self):
        peer = Peer(self.busy(1), answer(429, b"{}", "Retry-After: 0"), TOLD)
        start = time.monotonic()
        self.assertEqual(peer.model().limits, {"rows": 7})
        self.assertGreaterEqual(time.monotonic() - start, 1)
        self.assertEqual(len(peer.requests), 3)
        self.assertEqual(len({request for request in peer.requests}), 1)  # the same each time

    def test_not_for_longer_than_it_may_wait(self):
        peer = Peer(self.busy(30))
        with self.assertRaisesRegex(advect.ProblemError, "retry after 30 s") as caught:
            peer.model(max_wait=20)
        self.assertEqual(caught.exception.retry_after, 30)
        peer = Peer(self.busy(0), self.busy(0), self.busy(0))
        with self.assertRaises(advect.ProblemError):
            peer.model(retries=2)
        self.assertEqual(len(peer.requests), 3)

    def test_nor_without_being_asked_to(self):
        for status, head in ((503, ()), (422, ("Retry-After: 0",)), (500, ("Retry-After: 0",))):
            peer = Peer(answer(status, b"{}", *head))
            with self.assertRaises(advect.ProblemError) as caught:
                peer.model()
            self.assertEqual(caught.exception.status, status)

    def test_the_key_is_sent_and_never_shown(self):
        peer = Peer(answer(401, b'{"type": "urn:advect:no-key", "status": 401}'))
        with self.assertRaises(advect.ProblemError) as caught:
            peer.model(key="secret-of-mine")
        self.assertIn(b"Authorization: Bearer secret-of-mine", peer.requests[0][0])
        self.assertNotIn("secret", str(caught.exception))
