"""Word documents (docx, ECMA-376) → paragraphs as lines, cells separated by tabs."""

from triage.mail.documents import xml
from triage.mail.documents.package import Package

#: headers and footers that are read, of each
_MAX_MARGINS = 20


def read(content: bytes, _: str | None) -> tuple[str, str]:
    """The letterhead, the body, the footers."""
    package = Package(content)
    heads = package.numbered(r"word/header(\d+)\.xml")[:_MAX_MARGINS]
    feet = package.numbered(r"word/footer(\d+)\.xml")[:_MAX_MARGINS]
    texts = [
        xml.text(package.read(name), breaks={"p", "br", "cr", "tr"}, tabs={"tab", "tc"}, texts={"t"})
        for name in (*heads, "word/document.xml", *feet)
    ]
    # the first page and the others have headers of their own, often with the same words
    return "".join(f"{text.rstrip(chr(10))}\n" for text in dict.fromkeys(texts) if text.strip()), ""
