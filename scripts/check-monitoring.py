#!/usr/bin/env python3
"""Holds deploy/ against a running daemon.

    scripts/check-monitoring.py BIN/advectd [MODELS]

Starts the daemon, asks it for a little of everything, and checks that its /metrics are clean, that
the alert rules are valid and pass their tests (promtool, of Debian's package prometheus or from
scripts/deps.sh test; else this is skipped), and that every metric, label and label value that the
dashboard and the rules name is one of the daemon's. Ends in a line that counts the checks.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DASHBOARD, RULES, TESTS = (os.path.join(ROOT, "deploy", name) for name in
                           ("advect-dashboard.json", "advect-alerts.yml", "advect-alerts.test.yml"))
SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$", re.M)
LABEL = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
NAMED = re.compile(r"\b((?:advect|process)_\w+)\b(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")
SCRAPED = {"instance", "job"}  # labels that Prometheus adds


def metrics_of(daemon, models):
    """Of a daemon that was asked for something of each kind."""
    process = subprocess.Popen(
        [daemon, "--listen", "127.0.0.1:0", "--models", models, "--access-log", "off"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = process.stdout.readline().split()[-1]

        def get(path, body=None):
            head = {"Content-Type": "application/json"}
            request = urllib.request.Request(url + path, body, head)
            return urllib.request.urlopen(request, timeout=60).read()

        names = [model["name"] for model in json.loads(get("/v1/models"))["models"]]
        get(f"/v1/models/{names[0]}/samples", b'{"n": 1}')
        try:
            get("/nowhere")
        except urllib.error.HTTPError:
            pass
        return get("/metrics").decode()
    finally:
        process.terminate()
        process.wait()


def labels_of(text):
    """For each name of a sample line: its labels with their values."""
    names = {}
    for name, labels in SAMPLE.findall(text):
        known = names.setdefault(name, {})
        for label, _, value in LABEL.findall(labels):
            known.setdefault(label, set()).add(value)
    return names


def dashboard_expressions():
    with open(DASHBOARD) as file:
        dashboard = json.load(file)
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    queries = [variable["definition"] for variable in dashboard["templating"]["list"]
               if "definition" in variable]
    return queries + [target["expr"] for panel in panels for target in panel["targets"]]


def rule_expressions():
    """Of a file whose rules have `expr:` before `for:` or `labels:`, on one line or folded."""
    with open(RULES) as file:
        return re.findall(r"\n +expr: (.*?)\n +(?:for|labels):", file.read(), re.S)


def faults_of(expression, known):
    if not NAMED.search(expression) and "up{" not in expression:
        yield "names no metric of the daemon"
    grouped = {label.strip() for labels in GROUPED.findall(expression) for label in labels.split(",")}
    for name, labels in NAMED.findall(expression):
        if name not in known:
            yield f"{name} is no metric of the daemon"
            continue
        for label, operator, value in LABEL.findall(labels):
            if label in SCRAPED:
                continue
            if label not in known[name]:
                yield f"{name} has no label {label}"
            elif operator == "=" and label != "status" and value not in known[name][label]:
                yield f'{name} has no {label}="{value}"'
    seen = SCRAPED.union(*(known.get(name, {}) for name, _ in NAMED.findall(expression)))
    for label in sorted(grouped - seen):
        yield f"no metric of it has the label {label}"


def check_names(known):
    expressions = dashboard_expressions() + rule_expressions()
    faults = [(expression, fault) for expression in expressions
              for fault in faults_of(expression, known)]
    for expression, fault in faults:
        print(f"{fault}: {expression}")
    # What the daemon counts is to be seen, but for the parts of histograms.
    shown = {name for expression in expressions for name, _ in NAMED.findall(expression)}
    unseen = [name for name in known if name not in shown
              and re.sub("_(sum|count|bucket)$", "_bucket", name) not in shown]
    for name in unseen:
        print(f"{name} is neither on the dashboard nor in a rule")
    return len(expressions) - len({expression for expression, _ in faults}), len(faults) + len(unseen)


def promtool():
    for path in (shutil.which("promtool"), os.path.join(ROOT, "build", "tools", "promtool")):
        if path and os.path.exists(path):
            return path
    return None


def check_with_promtool(text):
    tool = promtool()
    if not tool:
        print("no promtool (scripts/deps.sh test): rules and /metrics are not checked with it")
        return 0, 0
    passed = 0
    checks = [("check", "metrics"), ("check", "rules", RULES), ("test", "rules", TESTS)]
    for arguments in checks:
        done = subprocess.run([tool, *arguments], input=text, capture_output=True, text=True)
        clean = done.returncode == 0 and not (arguments[1] == "metrics" and done.stderr)
        if not clean:
            print(f"promtool {' '.join(arguments[:2])}:\n{done.stdout}{done.stderr}")
        passed += clean
    return passed, len(checks) - passed


def main():
    daemon = os.path.abspath(sys.argv[1])
    models = sys.argv[2] if len(sys.argv) > 2 else os.path.join(ROOT, "models")
    if not any(name.endswith(".safetensors") for name in os.listdir(models)):
        print(f"no models in {models}: the dashboard and the rules are not checked")
        return 0
    text = metrics_of(daemon, models)
    results = [check_names(labels_of(text)), check_with_promtool(text)]
    passed, failed = (sum(result[i] for result in results) for i in range(2))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
