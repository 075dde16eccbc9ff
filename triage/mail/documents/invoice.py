"""Electronic invoices (EN 16931) → a short plain text: what they are called, whose they are, what they ask for.

Both syntaxes of the standard: UBL 2.1 (Peppol, XRechnung) and UN/CEFACT CII (XRechnung, Factur-X, ZUGFeRD, its first
version included), as a file of their own or within a PDF. One line a term, under the name by which it is found in a
mail; the lines of the invoice follow. Any other XML is read as it is, each value behind its name. Nothing is checked
against the standard's rules: a customer may send what a program made wrongly.
"""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import islice
from xml.etree.ElementTree import Element

from triage.mail.documents import check_size, xml

_MAX_LINES = 500
_MAX_VALUE = 300
#: document types that are credit notes (UNTDID 1001)
_CREDIT_NOTES = frozenset({"81", "83", "261", "381", "396", "532"})
#: units that go without saying (UN/ECE Recommendation 20): one, piece, each
_PIECES = frozenset({"C62", "H87", "EA", "NAR", "PCE"})

#: the number's own label comes before; where a term has several places, the first that is filled counts
_UBL = {
    "Issue date": ("IssueDate",),
    "Due date": ("DueDate", "PaymentMeans/PaymentDueDate"),
    "Billing period from": ("InvoicePeriod/StartDate",),
    "Billing period to": ("InvoicePeriod/EndDate",),
    "Preceding invoice": ("BillingReference/InvoiceDocumentReference/ID",),
    "Order number": ("OrderReference/ID",),
    "Contract number": ("ContractDocumentReference/ID",),
    "Buyer reference": ("BuyerReference",),
    "Customer number": ("AccountingCustomerParty/Party/PartyIdentification/ID",),
    "Seller": (
        "AccountingSupplierParty/Party/PartyName/Name",
        "AccountingSupplierParty/Party/PartyLegalEntity/RegistrationName",
    ),
    "Buyer": (
        "AccountingCustomerParty/Party/PartyName/Name",
        "AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName",
    ),
    "Note": ("Note",),
    "Payment terms": ("PaymentTerms/Note",),
}
_UBL_SUMS = {
    "Net amount": ("LegalMonetaryTotal/TaxExclusiveAmount",),
    "VAT": ("TaxTotal/TaxAmount",),
    "Total": ("LegalMonetaryTotal/TaxInclusiveAmount",),
    "Already paid": ("LegalMonetaryTotal/PrepaidAmount",),
    "Amount due": ("LegalMonetaryTotal/PayableAmount",),
}
_CII = {
    "Issue date": ("./*/IssueDateTime/DateTimeString",),
    "Due date": (".//SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString",),
    "Billing period from": ("./*/*/BillingSpecifiedPeriod/StartDateTime/DateTimeString",),
    "Billing period to": ("./*/*/BillingSpecifiedPeriod/EndDateTime/DateTimeString",),
    "Preceding invoice": ("./*/*/InvoiceReferencedDocument/IssuerAssignedID",),
    "Order number": (
        "./*/*/BuyerOrderReferencedDocument/IssuerAssignedID",
        "./*/*/BuyerOrderReferencedDocument/ID",
    ),
    "Contract number": ("./*/*/ContractReferencedDocument/IssuerAssignedID", "./*/*/ContractReferencedDocument/ID"),
    "Buyer reference": ("./*/*/BuyerReference",),
    "Customer number": ("./*/*/BuyerTradeParty/ID",),
    "Seller": ("./*/*/SellerTradeParty/Name",),
    "Buyer": ("./*/*/BuyerTradeParty/Name",),
    "Note": ("./*/IncludedNote/Content",),
    "Payment terms": ("./*/*/SpecifiedTradePaymentTerms/Description",),
}
_CII_SUMS = {
    "Net amount": (".//TaxBasisTotalAmount",),
    "VAT": (".//TaxTotalAmount",),
    "Total": (".//GrandTotalAmount",),
    "Already paid": (".//TotalPrepaidAmount",),
    "Amount due": (".//DuePayableAmount",),
}
#: of a line: its number, name, quantity, price, amount
_UBL_LINE: tuple[tuple[str, ...], ...] = (
    ("ID",),
    ("Item/Name",),
    ("InvoicedQuantity", "CreditedQuantity"),
    ("Price/PriceAmount",),
    ("LineExtensionAmount",),
)
_CII_LINE: tuple[tuple[str, ...], ...] = (
    ("AssociatedDocumentLineDocument/LineID",),
    ("SpecifiedTradeProduct/Name",),
    (".//BilledQuantity",),
    (".//NetPriceProductTradePrice/ChargeAmount", ".//GrossPriceProductTradePrice/ChargeAmount"),
    ("./*/*/LineTotalAmount",),
)


