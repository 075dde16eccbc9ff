"""The tree of MIME parts → what a reader sees: the text, the HTML, the attachments, the reports.

Here it is settled which parts are the letter and which are attached to it. `Content` collects them over the whole
tree, enclosed mails, winmail.dat and signed envelopes included.
"""

import itertools
import mimetypes
import re
from dataclasses import dataclass, field
from functools import partial

from triage.mail import attachments, documents, encoded, headers, html, mime, smime, tnef
from triage.mail.accents import restore
from triage.mail.attachments import Attachment
from triage.mail.charset import decode, repair
from triage.mail.html import Mark

#: characters of text that are read of one mail; more is no letter
MAX_TEXT = 1_500_000
#: attached files that are opened for their text, and their bytes together
_MAX_OPENED = 40
_MAX_OPENED_BYTES = 64 * 1024 * 1024
#: files that are taken out of the text of one part
_MAX_ENCODED = 200
#: a picture that the letter shows in itself is a logo or a tracking pixel below so many bytes
_MAX_LOGO = 32 * 1024
#: types by file names, without the tables of the machine
_TYPES = mimetypes.MimeTypes()
_TEXT_AS_ATTACHMENT = frozenset(
    {"text/calendar", "text/csv", "text/vcard", "text/x-vcard", "text/directory", "text/css", "text/xml", "text/rtf"}
)
_CARRIED_ALONG = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)

_PKCS7 = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
#: a file that was signed for itself, as Italian invoices are: "IT01.xml.p7m"
_SIGNED_FILE = re.compile(r"(.+\.\w{2,5})\.p7m\Z", re.I | re.S)

#: header name in lower case → every value in order
Headers = dict[str, tuple[str, ...]]


@dataclass(kw_only=True)
class Section:
    """One stretch of the letter: the same words as plain text, as HTML, or as both."""

    plain: str = ""
    html: str = ""


@dataclass(kw_only=True)
class Content:
    """What was found in one mail."""

    sections: list[Section] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    report: list[dict[str, str]] = field(default_factory=list)
    returned: Headers = field(default_factory=dict)
    #: enclosed mails that are no part of a report: header lines and text of each
    enclosed: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    encrypted: bool = False
    #: text parts with a file name, used as the letter when there is no other
    spare: list[Section] = field(default_factory=list)
    opened: int = 0
    opened_bytes: int = 0


def collect(root: mime.Entity, reader: mime.Reader) -> Content:
    """Walk the parts of a mail."""
    content = Content()
    _Collector(content, reader).part(root, root_level=True)
    if not any(section.plain.strip() or section.html.strip() for section in content.sections):
        content.sections = content.spare or content.sections
    return content


def fields_text(fields: headers.Fields, charset: str | None = None) -> Headers:
    """Header fields decoded for reading."""
    return {name: tuple(headers.text_of(raw, charset=charset) for raw in values) for name, values in fields.items()}


def join(sections: list[Section]) -> tuple[str, tuple[Mark, ...], str]:
    """The text of all sections, what markup says of places in it, and the HTML."""
    texts: list[str] = []
    marks: list[Mark] = []
    length = 0
    for section in sections:
        found: tuple[Mark, ...] = ()
        text = section.plain
        if section.html and not _says_something(text):
            text, found = html.to_text(section.html)
            text = restore(repair(text))
        if not text.strip():
            continue
        if texts:
            texts.append("\n\n")
            length += 2
        marks += [Mark(kind=mark.kind, start=mark.start + length, end=mark.end + length) for mark in found]
        texts.append(text)
        length += len(text)
    return "".join(texts), tuple(marks), "\n".join(section.html for section in sections if section.html)


#: what programs put into the plain part when they have only made HTML
_PLACEHOLDER = re.compile(
    r"^.{0,40}(?:(?:your|this) (?:e-?mail|mail|message).{0,60}(?:html|plain text)|view (?:this|it) in (?:html"
    r"|a browser)|html (?:version|e-?mail|message)"
    r"|(?:su|este) (?:correo|mensaje|cliente).{0,40}html|(?:ihr|diese).{0,60}html|(?:ce|votre).{0,60}html"
    r"|(?:seu|esta).{0,60}html).{0,120}$",
    re.I | re.S,
)


