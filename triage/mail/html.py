"""An HTML body → plain text, with the places that the markup says are quoted, forwarded or a signature.

Mail programs mark what they quote with elements, not with ``>``: a `Mark` keeps that knowledge beside the text, for
`body` to use. Scripts, styles and hidden elements are no words of the writer and are left out.
"""

import re
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from resiliparse.parse.html import ElementNode, HTMLTree, Node, TextNode

#: characters of HTML that are read, and elements visited; mail beyond this is no letter
MAX_HTML = 4_000_000
_MAX_NODES = 400_000
#: formatting elements that are read: parsers take quadratic time to repair them where they are not closed in order
_MAX_FORMATTING = 20_000
_FORMATTING = re.compile(r"<(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s>/]", re.I)

#: "indented": a blockquote that nothing else calls a quote
MarkKind = Literal["quoted", "forwarded", "signature", "indented"]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A stretch of the text that the markup itself calls quoted or a signature."""

    kind: MarkKind
    start: int
    end: int


_SKIPPED = frozenset((
    "script", "style", "head", "title", "template", "noscript", "iframe", "object", "embed", "svg", "math",
    "select", "textarea",
))  # fmt: skip
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dir", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
    "li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr",
    "ul",
))  # fmt: skip
#: blocks with an empty line around them
_PARAGRAPHS = frozenset((
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "table", "pre", "dl",
))  # fmt: skip

_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden", re.I)
#: Gmail's indent button makes a blockquote that quotes nobody
_INDENT = re.compile(r"margin:\s*0(?:px)?\s+0(?:px)?\s+0(?:px)?\s+40px;\s*border:\s*none", re.I)

#: class and id of the element around quoted text, the mail program beside it; x_ is Outlook's prefix for foreign ones
_QUOTED = re.compile(
    r"(?:^|\s)(?:x_)*(?:"
    r"gmail_quote(?:_container)?|gmail_extra"  # Gmail
    r"|yahoo_quoted|yahoo-quoted-begin"  # Yahoo
    r"|protonmail_quote|tutanota_quote|zmail_extra|zmail_extra_hr"  # Proton, Tuta, Zoho
    r"|moz-email-headers-table|moz-cite-prefix|moz-forward-container"  # Thunderbird
    r"|mail-editor-reference-message-container|ms-outlook-mobile-reference-message"  # Outlook for Mac, mobile
    r"|olk_src_body_section|isforwardcontent|replymessage|freshdesk_quote|gorgias_quote|front-blockquote|hubspot_quote"
    r"|zd-quoted|wiseStamp_quote|mailbird_quote|airmail_quote|hey_quote|quoted-text|reply-quote|quote"
    r")(?=\s|$)",
    re.I,
)
_GMAIL = re.compile(r"(?:^|\s)(?:x_)*gmail_quote(?:_container)?(?=\s|$)", re.I)
_SIGNATURE = re.compile(
    r"(?:^|\s)(?:x_)*(?:gmail_signature|moz-signature|signature|applemailsignature"
    r"|protonmail_signature_block(?:-user|-proton)?"
    r"|ms-outlook-mobile-signature|ms-outlook-ios-signature|yahoo-signature|ydp\w*signature|mobilesignature"
    r"|bloop_sign|airmail_signature)(?=\s|$)",
    re.I,
)
#: from this element to the end of the mail everything is quoted: Outlook on the web
_REST = re.compile(r"(?:^|\s)(?:x_)*(?:divrplyfwdmsg|reply-intro)(?=\s|$)", re.I)
_FORWARD = re.compile(r"(?:^|\s)(?:x_)*(?:moz-forward-container|isforwardcontent)(?=\s|$)", re.I)
_WHITE = re.compile(r"[ \t\r\n\f\v]+")


class _Writer:
    """Collects text with collapsed white space, and remembers where marked elements began."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.length = 0
        self.breaks = 2
        self.space = False
        self.marks: list[Mark] = []
        #: marked elements around the place of writing; only the outermost leaves a mark
        self.marked = 0
        #: where everything that follows becomes quoted; None while nothing says so
        self.rest: int | None = None
        #: where the attribution of Gmail's quotes began that were answered one by one; the first of them has it
        self.announced: int | None = None

    def text(self, value: str, *, pre: bool) -> None:
        if pre:
            self._write(value.replace("\r\n", "\n").replace("\r", "\n"))
            return
        words = _WHITE.sub(" ", value)
        if words == " ":
            self.space = self.space or not self.breaks
            return
        if words.startswith(" "):
            self.space = self.space or not self.breaks
            words = words[1:]
        if self.space and not self.breaks:
            words = " " + words
        self.space = words.endswith(" ")
        self._write(words.rstrip(" ") if self.space else words)

    def newline(self, count: int = 1) -> None:
        """End the line, and leave `count` - 1 lines empty."""
        self.space = False
        if self.breaks < count:
            self._append("\n" * (count - self.breaks))
            self.breaks = count

    def line_break(self) -> None:
        self.space = False
        self._append("\n")
        self.breaks = min(self.breaks + 1, 2)

    def tab(self) -> None:
        self.space = False
        if not self.breaks:
            self._append("\t")

    def _write(self, value: str) -> None:
        if value:
            self._append(value)
            self.breaks = 1 if value.endswith("\n") else 0

    def _append(self, value: str) -> None:
        self.out.append(value)
        self.length += len(value)


