"""The page of figures about the corpus: every script that measures writes a section of its own."""

from collections.abc import Iterable, Sequence
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
FIGURES = CORPUS / "FIGURES.md"
_OPENING = "# Figures about the corpus\n\nWritten by the commands named below; do not edit by hand.\n"


def write_section(name: str, text: str, path: Path = FIGURES) -> None:
    """Put a section in the place of its earlier version, or at the end."""
    page = path.read_text(encoding="utf-8") if path.exists() else _OPENING
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    if begin not in page:
        page = f"{page.rstrip()}\n\n{begin}{end}"
    before, _, rest = page.partition(begin)
    path.write_text(f"{before}{begin}{text.strip()}\n{end}{rest.partition(end)[2]}", encoding="utf-8")


def table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of Markdown; numbers with a point are given to three places."""
    lines = [heading, ["---", *["---:"] * (len(heading) - 1)], *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "–" if value is None else str(value)
