"""Labelled mails out of files: what `triage model evaluate` and `learn` read.

Two kinds: JSON lines as `triage explain --jsonl` reads them, with a label; a folder of .eml files with `labels.csv`.
Each mail goes through the same reading as one from a mailbox, so that what is judged is what the daemon would judge.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from triage.errors import OperatorError, TriageError
from triage.mail.message import Message, message_from_text, parse
from triage.understanding.classify import Words
from triage.understanding.evaluate import DISPUTE, Labelled
from triage.understanding.findings import LANGUAGES, REASONS, Language
from triage.understanding.heads import NONE
from triage.understanding.language import language_of
from triage.understanding.understand import words_of

#: the file beside the mails of a folder; columns `file`, `label`, and if wanted `also`, `language`
LABELS = "labels.csv"

#: one labelled mail as written, and where it stands
_Row = tuple[str, Mapping[str, Any]]
#: goes through rows, and may tell somebody how far it is
Watch = Callable[[Sequence[_Row]], Iterable[_Row]]


def read_labelled(path: Path, *, watch: Watch = iter) -> list[Labelled]:
    """The labelled mails of a JSON lines file or of a folder; raises OperatorError that names every bad line."""
    rows, problems = _rows_of_folder(path) if path.is_dir() else _rows_of_file(path)
    mails = []
    for where, row in watch(rows):
        try:
            mails.append(_labelled(row, path if path.is_dir() else path.parent))
        except KeyError as error:
            problems.append(f"{where}: lacks {error}")
        except (ValueError, TypeError, TriageError) as error:
            problems.append(f"{where}: {error}")
    if problems:
        raise OperatorError(f"{path} has {len(problems)} bad lines", sorted(problems, key=_in_order))
    if not mails:
        raise OperatorError(f"{path} has no labelled mails")
    return mails


def words_of_mail(message: Message, *, language: str | None = None) -> Words:
    """What a classifier reads of a mail; the language is found out where none is given."""
    if language:
        known = cast(Language, language if language in LANGUAGES else "other")
    else:
        known = language_of(f"{message.subject}\n{message.reply}")
    return words_of(message, known)


def _in_order(problem: str) -> tuple[int, str]:
    number = problem.split(":")[1]
    return (int(number) if number.isdecimal() else 0, problem)


def _rows_of_file(path: Path) -> tuple[list[_Row], list[str]]:
    rows: list[_Row] = []
    problems = []
    for number, line in enumerate(_text(path).splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise ValueError("not a JSON object")
                rows.append((f"{path}:{number}", {"id": f"line {number}"} | row))
            except ValueError as error:
                problems.append(f"{path}:{number}: {error}")
    return rows, problems


def _rows_of_folder(folder: Path) -> tuple[list[_Row], list[str]]:
    path = folder / LABELS
    text = _text(path)
    heading = text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.DictReader(text.splitlines(), delimiter=delimiter)
    if not {"file", "label"} <= set(reader.fieldnames or ()):
        raise OperatorError(f"{path}:1: the first line must name the columns file and label")
    return list(_csv_rows(reader, path)), []


def _csv_rows(reader: "csv.DictReader[str]", path: Path) -> Iterator[_Row]:
    for row in reader:
        told = {"id": row["file"], "path": row["file"], "label": (row["label"] or "").strip()}
        also = (row.get("also") or "").split()
        yield f"{path}:{reader.line_num}", told | {"also": also, "language": row.get("language")}


def _labelled(row: Mapping[str, Any], folder: Path) -> Labelled:
    label, also = str(row["label"]), row.get("also") or []
    if label not in (NONE, DISPUTE, *REASONS):
        raise ValueError(f"the label {label!r} is none of {', '.join((*REASONS, DISPUTE, NONE))}")
    if not isinstance(also, list) or not set(also) <= set(REASONS):
        raise ValueError(f"also is no list of reasons: {also!r}")
    words = words_of_mail(_message(row, folder), language=row.get("language"))
    return Labelled(words=words, label=label, also=tuple(also), id=str(row["id"]))


def _message(row: Mapping[str, Any], folder: Path) -> Message:
    if "path" in row:
        place = Path(str(row["path"]))
        beside = folder / place
        try:
            return parse((beside if beside.exists() else place).read_bytes())
        except OSError as error:
            raise ValueError(f"{place}: {error.strerror}") from error
    if "text" not in row:
        raise ValueError('has neither "path" nor "text"')
    if not isinstance(row["text"], str):
        raise TypeError('"text" is no string')
    content_type = str(row.get("content_type") or "text/plain")
    return message_from_text(row["text"], subject=str(row.get("subject") or ""), content_type=content_type)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise OperatorError(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from error