def _says_something(plain: str) -> bool:
    text = plain.strip()
    return bool(text) and not (len(text) < 200 and _PLACEHOLDER.match(text))


class _Collector:
    """Walks the tree; `content` receives what it finds."""

    def __init__(self, content: Content, reader: mime.Reader) -> None:
        self.content = content
        self.reader = reader
        #: how many multipart/related the part in hand lies in
        self.related = 0

    def part(self, entity: mime.Entity, *, root_level: bool = False) -> None:
        kind = entity.content_type
        if entity.children and entity.maintype == "multipart":
            self._multipart(entity)
        elif entity.children:
            self._enclosed(entity)
        elif kind.startswith("message/") and entity.is_huge:
            self._attach(entity, note="not read: too large")
        elif kind in (
            "message/delivery-status",
            "message/global-delivery-status",
            "message/disposition-notification",
            "message/feedback-report",
        ):
            self.content.report += _status_fields(entity)
            words = decode(entity.content(documents.MAX_TEXT), entity.charset).strip()
            self.content.spare.append(Section(plain=words))
            self._attach(entity, text=words)
        elif kind in ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"):
            self._returned(headers.read_fields(entity.content(), 0, len(entity.content()))[0])
            self._attach(entity)
        elif kind in _PKCS7 or (kind == "application/octet-stream" and (entity.filename or "").lower() == "smime.p7m"):
            self._pkcs7(entity)
        elif kind == "application/pgp-encrypted":
            # Exchange makes multipart/mixed of multipart/encrypted (RFC 3156 section 4): this part tells it still.
            self.content.encrypted = True
            self._attach(entity)
        elif kind == "application/ms-tnef" or (entity.filename or "").lower() == "winmail.dat":
            self._tnef(entity)
        elif entity.maintype == "text" and self._is_letter(entity, root_level=root_level):
            self._letter(entity)
        else:
            self._attach(entity)

    # ------------------------------------------------------------------------------------------- multiparts

    def _multipart(self, entity: mime.Entity) -> None:
        kind = entity.content_type
        if kind == "multipart/encrypted":
            self.content.encrypted = True
        if kind == "multipart/alternative":
            self._alternative(entity)
            return
        self.related += kind == "multipart/related"
        for child in entity.children:
            self.part(child)
        self.related -= kind == "multipart/related"

    def _alternative(self, entity: mime.Entity) -> None:
        """The same words several times: kept as one section with its plain and its HTML form."""
        before = self.content.sections
        plain: list[str] = []
        rich: list[str] = []
        for child in entity.children:
            self.content.sections = []
            self.part(child)
            plain += [section.plain for section in self.content.sections if section.plain.strip()]
            rich += [section.html for section in self.content.sections if section.html]
        self.content.sections = before
        if plain or rich:
            before.append(Section(plain="\n\n".join(plain), html="\n".join(rich)))

    def _enclosed(self, entity: mime.Entity) -> None:
        """A mail within the mail: returned to us in a report, or forwarded as an attachment."""
        inner = entity.children[0]
        values = fields_text(inner.fields, inner.charset)
        own = Content(opened=self.content.opened, opened_bytes=self.content.opened_bytes)
        _Collector(own, self.reader).part(inner, root_level=True)
        text, _, _ = join(own.sections or own.spare)
        lines = [f"{name.title()}: {values[name][0]}" for name in ("from", "to", "date", "subject") if values.get(name)]
        whole = "\n".join(lines) + "\n\n" + text.strip()
        name = entity.filename or (f"{values['subject'][0][:120]}.eml" if values.get("subject", ("",))[0] else None)
        self.content.attachments.append(
            Attachment(
                filename=name,
                content_type=entity.content_type,
                size=entity.end - entity.start,
                text=whole[: documents.MAX_TEXT].strip(),
            )
        )
        self.content.attachments += own.attachments
        self.content.opened, self.content.opened_bytes = own.opened, own.opened_bytes
        self.content.encrypted = self.content.encrypted or (own.encrypted and not self.content.sections)
        self.content.enclosed.append(whole)
        self._returned(inner.fields)

    def _returned(self, fields: headers.Fields) -> None:
        if not self.content.returned:
            self.content.returned = fields_text(fields)

    # ------------------------------------------------------------------------------------------- envelopes

    def _pkcs7(self, entity: mime.Entity) -> None:
        if entity.is_huge:
            # Whatever it is, nobody here can read its words.
            self.content.encrypted = True
            self._attach(entity, note="not read: too large")
            return
        inner = smime.signed_content(entity.content())
        file = _SIGNED_FILE.match(entity.filename or "")
        if inner is not None and file:
            text, note = self._open(inner, file[1], "application/octet-stream", None)
            self._attach(entity, text=text, note=note)
            return
        if inner is not None:
            self.part(self.reader.read(inner, depth=1))
        elif entity.parameters.get("smime-type", "enveloped-data").lower() not in (
            "certs-only",
            "signed-data",
            "signed-receipt",
        ):
            self.content.encrypted = True
        self._attach(entity)

    def _tnef(self, entity: mime.Entity) -> None:
        if entity.is_huge:
            self._attach(entity, note="not read: too large")
            return
        unwrapped = tnef.unwrap(entity.content())
        if unwrapped is None:
            self._attach(entity, note="not read: it is damaged")
            return
        if unwrapped.text.strip() or unwrapped.html.strip():
            self.content.spare.append(Section(plain=unwrapped.text, html=unwrapped.html))
        self._attach(entity, note=f"an Outlook envelope with {len(unwrapped.files)} files")
        for file in unwrapped.files:
            text, note = self._open(file.content, file.filename, file.content_type, None)
            picture = attachments.is_picture(file.filename, file.content_type, note)
            self.content.attachments.append(
                Attachment(
                    filename=mime.plain_name(file.filename or "") or None,
                    content_type=file.content_type,
                    size=len(file.content),
                    text=text,
                    note=note,
                    picture=partial(bytes, file.content) if picture else None,
                )
            )

    # ------------------------------------------------------------------------------- letter and attachments

    def _is_letter(self, entity: mime.Entity, *, root_level: bool) -> bool:
        if entity.content_type in _TEXT_AS_ATTACHMENT:
            return False
        if root_level:
            return True
        return (
            entity.disposition != "attachment"
            and not (entity.filename and entity.disposition != "inline")
            and not (entity.filename and bool(self.content.sections))
        )

    def _letter(self, entity: mime.Entity) -> None:
        raw = entity.content(4 * MAX_TEXT)
        if entity.content_type != "text/html":
            raw = self._lift_out(entity, raw)
        text = decode(raw, entity.charset)
        if len(text) > MAX_TEXT:
            text = text[:MAX_TEXT]
            self.content.problems.append(f"only the first {MAX_TEXT} characters of the text were read")
        if entity.content_type == "text/html":
            self.content.sections.append(Section(html=text))
            return
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if entity.content_type in ("text/enriched", "text/richtext"):
            text = _from_enriched(text)
        elif entity.parameters.get("format", "").lower() == "flowed":
            text = unflow(text, delete_space=entity.parameters.get("delsp", "").lower() == "yes")
        mended = restore(repair(text))
        if mended != text:
            self.content.problems.append("garbled accents were repaired")
        text = mended
        if "-----BEGIN PGP " in text:
            text = self._pgp(text)
        self.content.sections.append(Section(plain=text))
        if entity.filename:
            self._attach(entity)

    def _lift_out(self, entity: mime.Entity, raw: bytes) -> bytes:
        """The letter without the files that are written into it, which become attachments."""
        if len(raw) == 4 * MAX_TEXT and encoded.BEGIN.search(raw):
            raw = entity.content(mime.MAX_OPENED)
        kept: list[bytes] = []
        position = 0
        for file in itertools.islice(encoded.find(raw), _MAX_ENCODED):
            kept.append(raw[position : file.start])
            position = file.end
            name = mime.plain_name(decode(file.name, entity.charset))
            kind = _TYPES.guess_type(name or "")[0] or "application/octet-stream"
            text, note, picture = "", "not read: it is damaged, or a part of a larger file", None
            if file.content is not None:
                readable = attachments.is_readable(name, kind)
                text, note = self._open(file.content, name, kind, None) if readable else ("", "")
                picture = partial(bytes, file.content) if attachments.is_picture(name, kind, note) else None
            self.content.attachments.append(
                Attachment(filename=name, content_type=kind, size=file.size, text=text, note=note, picture=picture)
            )
        return b"".join([*kept, raw[position:]])[: 4 * MAX_TEXT] if kept else raw

    def _pgp(self, text: str) -> str:
        if _PGP_MESSAGE.search(text):
            self.content.encrypted = True
        return _without_armour(text)

    def _attach(self, entity: mime.Entity, *, text: str = "", note: str = "") -> None:
        name, kind = entity.filename, entity.content_type
        if not text and not note and kind not in _CARRIED_ALONG and attachments.is_readable(name, kind):
            if entity.is_huge:
                note = "not read: too large"
            else:
                data = entity.content()
                text, note = self._open(data, name, kind, entity.charset)
        elif not text and not note and kind not in _CARRIED_ALONG:
            note = attachments.unopened(name)
        if (
            entity.maintype == "text"
            and text
            and kind not in _TEXT_AS_ATTACHMENT
            and entity.disposition != "attachment"
        ):
            self.content.spare.append(
                Section(html=decode(entity.content(), entity.charset)) if kind == "text/html" else Section(plain=text)
            )
        size = entity.size()
        # what the letter shows in itself is named by the HTML; a photo put into it is larger than a logo
        logo = self.related and "content-id" in entity.fields and size < _MAX_LOGO
        picture = entity.content if not logo and attachments.is_picture(name, kind, note) else None
        self.content.attachments.append(
            Attachment(filename=name, content_type=kind, size=size, text=text, note=note, picture=picture)
        )

    def _open(self, data: bytes, name: str | None, kind: str, charset: str | None) -> tuple[str, str]:
        self.content.opened += 1
        self.content.opened_bytes += len(data)
        if self.content.opened > _MAX_OPENED or self.content.opened_bytes > _MAX_OPENED_BYTES:
            return "", "not read: the mail has too many attachments"
        return attachments.read_text(data, filename=name, content_type=kind, charset=charset)


