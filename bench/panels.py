"""Panels of curves as SVG, for the figures of benchmarks."""
import math

WIDTH, HEIGHT = 860, 360
PANEL_W, PANEL_H, LEFT, TOP, GAP = 345, 250, 62, 52, 90
INK, DIM, GRID = "#1c2333", "#5c6478", "#dcdad2"
RED, BLUE = "#c2321f", "#2a4bb0"


def text(x, y, words, size=12, fill=INK, anchor="middle", more=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" '
            f'text-anchor="{anchor}"{more}>{words}</text>')


def line(x0, y0, x1, y1, stroke=GRID, more=""):
    return (f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{stroke}"{more}/>')


class Panel:
    """One pair of axes: counts by powers of two, and a value evenly or by decades."""

    def __init__(self, left, title, counts, ticks, logarithmic, below="clients"):
        self.left, self.counts, self.ticks, self.logarithmic = left, counts, ticks, logarithmic
        self.parts = [text(left + PANEL_W / 2, TOP - 14, title, 13)]
        for tick in ticks:
            self.parts += [line(left, self.y(tick), left + PANEL_W, self.y(tick)),
                           text(left - 8, self.y(tick) + 4, f"{tick:g}", 11, DIM, "end")]
        for n in counts:
            self.parts.append(text(self.x(n), TOP + PANEL_H + 18, n, 11, DIM))
        self.parts += [line(left, TOP + PANEL_H, left + PANEL_W, TOP + PANEL_H, DIM),
                       text(left + PANEL_W / 2, TOP + PANEL_H + 38, below, 12, DIM)]

    def x(self, n):
        low, high = math.log2(self.counts[0]), math.log2(self.counts[-1])
        return self.left + PANEL_W * (math.log2(n) - low) / max(high - low, 1)

    def y(self, value):
        low, high = self.ticks[0], self.ticks[-1]
        if self.logarithmic:
            share = math.log(max(value, low) / low) / math.log(high / low)
        else:
            share = (value - low) / (high - low)
        return TOP + PANEL_H * (1 - share)

    def curve(self, points, colour, dashed=False):
        """Points (count, value or None); where there is no value the curve has a gap."""
        path, pen = "", "M"
        for n, value in points:
            if value is None:
                pen = "M"
                continue
            path += f"{pen}{self.x(n):.1f} {self.y(value):.1f}"
            pen = "L"
            self.parts.append(f'<circle cx="{self.x(n):.1f}" cy="{self.y(value):.1f}" r="3" '
                              f'fill="{colour}"/>')
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        self.parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')

    def mark(self, value, words):
        y = self.y(value)
        self.parts += [line(self.left, y, self.left + PANEL_W, y, DIM, ' stroke-dasharray="2 3"'),
                       text(self.left + 4, y - 5, words, 11, DIM, "start")]


def linear_ticks(most):
    step = 10 ** math.floor(math.log10(max(most, 1e-3)))
    step *= next(factor for factor in (0.2, 0.5, 1, 2) if most / (factor * step) <= 6)
    return [i * step for i in range(math.ceil(most / step) + 1)]


def log_ticks(least, most):
    steps = [factor * 10.0 ** i for i in range(-4, 5) for factor in (1, 2, 5)]
    low = max(i for i, step in enumerate(steps) if step <= least or i == 0)
    high = min(i for i, step in enumerate(steps) if step >= most or i == len(steps) - 1)
    return steps[low:max(high, low + 1) + 1]


def page(title, parts, width=WIDTH):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" '
            f'viewBox="0 0 {width} {HEIGHT}" font-family="DejaVu Sans, sans-serif">\n'
            f'<title>{title}</title>\n'
            f'<rect width="{width}" height="{HEIGHT}" fill="#ffffff"/>\n' + "\n".join(parts)
            + "\n</svg>\n")
