"""XML as documents carry it, by expat; entities and DTDs are refused, so nothing expands and nothing is fetched."""

import re
from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from triage.mail.documents import MAX_TEXT, Unreadable

#: elements of one file, and how many lie in each other
_MAX_ELEMENTS = 1_000_000
_MAX_DEPTH = 200
#: the same for a file that is held as a tree
_MAX_NODES = 200_000


class Enough(Exception):
    """Raised by a handler that wants no more: what it has is all that will be read."""


def parse(
    data: bytes, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None], words: Callable[[str], None]
) -> None:
    """Feed local names to the handlers until one raises Enough. Raises Unreadable for damage, a DTD and a bomb."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 20  # a handler that adds up the pieces of one value gets few of them
    elements = depth = 0

    def refuse(*_: object) -> None:
        raise Unreadable("not read: it declares entities")

    def opened(name: str, attributes: dict[str, str]) -> None:
        nonlocal elements, depth
        elements += 1
        depth += 1
        if elements > _MAX_ELEMENTS or depth > _MAX_DEPTH:
            raise Unreadable("not read: it has more elements than an honest document would")
        start(name.rpartition(":")[2], attributes)

    def closed(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(name.rpartition(":")[2])

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.CharacterDataHandler = words
    try:
        parser.Parse(data, True)
    except Enough:
        return
    except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two: an encoding that nobody knows
        raise Unreadable("not read: it is damaged") from error


def text(data: bytes, *, breaks: set[str], tabs: set[str], texts: set[str]) -> str:
    """The words in some elements; others end a line or a cell."""
    out: list[str] = []
    inside = length = 0

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal inside
        inside += name in texts

    def end(name: str) -> None:
        nonlocal inside
        inside -= name in texts
        if name in breaks:
            out.append("\n")
        elif name in tabs:
            # The paragraph that fills a cell has ended its line already.
            if out and out[-1] == "\n":
                out.pop()
            out.append("\t")

    def words(value: str) -> None:
        nonlocal length
        if inside:
            out.append(value)
            length += len(value)
            if length > MAX_TEXT:
                raise Enough

    parse(data, start, end, words)
    return "".join(out)


def tree(data: bytes) -> Element:
    """The whole file with local names, for those that need to look about in it. Raises Unreadable."""
    builder = TreeBuilder()
    nodes = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal nodes
        nodes += 1
        if nodes > _MAX_NODES:
            raise Unreadable("not read: it has more elements than an honest document would")
        builder.start(name, attributes)

    def end(name: str) -> None:
        builder.end(name)

    parse(data, start, end, builder.data)
    return builder.close()


#: longer values without a space are signatures, certificates and files
_MAX_WORD = 80
#: where one word of a name ends: "TotalAmount", "nNF"
_NEXT_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_.-]+")


def lines(root: Element) -> str:
    """Each value of a tree on a line, behind the name of its element or attribute."""
    out: list[str] = []
    length = 0
    for name, value in _values(root):
        words = on_one_line(value)
        if words and max(map(len, words.split(" "))) <= _MAX_WORD:
            out.append(f"{_NEXT_WORD.sub(' ', name[:_MAX_WORD])}: {words}")
            length += len(out[-1])
        if length > MAX_TEXT:
            break
    return "\n".join(out)


def _values(root: Element) -> Iterator[tuple[str, str]]:
    for element in root.iter():
        for name, value in element.attrib.items():
            if not name.startswith(("xmlns", "xsi:")):
                yield name.rpartition(":")[2], value
        yield str(element.tag), element.text or ""


def on_one_line(value: str | None) -> str:
    """A value without the line breaks and indents of the file."""
    return " ".join((value or "").split())
