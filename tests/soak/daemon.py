"""The daemon under test: its process, its numbers, its log; and a clock that knows how late this
program itself is."""
import collections
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time


# What is to be 0 when nothing is asked.
HELD = ("advect_queries", "advect_query_rows", "advect_answer_numbers",
        'advect_memory_bytes{kind="queries"}', 'advect_memory_bytes{kind="replies"}')


class Daemon:
    """Started with default settings on a free port and a copy of the models, its log watched."""

    def __init__(self, program, models):
        self.directory = tempfile.mkdtemp(prefix="advect-soak-")
        self.models = os.path.join(self.directory, "models")
        os.mkdir(self.models)
        for name in sorted(os.listdir(models)):
            if name.endswith(".safetensors"):
                shutil.copy(os.path.join(models, name), self.models)
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("ADVECT", "OPENBLAS", "OMP_"))}
        self.process = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0", "--models", self.models],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        self.pid = self.process.pid
        self.n_log_lines, self.faults, self.last_lines = 0, [], collections.deque(maxlen=20000)
        self._log = threading.Thread(target=self._read_log, daemon=True)
        self._log.start()
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            raise SystemExit("the daemon did not start:\n" + "".join(self.last_lines))
        self.port = int(line.rsplit(":", 1)[1])

    def _read_log(self):
        for line in self.process.stderr:
            self.n_log_lines += 1
            self.last_lines.append(line)
            if " level=error " in line or "runtime error" in line or "Sanitizer" in line:
                self.faults.append(line.strip())

    def connect(self, timeout=120):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def reload(self):
        os.kill(self.pid, signal.SIGHUP)

    def metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*) (\S+)$", text, re.M)}

    def resident_bytes(self):
        with open(f"/proc/{self.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        """What is open: by name, how often."""
        folder, found = f"/proc/{self.pid}/fd", collections.Counter()
        for name in os.listdir(folder):
            try:
                found[os.readlink(os.path.join(folder, name)).split(":")[0]] += 1
            except OSError:
                pass  # closed meanwhile
        return found

    def log_of(self, request_id):
        return " ".join(line.strip() for line in list(self.last_lines) if request_id in line)

    def at_rest(self):
        """Waits until nothing is asked or held any more, and gives the metrics and descriptors of then."""
        for _ in range(300):
            metrics = self.metrics()
            if (metrics["advect_requests_in_flight"] <= 1 and metrics["advect_connections"] <= 1
                    and not any(metrics[name] for name in HELD)):
                break
            time.sleep(0.1)
        time.sleep(0.2)
        return metrics, self.descriptors()

    def end(self):
        """SIGTERM's effect, awaited: seconds until the exit, and its status."""
        begin = time.monotonic()
        try:
            status = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = None
        seconds = time.monotonic() - begin
        self._log.join(timeout=5)
        shutil.rmtree(self.directory, ignore_errors=True)
        return seconds, status


class Lateness(threading.Thread):
    """How late this program's threads are woken, so that the daemon is not blamed for it."""

    def __init__(self):
        super().__init__(daemon=True)
        self._late = collections.deque(maxlen=40000)  # (when, seconds), some minutes of them
        self.start()

    def run(self):
        while True:
            begin = time.monotonic()
            time.sleep(0.005)
            late = time.monotonic() - begin - 0.005
            if late > 0.005:
                self._late.append((time.monotonic(), late))

    def since(self, when):
        """The sum over the lapses since then: each may have held up what was measured."""
        return sum(late for at, late in list(self._late) if at >= when)