def to_text(html: str) -> tuple[str, tuple[Mark, ...]]:
    """The words of an HTML body, lines as a reader sees them, and what its markup says about them."""
    html = html[:MAX_HTML]
    beyond = next(islice(_FORMATTING.finditer(html), _MAX_FORMATTING, None), None)
    tree = HTMLTree.parse(html[: beyond.start()] if beyond else html)
    root = tree.body or tree.document
    writer = _Writer()
    if root is not None:
        _walk(root, writer)
    if writer.rest is not None:
        writer.marks.append(Mark(kind="quoted", start=writer.rest, end=writer.length))
    return "".join(writer.out), tuple(writer.marks)


def _walk(root: Node, writer: _Writer) -> None:
    """Depth first without recursion: hostile HTML nests deeper than Python's stack."""
    leaving: list[tuple[Node, str, MarkKind | None, int]] = []
    pre = 0
    node: Node | None = root
    for _ in range(_MAX_NODES):
        if node is None:
            break
        child: Node | None = None
        if isinstance(node, TextNode):
            writer.text(node.node_value or "", pre=pre > 0)
        elif isinstance(node, ElementNode):
            tag = (node.tag or "").lower()
            if tag not in _SKIPPED and not _is_hidden(node):
                kind = _enter(node, tag, writer)
                child = node.first_child
                pre += tag == "pre"
                start = writer.length
                if kind is not None and writer.announced is not None:
                    start, writer.announced = writer.announced, None
                leaving.append((node, tag, kind, start))
                if child is None:
                    pre -= _leave(leaving.pop(), writer)
        else:
            child = node.first_child
            if child is not None:
                leaving.append((node, "", None, writer.length))
        if child is not None:
            node = child
            continue
        while node is not None and node.next_sibling is None:
            if not leaving or node == root:
                node = None
                break
            closed = leaving.pop()
            pre -= _leave(closed, writer)
            node = closed[0]
        node = None if node is None or node == root else node.next_sibling
    while leaving:
        _leave(leaving.pop(), writer)


def _is_hidden(node: ElementNode) -> bool:
    style = node.getattr("style")
    return bool(style and _HIDDEN.search(style)) or node.getattr("hidden") is not None


def _enter(node: ElementNode, tag: str, writer: _Writer) -> MarkKind | None:
    if tag == "br":
        writer.line_break()
    elif tag in ("td", "th"):
        writer.tab()
    elif tag in _BLOCKS:
        writer.newline(2 if tag in _PARAGRAPHS else 1)
    if tag == "hr":
        writer.text("_" * 20, pre=False)
        writer.newline()
    elif tag == "li":
        writer.text("- ", pre=True)
    names = _names(node, tag)
    if names and writer.rest is None and _REST.search(names):
        writer.rest = writer.length
    kind = None if writer.marked else _kind(node, tag, names)
    if kind == "quoted" and tag == "div" and _GMAIL.search(names) and _is_answered(node):
        writer.announced = writer.length
        return None
    writer.marked += kind is not None
    return kind


def _is_answered(node: ElementNode) -> bool:
    """Gmail keeps answers between quotes in the element of the quotes: something stands below one of them."""
    quoted = False
    child = node.first_child
    while child is not None:
        if isinstance(child, ElementNode):
            tag = (child.tag or "").lower()
            if quoted and tag not in ("blockquote", "br"):
                return True
            quoted = quoted or tag == "blockquote"
        elif quoted and isinstance(child, TextNode) and (child.node_value or "").strip():
            return True
        child = child.next_sibling
    return False


def _leave(closed: tuple[Node, str, MarkKind | None, int], writer: _Writer) -> int:
    _, tag, kind, start = closed
    if tag in _BLOCKS and tag != "hr":
        writer.newline(2 if tag in _PARAGRAPHS else 1)
    if kind is not None:
        writer.marked -= 1
        if writer.length > start:
            writer.marks.append(Mark(kind=kind, start=start, end=writer.length))
    return tag == "pre"


_NAMED = frozenset(("div", "span", "section", "table", "p", "td", "footer", "pre", "blockquote"))


def _names(node: ElementNode, tag: str) -> str:
    """Class, id and name of an element that may mark something."""
    if tag not in _NAMED:
        return ""
    return f"{node.getattr('class') or ''} {node.getattr('id') or ''} {node.getattr('name') or ''}".strip()


def _kind(node: ElementNode, tag: str, names: str) -> MarkKind | None:
    if tag == "blockquote":
        if _INDENT.search(node.getattr("style") or ""):
            return None
        cited = (node.getattr("type") or "").lower() == "cite" or node.getattr("cite") is not None
        return "quoted" if cited or _QUOTED.search(names) else "indented"
    if not names:
        return None
    if _FORWARD.search(names):
        return "forwarded"
    if _QUOTED.search(names):
        return "quoted"
    return "signature" if _SIGNATURE.search(names) else None
