"""Charts as inline SVG: no script, nothing to load, readable in print and to a screen reader by title and description.

Sizes are in SVG user units; a chart is as wide as a telephone, and grows with the page.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from triage.report.report import Slice

WIDTH = 360
#: told apart by lightness too, and 3 to 1 against white at least (WCAG 1.4.11)
OPENED, RESOLVED, OPEN = "#1b5e9e", "#c8730a", "#333333"
_ROW, _BAR = 34, 12
_HEIGHT, _LEFT, _TOP, _BOTTOM = 160, 36, 10, 24


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: how long it is, and what stands at its end."""

    name: str
    value: float
    told: str


def bars(title: str, rows: Sequence[Bar]) -> Markup:
    """Bars from left to right, each below its name."""
    most = max((row.value for row in rows), default=0) or 1
    body = Markup("").join(
        Markup(
            '<text x="0" y="{}">{}</text><rect x="0" y="{}" width="{:.1f}" height="{}" fill="{}"/>'
            '<text x="{:.1f}" y="{}">{}</text>\n'
        ).format(
            at * _ROW + 12,
            _cut(row.name, 44),
            at * _ROW + 17,
            max(length, 1) if row.value else 0,
            _BAR,
            OPENED,
            length + 6,
            at * _ROW + 27,
            row.told,
        )
        for at, row in enumerate(rows)
        for length in [row.value / most * (WIDTH - 12 - 7 * len(row.told))]
    )
    told = "; ".join(f"{row.name}: {row.told}" for row in rows)
    return _svg(title, told, len(rows) * _ROW, body)


def flow(title: str, parts: Sequence[Slice]) -> Markup:
    """Opened and resolved side by side for each slice."""
    most, step = _scale([count for part in parts for count in (part.opened, part.resolved)], len(parts))
    told = "; ".join(f"{part.first}: {part.opened} opened, {part.resolved} resolved" for part in parts)
    return _svg(
        title, told, _HEIGHT, Markup("").join([*_grid(most), *_columns(parts, step, most), *_days(parts, step)])
    )


def stock(title: str, parts: Sequence[Slice]) -> Markup:
    """What was open at the end of each slice, as a line."""
    most, step = _scale([part.open for part in parts], len(parts))
    told = "; ".join(f"{part.first}: {part.open} open" for part in parts)
    return _svg(title, told, _HEIGHT, Markup("").join([*_grid(most), *_days(parts, step), _line(parts, step, most)]))


def _scale(counts: Sequence[int], parts: int) -> tuple[int, float]:
    """The end of the scale, and the width of a slice."""
    return _top(max(counts, default=0)), (WIDTH - _LEFT) / max(parts, 1)


def _grid(most: int) -> Iterator[Markup]:
    for part in sorted({0, most // 2, most}):
        y = _y(part, most)
        yield Markup('<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" stroke="#cccccc"/>').format(_LEFT, WIDTH, y, y)
        yield Markup('<text x="{}" y="{:.1f}" text-anchor="end">{}</text>\n').format(_LEFT - 5, y + 4, part)


def _columns(parts: Sequence[Slice], step: float, most: int) -> Iterator[Markup]:
    wide = min(step * 0.4, 24)
    for at, part in enumerate(parts):
        middle = _LEFT + (at + 0.5) * step
        for x, count, colour in ((middle - wide, part.opened, OPENED), (middle, part.resolved, RESOLVED)):
            if count:
                y = _y(count, most)
                yield Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>\n').format(
                    x, y, wide, _y(0, most) - y, colour
                )


def _days(parts: Sequence[Slice], step: float) -> Iterator[Markup]:
    """As many dates as fit."""
    every = max(1, -(-len(parts) // 5))
    form = "%b %Y" if len(parts) > 1 and (parts[-1].first - parts[-2].first).days > 7 else "%d %b"
    for at in range(0, len(parts), every):
        yield Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>\n').format(
            max(_LEFT + (at + 0.5) * step, _LEFT + 12), _HEIGHT - 8, format(parts[at].first, form)
        )


def _line(parts: Sequence[Slice], step: float, most: int) -> Markup:
    points = [f"{_LEFT + (at + 0.5) * step:.1f},{_y(part.open, most):.1f}" for at, part in enumerate(parts)]
    dots = Markup("").join(
        Markup('<circle cx="{}" cy="{}" r="2" fill="{}"/>').format(*point.split(","), OPEN) for point in points
    )
    line = Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="2"/>').format(" ".join(points), OPEN)
    return line + dots


def _y(count: int, most: int) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - count / most)


def _top(most: int) -> int:
    """The end of the scale: even, so that its middle is a whole number too."""
    size = 2
    while size < most:
        digits = 10 ** (len(str(size)) - 1)
        size = next(next_size for next_size in (digits * 2, digits * 4, digits * 6, digits * 10) if next_size > size)
    return size


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _svg(title: str, told: str, height: int, body: Markup) -> Markup:
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" aria-label="{}" font-size="12" '
        'fill="currentColor">\n<title>{}</title>\n<desc>{}</desc>\n{}</svg>'
    ).format(WIDTH, height, title, title, told, body)
