"""The admin's conditions: CEL expressions, checked when loaded, bounded in cost, and able to say why they missed.

CEL (Common Expression Language) has no loops and no side effects, and its ``matches`` runs in linear time. What it
does not have is a limit on steps, so length, nesting and list macros are limited here.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import SimpleNamespace

from triage.imports import without

# its command line takes 5 MB and a tenth of a second
with without({"cel.cli": SimpleNamespace()}):
    import cel

#: longest expression, deepest brackets, and most list macros (exists, all, map, filter: each multiplies the work)
MAX_LENGTH = 2000
MAX_DEPTH = 12
MAX_MACROS = 3
#: longest condition that is repeated in a reason
_SHORT = 120
#: texts of a list that are repeated in a reason
_FEW = 2

_STRING = re.compile(r"""[rRbB]{0,2}(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")""")
# texts in square brackets
_TEXTS = re.compile(rf"\[\s*({_STRING.pattern}(?:\s*,\s*{_STRING.pattern})*)\s*,?\s*\]")
# accents on Latin letters, once they stand by themselves
_COMBINING = re.compile(r"[\u0300-\u036f]+")
_MACRO = re.compile(r"\.(?:exists|exists_one|all|map|filter)\s*\(")


class BadExpression(ValueError):
    """An expression that cannot be used."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an expression said of one mail."""

    hit: bool
    #: for a miss the part that was false, for an error what went wrong
    why: str
    #: True when it could not be evaluated
    failed: bool = False


class Facts:
    """The facts of one mail, converted once for all rules, and the functions that rules may call."""

    def __init__(self, facts: Mapping[str, object]) -> None:
        mentions = _Mentions()
        #: words that `mentions` found since it was last cleared
        self.found = mentions.found
        # what it is given must not lead back to it: Python's collector does not see into it, and none would ever go
        self.context = cel.Context(variables=dict(facts), functions={"mentions": mentions, "lower": str.lower})


class _Mentions:
    """The function of that name, over the texts of one mail."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._folded: dict[str, str] = {}

    def __call__(self, text: str, words: str | Sequence[str]) -> bool:
        if text not in self._folded:
            self._folded[text] = fold(text)
        found = mentioned(self._folded[text], (words,) if isinstance(words, str) else tuple(words))
        self.found += [found] if found else []
        return bool(found)


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A checked condition."""

    source: str
    #: the facts that it asks about ("mail.subject"); no others need be converted for it
    names: frozenset[str]
    #: the parts between the outermost ``&&``, each with its program: it holds where they all do
    _parts: tuple[tuple[str, cel.Program], ...] = field(repr=False)

    def ask(self, facts: "Facts") -> Answer:
        """Whether it holds, and the words that were found or the first part that did not."""
        facts.found.clear()
        try:
            missed = next((text for text, part in self._parts if part.execute(facts.context) is not True), None)
        except Exception as error:  # noqa: BLE001  # the module raises whatever its Rust core maps to
            return Answer(hit=False, why=f"could not be evaluated: {_first_line(error)}", failed=True)
        if missed is not None:
            return Answer(hit=False, why=f"not so: {_short(missed)}")
        found = f" (found: {', '.join(dict.fromkeys(facts.found))})" if facts.found else ""
        return Answer(hit=True, why=_short(self.source) + found)


def compile_expression(source: str, sample: Mapping[str, object]) -> Expression:
    """A condition, checked against a sample of the facts that it will be asked about.

    Raises BadExpression for a syntax error, an unknown name or function, a wrong type, a bad regular expression, and
    for what would cost too much.
    """
    source = source.strip()
    _check_cost(source)
    _compiled(source)
    known = set(_names(sample))
    unknown = sorted(name for name in _used(source, sample) if name not in known)
    if unknown:
        raise BadExpression(f"unknown: {', '.join(unknown)}")
    context = Facts(sample).context
    # Every operand on its own: && and || would hide a mistake in the one that is not reached.
    for atom in _atoms(source):
        _dry_run(atom, context)
    if not isinstance(_dry_run(source, context), bool):
        raise BadExpression("must be true or false")
    names = frozenset(_asked(source, sample))
    return Expression(source=source, names=names, _parts=tuple((text, _compiled(text)) for text in _conjuncts(source)))


def mentioned(folded: str, words: tuple[str, ...]) -> str:
    """The first of some words or phrases in a folded text, "" when none; only whole words count."""
    match = _words_pattern(words).search(folded)
    return match[0] if match else ""


@lru_cache(maxsize=256)
def _words_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    folded = [re.escape(fold(word)) for word in words if word.strip()]
    return re.compile(rf"(?<!\w)(?:{'|'.join(folded)})(?!\w)" if folded else r"(?!)")


