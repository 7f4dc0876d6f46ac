"""SVG charts, on logarithmic scales, in colours that colour-blind readers can tell apart (Okabe and
Ito)."""

import math
from xml.sax.saxutils import escape

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GOOD, BAD, PLAIN = "#009E73", "#D55E00", "#0072B2"


class _Svg:
    def __init__(self, width, height):
        self._parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
                       f'width="{width}" height="{height}" font-family="sans-serif" '
                       'font-size="13">',
                       '<rect width="100%" height="100%" fill="white"/>']

    def text(self, x, y, words, anchor="start", colour="black", weight="normal"):
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
                           f'font-weight="{weight}">{escape(words)}</text>')

    def line(self, x1, y1, x2, y2, colour="#ddd", width=1, dashes=""):
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                           f'stroke="{colour}" stroke-width="{width}"{dashed}/>')

    def dot(self, x, y, colour):
        self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>')

    def render(self):
        return "\n".join([*self._parts, "</svg>", ""])


class _LogScale:
    """Maps [low, high], made wider to whole parts of powers of ten, to pixels."""

    def __init__(self, low, high, begin, end, steps=(1, 2, 5)):
        marks = [s * 10.0 ** p for p in range(-9, 13) for s in steps]
        self._low = max(m for m in marks if m <= low)
        self._high = min(m for m in marks if m >= high and m > self._low)
        self._begin, self._end = begin, end
        self.marks = [m for m in marks if self._low <= m <= self._high]

    def __call__(self, value):
        part = math.log(value / self._low) / math.log(self._high / self._low)
        return self._begin + (self._end - self._begin) * part


def ratio_chart(title, entries):
    """A dot and a range for each ratio, a tick for its target; the same work takes as long at 1."""
    entries = [e for e in entries if e.unit == "×"]
    left, right, top, step = 470, 1060, 78, 24
    height = top + step * len(entries) + 50
    svg = _Svg(right + 40, height)
    svg.text(left, 24, title, weight="bold")
    svg.text(left, 44, "Gristmill's time over the other's: left of 1 it is faster. Dot: median; "
             "bar: range; ¦: target.", colour="#555")
    values = [v for e in entries for v in (e.spread.low, e.spread.high, e.target) if v]
    x = _LogScale(min([*values, 0.5]), max([*values, 2]), left, right)
    bottom = top + step * len(entries) - 6
    for mark in x.marks:
        svg.line(x(mark), top - 14, x(mark), bottom, "#999" if mark == 1 else "#ddd")
        svg.text(x(mark), bottom + 18, f"{mark:g}", "middle", "#555")
    above = None
    for i, entry in enumerate(entries):
        y, spread = top + step * i, entry.spread
        if above is not None and entry.title != above:
            svg.line(10, y - 16, right, y - 16, "#eee")
        above = entry.title
        _label(svg, left, y, entry)
        colour = PLAIN if entry.target is None else GOOD if entry.met() else BAD
        svg.line(x(spread.low), y, x(spread.high), y, colour, 3)
        svg.dot(x(spread.median), y, colour)
        if entry.target:
            svg.line(x(entry.target), y - 8, x(entry.target), y + 8, "black", 2, "3 2")
    svg.text(left, height - 8, "green: target met; orange: missed; blue: no target", colour="#555")
    return svg.render()


def _label(svg, left, y, entry):
    name = "speed-up, more is better" if entry.more_is_better else entry.row
    svg.text(left - 12, y + 4, f"{name}: {entry.who_title} / {entry.against}", "end")


def growth_chart(title, x_title, series):
    """Seconds by size, both logarithmic; `series` is a dict of lists of (n, Spread). A dashed line
    from the first series' last point shows linear growth."""
    left, right, top, bottom = 70, 560, 60, 420
    svg = _Svg(right + 250, bottom + 60)
    svg.text(left, 26, title, weight="bold")
    points = [p for line in series.values() for p in line]
    x = _LogScale(min(n for n, _ in points), max(n for n, _ in points), left, right, steps=(1,))
    y = _LogScale(min(s.low for _, s in points), max(s.high for _, s in points), bottom, top)
    for mark in x.marks:
        svg.line(x(mark), top, x(mark), bottom)
        svg.text(x(mark), bottom + 18, f"{mark:,.0f}", "middle", "#555")
    for mark in y.marks:
        svg.line(left, y(mark), right, y(mark))
        svg.text(left - 8, y(mark) + 4, f"{mark:g} s", "end", "#555")
    svg.text((left + right) / 2, bottom + 42, x_title, "middle")
    for i, (name, line) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        for (n1, s1), (n2, s2) in zip(line, line[1:]):
            svg.line(x(n1), y(s1.median), x(n2), y(s2.median), colour, 2)
        for n, spread in line:
            svg.line(x(n), y(spread.low), x(n), y(spread.high), colour, 2)
            svg.dot(x(n), y(spread.median), colour)
        svg.line(right + 16, top + 24 * i, right + 36, top + 24 * i, colour, 3)
        svg.text(right + 44, top + 24 * i + 4, name)
    _linear(svg, x, y, next(iter(series.values())))
    last = top + 24 * len(series)
    svg.line(right + 16, last, right + 36, last, "#999", 2, "6 4")
    svg.text(right + 44, last + 4, "linear growth")
    return svg.render()


def _linear(svg, x, y, line):
    """Backwards from the last point as far as the chart goes."""
    n_last, last = line[-1][0], line[-1][1].median
    n_first = max(line[0][0], n_last * min(s.low for _, s in line) / last)
    svg.line(x(n_first), y(last * n_first / n_last), x(n_last), y(last), "#999", 2, "6 4")
