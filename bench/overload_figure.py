"""The figure of bench/overload.py as SVG: goodput, and latency of what was answered, against the number
of clients, before and after."""
from panels import (BLUE, GAP, INK, LEFT, PANEL_W, RED, Panel, line, linear_ticks, log_ticks, page, text)

COLOURS = {"before": RED, "after": BLUE}


def key():
    parts, x = [], LEFT
    for name, words in (("before", "before"), ("after", "now")):
        parts += [line(x, 14, x + 26, 14, COLOURS[name], ' stroke-width="2"'),
                  text(x + 32, 18, words, 12, INK, "start")]
        x += 100
    x = LEFT + PANEL_W + GAP
    for dashes, words in (("", "median"), (' stroke-dasharray="5 4"', "99th percentile")):
        parts += [line(x, 14, x + 26, 14, INK, ' stroke-width="2"' + dashes),
                  text(x + 32, 18, words, 12, INK, "start")]
        x += 100
    return parts


def svg(data):
    both = {name: data[name] for name in COLOURS}
    clients = [row["clients"] for row in both["after"]]
    rates = [row["answers_per_s"] for rows in both.values() for row in rows]
    times = [row[k] for rows in both.values() for row in rows for k in ("p50_s", "p99_s") if row[k]]
    goodput = Panel(LEFT, "answers in time, per second", clients, linear_ticks(max(rates + [1])), False)
    latency = Panel(LEFT + PANEL_W + GAP, "seconds to an answer", clients,
                    log_ticks(min(times + [1]), max(times + [data["timeout_s"]])), True)
    latency.mark(data["timeout_s"], f"time limit, {data['timeout_s']:g} s")
    for name, rows in both.items():
        goodput.curve([(row["clients"], row["answers_per_s"]) for row in rows], COLOURS[name])
        for which, dashed in (("p50_s", False), ("p99_s", True)):
            latency.curve([(row["clients"], row[which]) for row in rows], COLOURS[name], dashed)
    parts = [*goodput.parts, *latency.parts, *key()]
    return page(f"Overload: before ({data['commit_before']}) and after", parts)
