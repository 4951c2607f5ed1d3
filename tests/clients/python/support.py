"""What the tests of the Python package share: where things are, the tool, a daemon, a compiler."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
BIN = os.path.join(ROOT, "build/bin")
LIBRARY = os.path.join(ROOT, "build/lib/libadvect.so")
BOARD = os.path.join(ROOT, "models/checkerboard-8x8.safetensors")
DIGITS = os.path.join(ROOT, "models/mnist-mlp.safetensors")
MODES = os.path.join(ROOT, "models/four-modes.safetensors")
ONE_PROBE = {"method": "hutchinson", "probes": 1}


class FolderTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="advect-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def at(self, name):
        return os.path.join(self.folder, name)


def advect_tool(*arguments, cwd=None):
    """Runs the offline tool; fails with what it said."""
    done = subprocess.run([os.path.join(BIN, "advect"), *arguments], cwd=cwd, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise AssertionError(f"advect {' '.join(arguments)}: {done.stdout}")


def python(code, *arguments, **environment):
    """Runs code in another Python with this one's path: its status, and what it printed."""
    env = {**os.environ, **environment}
    env = {name: value for name, value in env.items() if value is not None}
    done = subprocess.run([sys.executable, "-c", code, *arguments], env=env, text=True, timeout=300,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def fork():
    """os.fork, of which newer Pythons warn where there are threads: that it works is what is
    tested."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def compiled(source, output, *flags):
    """A C text made a program or a library; the compiler's words where it refuses."""
    done = subprocess.run(["cc", "-x", "c", "-", "-o", output, *flags], input=source, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout if done.returncode else None


class Daemon:
    """A daemon on a free port, with flags of one's own; to be used by `with`."""

    def __init__(self, *flags):
        self.flags = flags

    def __enter__(self):
        self.process = subprocess.Popen(
            [os.path.join(BIN, "advectd"), "--listen", "127.0.0.1:0", "--access-log", "off",
             *(self.flags or ("--models", os.path.join(ROOT, "models")))],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().split()[-1]
        return self

    def __exit__(self, *failure):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