_SIGNED, _SIGNATURE, _END = (
    "-----BEGIN PGP SIGNED MESSAGE-----",
    "-----BEGIN PGP SIGNATURE-----",
    "-----END PGP SIGNATURE-----",
)


#: in a letter of one's own; behind > it is what the sender could not read either
_PGP_MESSAGE = re.compile(r"^-----BEGIN PGP MESSAGE-----", re.M)


def _without_armour(text: str) -> str:
    """The words of a clear-signed text (RFC 9580 section 7) without the armour around them."""
    before, found, rest = text.partition(_SIGNED)
    if not found:
        return text
    _, _, rest = rest.partition("\n\n")  # the Hash header
    words, _, signature = rest.partition(_SIGNATURE)
    after = signature.partition(_END)[2]
    return before + re.sub(r"(?m)^- ", "", words) + after


def _status_fields(entity: mime.Entity) -> list[dict[str, str]]:
    """The blocks of a report: one for the message, one a recipient (RFC 3464 section 2.1, RFC 8098, RFC 5965)."""
    data = entity.content()
    blocks: list[dict[str, str]] = []
    for block in re.split(rb"\r?\n(?:[ \t]*\r?\n)+", data.strip())[:200]:
        fields = fields_text(headers.read_fields(block + b"\n\n", 0, len(block) + 2)[0])
        if fields:
            blocks.append({name: values[0] for name, values in fields.items()})
    return blocks


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Paragraphs put together again (RFC 3676): a line that ends with a space goes on in the next of its depth."""
    out: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:].removeprefix(" ")
        flows = words.endswith(" ") and words != "-- "
        if open_depth != depth or words == "-- ":
            out.append("\n")
            if depth:
                out.append(f"{'>' * depth} ")
        out.append(words[:-1] if flows and delete_space else words)
        open_depth = depth if flows else -1
    return "".join(out)[1:]


_ENRICHED_TAG = re.compile(r"<(/?)([A-Za-z-]{1,60})>")


def _from_enriched(text: str) -> str:
    """RFC 1896: tags dropped, single line breaks are spaces, << is a <."""
    text = re.sub(r"<param>[^<]*</param>", "", text, flags=re.I).replace("<<", "\0")
    text = _ENRICHED_TAG.sub("", re.sub(r"(?<!\n)\n(?!\n)", " ", text))
    return re.sub(r"\n(\n+)", r"\1", text).replace("\0", "<")
