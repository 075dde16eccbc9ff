"""Does more writing still help? ``python -m models.curve`` draws the learning curve of the corpus.

A cheap classifier learns from an eighth of the mails, a quarter, half and all, and is judged on a hand that it has not
seen; each hand is left out in turn. Words and characters (TF-IDF) unless a frozen encoder is named. Writes the figures
into ``models/corpus/FIGURES.md`` and the chart beside them.
"""

import argparse
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from models.compare import Baseline, frozen, words_and_characters
from models.examples import Example, from_corpus
from models.figures import CORPUS, FIGURES, table, write_section
from triage.understanding.charts import MARGIN, SIDE
from triage.understanding.evaluate import auc

SHARES = (0.125, 0.25, 0.5, 1.0)
#: hands with fewer mails are learned from and not judged on
FEWEST = 100
#: where the chart begins
LOWEST = 0.75
COLOURS = ("#2166ac", "#b2182b", "#1b7837", "#e08214", "#762a83", "#35978f", "#8c510a", "#bf812d")

#: hand → AUC at each share
Curves = Mapping[str, Sequence[float]]


def learning_curves(baseline: Baseline, examples: Sequence[Example], seed: int = 1) -> tuple[Curves, list[int]]:
    """The AUC on each hand, and how many mails were learned from at each share, on average over the hands."""
    chance = random.Random(seed)  # noqa: S311 -- to be repeated, not to be secret
    hands = sorted({example.fold for example in examples})
    curves: dict[str, list[float]] = {}
    counts = []
    for hand in hands:
        judged = [example for example in examples if example.fold == hand]
        others = [example for example in examples if example.fold != hand]
        if len(judged) < FEWEST:
            continue
        chance.shuffle(others)
        truth = np.array([example.dispute for example in judged])
        sizes = [round(share * len(others)) for share in SHARES]
        curves[hand] = [auc(baseline(others[:size], judged), truth) or 0.5 for size in sizes]
        counts.append(sizes)
    return curves, [round(float(size)) for size in np.mean(counts, axis=0)]


def curve_svg(curves: Curves, counts: Sequence[int], name: str) -> str:
    """AUC on hands left out (up) against the mails learned from (across, each step twice as many)."""
    size, legend = SIDE + 2 * MARGIN, 110
    lines = [_line(hand, values, COLOURS[at % len(COLOURS)], 1.5) for at, (hand, values) in enumerate(curves.items())]
    mean = np.mean(list(curves.values()), axis=0).tolist()
    lines.append(_line("mean", mean, "currentColor", 3))
    ticks = "".join(
        f'<text x="{_x(at)}" y="{MARGIN + SIDE + 18}" text-anchor="middle">{count}</text>\n'
        for at, count in enumerate(counts)
    )
    ticks += "".join(
        f'<text x="{MARGIN - 8}" y="{_y(value) + 4}" text-anchor="end">{value:.2f}</text>\n'
        for value in np.arange(LOWEST, 1.001, 0.05).tolist()
    )
    middle = MARGIN + SIDE / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size + legend} {size}" role="img" '
        f'aria-labelledby="curve-title" font-family="sans-serif" font-size="12" fill="currentColor">\n'
        f'<title id="curve-title">{name}: AUC on each hand left out, against the mails of other hands '
        f"that were learned from; mean {mean[0]:.3f} with {counts[0]} mails, {mean[-1]:.3f} with {counts[-1]}</title>\n"
        f'<rect x="{MARGIN}" y="{MARGIN}" width="{SIDE}" height="{SIDE}" fill="none" stroke="currentColor"/>\n'
        f"{ticks}{''.join(lines)}{_legend([*curves, 'mean'], size)}"
        f'<text x="{middle}" y="{size - 8}" text-anchor="middle">mails learned from</text>\n'
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">AUC</text>\n'
        f"</svg>\n"
    )


def _line(name: str, values: Sequence[float], colour: str, width: float) -> str:
    points = " ".join(f"{_x(at)},{_y(max(value, LOWEST))}" for at, value in enumerate(values))
    told = ", ".join(f"{value:.3f}" for value in values)
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}">'
        f"<title>{name}: {told}</title></polyline>\n"
    )


def _legend(names: Sequence[str], left: int) -> str:
    colours = [*(COLOURS[at % len(COLOURS)] for at in range(len(names) - 1)), "currentColor"]
    return "".join(
        f'<line x1="{left}" y1="{MARGIN + 18 * at}" x2="{left + 20}" y2="{MARGIN + 18 * at}" stroke="{colour}" '
        f'stroke-width="3"/><text x="{left + 26}" y="{MARGIN + 4 + 18 * at}">{name}</text>\n'
        for at, (name, colour) in enumerate(zip(names, colours, strict=True))
    )


def _x(at: int) -> float:
    return round(MARGIN + SIDE * at / (len(SHARES) - 1), 1)


def _y(value: float) -> float:
    return round(MARGIN + SIDE * (1 - (value - LOWEST) / (1 - LOWEST)), 1)


def section(curves: Curves, counts: Sequence[int], name: str, chart: str) -> str:
    """The table, as Markdown."""
    rows = [(hand, *values) for hand, values in curves.items()]
    rows.append(("mean", *np.mean(list(curves.values()), axis=0).tolist()))
    return (
        f"## Does more writing still help?\n\n`python -m models.curve`: AUC of {name} on a hand left out, having "
        f"learned from an eighth, a quarter, half and all of the others' mails.\n\n"
        + table(("hand left out", *(f"{count} mails" for count in counts)), rows)
        + f"\n\n![learning curve]({chart})"
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--encoder", type=Path, help="a folder that models.encoder made, under a linear head")
    parser.add_argument("--page", type=Path, default=FIGURES, help="page whose section is written, the chart beside it")
    options = parser.parse_args()
    name = f"frozen {options.encoder.name}" if options.encoder else "words and characters (TF-IDF)"
    baseline = frozen(options.encoder) if options.encoder else words_and_characters
    curves, counts = learning_curves(baseline, from_corpus(options.corpus))
    chart = options.page.with_name("curve.svg")
    chart.write_text(curve_svg(curves, counts, name), encoding="utf-8")
    text = section(curves, counts, name, chart.name)
    write_section("curve", text, options.page)
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