def read(content: bytes, _: str | None) -> tuple[str, str]:
    """The terms of an invoice; of other XML each value behind its name."""
    check_size(content)
    root = xml.tree(content)
    return _invoice(root) or xml.lines(root), ""


def standard(content: bytes) -> str:
    """The terms of an invoice by the standard; "" for any other XML. Raises Unreadable."""
    check_size(content)
    return _invoice(xml.tree(content))


def _invoice(root: Element) -> str:
    if root.tag in ("Invoice", "CreditNote") and root.find("LegalMonetaryTotal") is not None:
        number = _value(root, ("ID",))
        kind = _value(root, ("InvoiceTypeCode", "CreditNoteTypeCode")) or ("381" if root.tag == "CreditNote" else "")
        currency = _value(root, ("DocumentCurrencyCode",))
        lines = [*root.findall("InvoiceLine"), *root.findall("CreditNoteLine")]
        terms, sums, line = _UBL, _UBL_SUMS, _UBL_LINE
    elif root.tag in ("CrossIndustryInvoice", "CrossIndustryDocument"):
        number = _value(root, ("ExchangedDocument/ID", "HeaderExchangedDocument/ID"))
        kind = _value(root, ("ExchangedDocument/TypeCode", "HeaderExchangedDocument/TypeCode"))
        currency = _value(root, (".//InvoiceCurrencyCode",))
        lines = root.findall("./*/IncludedSupplyChainTradeLineItem")
        terms, sums, line = _CII, _CII_SUMS, _CII_LINE
    else:
        return ""
    out = {"Credit note number" if kind in _CREDIT_NOTES else "Invoice number": number}
    out |= {label: _day(_value(root, places)) for label, places in terms.items()}
    out |= {label: _sum(root, places, currency) for label, places in sums.items()}
    rows = ["\t".join(_row(each, line, currency)).strip() for each in islice(lines, _MAX_LINES)]
    return "\n".join([*(f"{label}: {value}" for label, value in out.items() if value), *rows])


def _row(line: Element, columns: tuple[tuple[str, ...], ...], currency: str) -> Iterator[str]:
    number, name, quantity, price, amount = columns
    yield _value(line, number)
    yield _value(line, name)
    unit = next((each.get("unitCode", "") for place in quantity for each in line.findall(place)), "")
    yield f"{_plain(_value(line, quantity))} {'' if unit in _PIECES else unit[:8]}".strip()
    yield _sum(line, price, currency)
    yield _sum(line, amount, currency)


def _value(within: Element, places: tuple[str, ...]) -> str:
    """The first filled place, on one line."""
    found = (xml.on_one_line(each.text) for place in places for each in within.findall(place))
    return next(filter(None, found), "")[:_MAX_VALUE]


#: days as CII writes them (UNTDID 2379, format 102), with or without a time behind
_COMPACT_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)(?:\d{4}(?:\d\d)?)?")


def _day(value: str) -> str:
    day = _COMPACT_DAY.fullmatch(value)
    return "-".join(day.groups()) if day and "01" <= day[2] <= "12" and "01" <= day[3] <= "31" else value


def _sum(within: Element, places: tuple[str, ...], currency: str) -> str:
    """An amount with its currency; where it stands in several, the invoice's own."""
    found = [each for place in places for each in within.findall(place) if (each.text or "").strip()]
    own = next((each for each in found if each.get("currencyID", currency) == currency), found[0] if found else None)
    if own is None:
        return ""
    return f"{_decimal(xml.on_one_line(own.text)[:40])} {own.get('currencyID', currency)[:8]}".rstrip()


def _plain(value: str) -> str:
    """A quantity without the zeros behind it."""
    return value.rstrip("0").rstrip(".") if re.fullmatch(r"-?\d+\.\d+", value) else value


def _decimal(value: str) -> str:
    """With cents, and never with three decimals: nobody shall take them for thousands."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or abs(number.adjusted()) > 20:
        return value
    whole, _, cents = f"{number:f}".partition(".")
    cents = cents.rstrip("0").ljust(2, "0")
    return f"{whole}.{cents}{'0' if len(cents) == 3 else ''}"
