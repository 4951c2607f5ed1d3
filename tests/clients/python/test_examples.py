"""The scripts of docs/examples/python, and the lines of docs/guide/python.md."""
import os
import re
import subprocess
import sys

from support import MODES, ROOT, Daemon, FolderTest, advect_tool, python

EXAMPLES = os.path.join(ROOT, "docs/examples/python")
GUIDE = os.path.join(ROOT, "docs/guide/python.md")


def run(name, *arguments, stdin=None):
    return subprocess.run([sys.executable, os.path.join(EXAMPLES, name), *arguments], text=True,
                          stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300).stdout


class TestExamples(FolderTest):
    def test_every_script_is_tested_here(self):
        self.assertEqual(sorted(os.listdir(EXAMPLES)), ["amortised_posterior.py",
                                                        "digits_from_server.py", "replace_kde.py"])

    def test_a_flow_replaces_kernels(self):
        said = run("replace_kde.py", "300")
        flow = re.search(r"^flow: (-?\d\.\d{3}) nats a row; new points \[", said)
        self.assertTrue(flow, said)
        # Of a Gaussian the mean is -1.7, of the best kernels -0.81.
        self.assertGreater(float(flow[1]), -0.9)
        self.assertRegex(said, r"\nkernels: (-0\.8\d\d nats|not without scikit-learn)")

    def test_a_posterior_is_learned_from_simulations(self):
        said = run("amortised_posterior.py", "400")
        inside = re.search(r"central 80 % intervals hold \[(0\.\d+) +(0\.\d+)\]", said)
        self.assertTrue(inside, said)
        for share in inside.groups():  # of so short a training; the longer, the nearer
            self.assertLess(abs(float(share) - 0.8), 0.15)
        best = re.search(r"^most probable: .* at (-?\d+\.\d\d) nats", said)
        self.assertGreater(float(best[1]), 1)  # the prior's density is -1.39 nats
        share = re.search(r"two moons: (0\.\d\d) of the samples", said)
        self.assertLess(abs(float(share[1]) - 0.5), 0.15)  # by symmetry

    def test_a_posterior_is_learned_from_a_table(self):
        advect_tool("simulate", "two_moons", "-n", "200", "-o", self.at("moons.csv"))
        with open(self.at("moons.csv")) as table:
            said = run("amortised_posterior.py", "5", "-", stdin=table)
        self.assertRegex(said, r"\nranks of theta2 by tens: \[")

    def test_digits_come_from_a_server(self):
        with Daemon() as daemon:
            said = run("digits_from_server.py", daemon.url)
        self.assertRegex(said, r"t = 1\.00: 0\.000 from the end")
        self.assertRegex(said, r"3 over 8: \d")  # the three is likelier a three
        self.assertTrue(said.endswith("field n, limit 100000\n"), said)


class TestGuide(FolderTest):
    def test_its_lines_run_in_their_order(self):
        """Against a daemon at the address that the lines name, and in a folder of their own."""
        with open(GUIDE) as file:
            lines = re.findall(r"```python\n(.*?)```", file.read(), flags=re.S)
        self.assertGreater(len(lines), 5)
        with Daemon() as daemon:
            code = "\n".join(lines).replace("http://127.0.0.1:8080", daemon.url)
            os.symlink(os.path.dirname(MODES), self.at("models"))
            status, said = python(f"import os; os.chdir({self.folder!r})\n{code}")
        self.assertEqual(status, 0, said)