def fold(text: str) -> str:
    """Without case, accents, curly apostrophes and doubled spaces, so that words are found however they are typed."""
    plain = text.casefold()
    if not plain.isascii():
        plain = _COMBINING.sub("", unicodedata.normalize("NFKD", plain.replace("’", "'")))
    return " ".join(plain.split())


def _short(source: str) -> str:
    words = _TEXTS.sub(_first_texts, " ".join(source.split()))
    return words if len(words) <= _SHORT else words[: _SHORT - 1] + "…"


def _first_texts(found: re.Match[str]) -> str:
    texts = _STRING.findall(found[1])
    return f"[{', '.join(texts[:_FEW])} and {len(texts) - _FEW} more]" if len(texts) > _FEW + 1 else found[0]


def _check_cost(source: str) -> None:
    if not source:
        raise BadExpression("is empty")
    if len(source) > MAX_LENGTH:
        raise BadExpression(f"is longer than {MAX_LENGTH} characters")
    bare = _STRING.sub('""', source)
    depth = deepest = 0
    for character in bare:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise BadExpression(f"has more than {MAX_DEPTH} brackets inside one another")
    if len(_MACRO.findall(bare)) > MAX_MACROS:
        raise BadExpression(f"has more than {MAX_MACROS} of exists, all, map and filter")


def _compiled(source: str) -> cel.Program:
    try:
        return cel.compile(source)
    except Exception as error:
        raise BadExpression(_first_line(error).removeprefix(f"Failed to parse expression '{source}': ")) from error


def _dry_run(source: str, context: cel.Context) -> object:
    try:
        return _compiled(source).execute(context)
    except BadExpression:
        raise
    except Exception as error:
        raise BadExpression(f"{source}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    message = lines[0] if lines else type(error).__name__
    return message if not message.endswith("regex:") else f"{message} {lines[-1].strip()}"


def _names(facts: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    for name, value in facts.items():
        yield prefix + name
        if isinstance(value, Mapping):
            yield from _names(value, f"{prefix}{name}.")


def _used(source: str, sample: Mapping[str, object]) -> Iterator[str]:
    """The names of the vocabulary that an expression uses, fields included; loop variables are CEL's affair."""
    bare = _STRING.sub('""', source)
    for match in re.finditer(r"(?<![\w.])([A-Za-z_]\w*)((?:\s*\.\s*[A-Za-z_]\w*(?!\w*\s*\())*)", bare):
        root, fields = match[1], re.sub(r"\s", "", match[2])
        if isinstance(sample.get(root), Mapping):
            yield root + fields


def _asked(source: str, sample: Mapping[str, object]) -> Iterator[str]:
    """The facts that an expression, or a text in it, names; all fields where none is named."""
    for match in re.finditer(r"(?<!\w)([A-Za-z_]\w*)(?:\s*\.\s*([A-Za-z_]\w*))?", source):
        fields = sample.get(match[1])
        if isinstance(fields, Mapping):
            yield from (f"{match[1]}.{name}" for name in fields if match[2] in (name, None) or match[2] not in fields)
        elif match[1] in sample:
            yield match[1]


def _atoms(source: str) -> Iterator[str]:
    """The operands of all ``&&`` and ``||``, brackets and negations around them taken off."""
    text = _unwrapped(source)
    for operator in ("?", "||", "&&"):
        parts = _split(text, operator)
        if len(parts) > 1:
            if operator == "?":
                break
            for part in parts:
                yield from _atoms(part)
            return
    yield text


def _conjuncts(source: str) -> list[str]:
    """What must all hold: the operands of the outermost ``&&``, where nothing outside of it binds less."""
    loose = any(len(_split(source, operator)) > 1 for operator in ("?", "||"))
    return [source] if loose else _split(source, "&&")


def _unwrapped(text: str) -> str:
    text = text.strip()
    while True:
        inner = text[1:].lstrip() if text.startswith("!") else text
        if not (inner.startswith("(") and _closes(inner) == len(inner) - 1):
            return text
        text = inner[1:-1].strip()


def _closes(text: str) -> int:
    """Where the bracket that `text` begins with is closed, -1 when it is not."""
    depth = 0
    for position, character in _code(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0:
            return position
    return -1


def _split(source: str, operator: str) -> list[str]:
    """The operands between operators that stand outside all brackets and strings."""
    parts, begin, depth = [], 0, 0
    for position, character in _code(source):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and position >= begin and source.startswith(operator, position):
            parts.append(source[begin:position].strip())
            begin = position + len(operator)
    return [*parts, source[begin:].strip()]


def _code(source: str) -> Iterator[tuple[int, str]]:
    """Each character outside string literals, with its position."""
    strings = iter([match.span() for match in _STRING.finditer(source)])
    begin, end = next(strings, (len(source), len(source)))
    for position, character in enumerate(source):
        if position >= end:
            begin, end = next(strings, (len(source), len(source)))
        if position < begin:
            yield position, character
