"""An evaluation for people: in words, and the reliability chart as SVG."""

from collections.abc import Iterator

from triage.understanding.calibration import Bin
from triage.understanding.evaluate import DISPUTE, Report, Slice
from triage.understanding.findings import REASONS
from triage.understanding.heads import NONE

#: size of the chart and its margins, in SVG user units
SIDE, MARGIN = 320, 48


def describe(report: Report) -> str:
    """The report as plain text, to be printed."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    thresholds = report.thresholds
    yield f"model       {report.model}"
    yield f"mails       {report.overall.count}, of which {report.overall.disputes} disputes"
    yield f"thresholds  auto {thresholds.auto:.3f}, review {thresholds.review:.3f}"
    yield f"AUC         {_number(report.overall.auc)}"
    yield f"calibration error (ECE)  {report.ece:.3f}"
    yield ""
    yield f"{'band':<10}{'disputes':>10}{'others':>10}{'precision':>11}{'recall':>9}"
    for name, (disputes, others) in report.bands.items():
        share = disputes / (disputes + others) if disputes + others else None
        part = disputes / report.overall.disputes if report.overall.disputes else None
        yield f"{name:<10}{disputes:>10}{others:>10}{_number(share):>11}{_number(part):>9}"
    yield (
        f"of mail like this, 95 % certain: precision of auto {_range(report.overall.precision_between)}, "
        f"recall {_range(report.overall.recall_between)}"
    )
    yield ""
    yield f"{'language':<10}{'mails':>7}{'disputes':>10}{'AUC':>8}{'precision':>11}{'in auto':>9}{'reached':>9}"
    for language, figures in {**report.languages, "all": report.overall}.items():
        yield _slice_line(language, figures)
    yield ""
    yield f"{'reason':<28}{'disputes':>9}{'precision':>11}{'recall':>8}{'F1':>7}"
    for reason, each in report.reasons.items():
        yield f"{reason:<28}{each.count:>9}{each.precision:>11.3f}{each.recall:>8.3f}{each.f1:>7.3f}"
    yield f"{'mean (macro F1)':<28}{'':>9}{'':>11}{'':>8}{_number(report.macro_f1):>7}"
    yield ""
    yield from _confusion_lines(report)


def _slice_line(name: str, figures: Slice) -> str:
    return (
        f"{name:<10}{figures.count:>7}{figures.disputes:>10}{_number(figures.auc):>8}"
        f"{_number(figures.precision):>11}{_number(figures.recall):>9}{_number(figures.reached):>9}"
    )


def _confusion_lines(report: Report) -> Iterator[str]:
    """The confusion matrix; its columns are numbered to fit a terminal."""
    labels = (*REASONS, NONE, DISPUTE)
    yield "truth (rows) and label given (columns); given is none below the review threshold"
    yield " " * 31 + "".join(f"{number:>5}" for number in range(1, len(labels)))
    for number, label in enumerate(labels, 1):
        if label in report.confusion:
            row = report.confusion[label]
            place = f"{number:>2}" if label != DISPUTE else "  "
            yield f"{place} {label:<28}" + "".join(f"{row.get(given) or '·':>5}" for given in labels[:-1])


def reliability_svg(report: Report) -> str:
    """How often mails really were disputes (up) against the probability that was stated (across)."""
    size = SIDE + 2 * MARGIN
    most = max((each.count for each in report.reliability), default=1)
    dots = "".join(_dot(each, most) for each in report.reliability)
    ticks = "".join(_tick(step / 5) for step in range(6))
    middle = MARGIN + SIDE / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" role="img" '
        f'aria-labelledby="reliability-title" font-family="sans-serif" font-size="12" fill="currentColor">\n'
        f'<title id="reliability-title">Stated probability against the share of disputes; '
        f"calibration error {report.ece:.3f} over {report.overall.count} mails</title>\n"
        f'<rect x="{MARGIN}" y="{MARGIN}" width="{SIDE}" height="{SIDE}" fill="none" stroke="currentColor"/>\n'
        f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="currentColor" stroke-dasharray="4 4"/>\n'
        f"{ticks}{dots}"
        f'<text x="{middle}" y="{size - 8}" text-anchor="middle">stated probability</text>\n'
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">share of disputes</text>\n'
        f"</svg>\n"
    )


def _dot(each: Bin, most: int) -> str:
    radius = 3 + 9 * (each.count / most) ** 0.5
    tip = f"{each.low:.1f} to {each.high:.1f}: {each.count} mails, stated {each.said:.2f}, true {each.true:.2f}"
    return (
        f'<circle cx="{_x(each.said):.1f}" cy="{_y(each.true):.1f}" r="{radius:.1f}" fill="#2166ac" '
        f'fill-opacity="0.75"><title>{tip}</title></circle>\n'
    )


def _tick(share: float) -> str:
    return (
        f'<text x="{_x(share)}" y="{MARGIN + SIDE + 18}" text-anchor="middle">{share:.1f}</text>\n'
        f'<text x="{MARGIN - 8}" y="{_y(share) + 4}" text-anchor="end">{share:.1f}</text>\n'
    )


def _x(share: float) -> float:
    return round(MARGIN + SIDE * share, 1)


def _y(share: float) -> float:
    return round(MARGIN + SIDE * (1 - share), 1)


def _range(limits: tuple[float, float] | None) -> str:
    return "–" if limits is None else f"{limits[0]:.3f}–{limits[1]:.3f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
