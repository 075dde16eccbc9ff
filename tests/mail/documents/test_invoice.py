"""Electronic invoices say the same in both syntaxes of EN 16931, alone and within a PDF."""

import pytest
from files import pdf_with

from triage.mail.attachments import read_text

UBL = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
 <cbc:ID>F-2031</cbc:ID><cbc:IssueDate>2026-03-01</cbc:IssueDate><cbc:DueDate>2026-03-15</cbc:DueDate>
 <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
 <cbc:BuyerReference>04011000-12345-03</cbc:BuyerReference>
 <cac:OrderReference><cbc:ID>PO-778</cbc:ID></cac:OrderReference>
 <cac:AccountingSupplierParty><cac:Party><cac:PartyLegalEntity>
  <cbc:RegistrationName>Fibre Ltd</cbc:RegistrationName>
  </cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>
 <cac:AccountingCustomerParty><cac:Party><cac:PartyIdentification><cbc:ID>K-4711</cbc:ID></cac:PartyIdentification>
  <cac:PartyName><cbc:Name>Ann
   Reed</cbc:Name></cac:PartyName></cac:Party></cac:AccountingCustomerParty>
 <cac:TaxTotal><cbc:TaxAmount currencyID="SEK">430.00</cbc:TaxAmount></cac:TaxTotal>
 <cac:TaxTotal><cbc:TaxAmount currencyID="EUR">38</cbc:TaxAmount></cac:TaxTotal>
 <cac:LegalMonetaryTotal><cbc:TaxExclusiveAmount currencyID="EUR">200.0</cbc:TaxExclusiveAmount>
  <cbc:TaxInclusiveAmount currencyID="EUR">238.00</cbc:TaxInclusiveAmount>
  <cbc:PayableAmount currencyID="EUR">238.00</cbc:PayableAmount></cac:LegalMonetaryTotal>
 <cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode="C62">2.000</cbc:InvoicedQuantity>
  <cbc:LineExtensionAmount currencyID="EUR">200.00</cbc:LineExtensionAmount>
  <cac:Item><cbc:Name>Fibre 100</cbc:Name></cac:Item>
  <cac:Price><cbc:PriceAmount currencyID="EUR">100.125</cbc:PriceAmount></cac:Price></cac:InvoiceLine>
</Invoice>"""

DAY = "<udt:DateTimeString format='102'>{}</udt:DateTimeString>"
CII = f"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
 xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">
<rsm:ExchangedDocument><ram:ID>F-2031</ram:ID><ram:TypeCode>380</ram:TypeCode>
 <ram:IssueDateTime>{DAY.format("20260301")}</ram:IssueDateTime></rsm:ExchangedDocument>
<rsm:SupplyChainTradeTransaction>
 <ram:IncludedSupplyChainTradeLineItem>
  <ram:AssociatedDocumentLineDocument><ram:LineID>1</ram:LineID></ram:AssociatedDocumentLineDocument>
  <ram:SpecifiedTradeProduct><ram:Name>Fibre 100</ram:Name></ram:SpecifiedTradeProduct>
  <ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice><ram:ChargeAmount>100.125</ram:ChargeAmount>
   </ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement>
  <ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode="C62">2.000</ram:BilledQuantity>
   </ram:SpecifiedLineTradeDelivery>
  <ram:SpecifiedLineTradeSettlement><ram:SpecifiedTradeSettlementLineMonetarySummation>
   <ram:LineTotalAmount>200.00</ram:LineTotalAmount></ram:SpecifiedTradeSettlementLineMonetarySummation>
   </ram:SpecifiedLineTradeSettlement>
 </ram:IncludedSupplyChainTradeLineItem>
 <ram:ApplicableHeaderTradeAgreement><ram:BuyerReference>04011000-12345-03</ram:BuyerReference>
  <ram:SellerTradeParty><ram:Name>Fibre Ltd</ram:Name></ram:SellerTradeParty>
  <ram:BuyerTradeParty><ram:ID>K-4711</ram:ID><ram:Name>Ann Reed</ram:Name></ram:BuyerTradeParty>
  <ram:BuyerOrderReferencedDocument><ram:IssuerAssignedID>PO-778</ram:IssuerAssignedID>
  </ram:BuyerOrderReferencedDocument></ram:ApplicableHeaderTradeAgreement>
 <ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
  <ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime>{DAY.format("20260315")}</ram:DueDateDateTime>
  </ram:SpecifiedTradePaymentTerms>
  <ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:LineTotalAmount>200.00</ram:LineTotalAmount>
   <ram:TaxBasisTotalAmount>200.00</ram:TaxBasisTotalAmount>
   <ram:TaxTotalAmount currencyID="EUR">38.00</ram:TaxTotalAmount>
   <ram:GrandTotalAmount>238.00</ram:GrandTotalAmount><ram:DuePayableAmount>238.00</ram:DuePayableAmount>
  </ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement>
</rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"""

TEXT = """Invoice number: F-2031
Issue date: 2026-03-01
Due date: 2026-03-15
Order number: PO-778
Buyer reference: 04011000-12345-03
Customer number: K-4711
Seller: Fibre Ltd
Buyer: Ann Reed
Net amount: 200.00 EUR
VAT: 38.00 EUR
Total: 238.00 EUR
Amount due: 238.00 EUR
1\tFibre 100\t2\t100.1250 EUR\t200.00 EUR"""


@pytest.mark.parametrize("content", [UBL, CII], ids=["UBL", "CII"])
def test_an_invoice_is_read_term_by_term(content: str) -> None:
    """Prices of three decimals get a fourth, so that nobody takes them for thousands."""
    assert read_text(content.encode(), filename="a.xml", content_type="application/xml") == (TEXT, "")


@pytest.mark.parametrize(("name", "kind"), [("a.XML", "application/octet-stream"), (None, "text/xml")])
def test_it_is_known_by_type_name_or_first_bytes(name: str | None, kind: str) -> None:
    """With or without a byte order mark."""
    assert read_text(b"\xef\xbb\xbf" + UBL.encode(), filename=name, content_type=kind) == (TEXT, "")
    assert read_text(UBL.encode(), filename=None, content_type="application/octet-stream") == (TEXT, "")


def test_a_credit_note_is_called_one() -> None:
    """By its root or by its type."""
    for old, new in (("380<", "381<"), ("Invoice xmlns", "CreditNote xmlns")):
        note = UBL.replace(old, new).replace("</Invoice>", "</CreditNote>" if "Credit" in new else "</Invoice>")
        note = note.replace("<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>", "")
        assert read_text(note.encode(), filename="a.xml", content_type="text/xml")[0].startswith(
            "Credit note number: F-"
        )


def test_the_invoice_within_a_pdf_is_read() -> None:
    """Factur-X and ZUGFeRD; pages without words need no OCR then."""
    content = pdf_with("factur-x.xml", CII.encode())
    assert read_text(content, filename="a.pdf", content_type="application/pdf") == (TEXT, "")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("other.xml", b"<settings><total>5</total></settings>"),
        ("factur-x.xml", b"<broken"),
        ("factur-x.xml", b"<!DOCTYPE x [<!ENTITY a 'b'>]><Invoice>&a;</Invoice>"),
        ("notes.txt", b"Total 240.00"),
    ],
    ids=["other", "damaged", "entities", "text"],
)
def test_other_files_within_a_pdf_are_not_read(name: str, content: bytes) -> None:
    """The pages are what counts."""
    note = "no text in it: scanned pages"
    assert read_text(pdf_with(name, content), filename="a.pdf", content_type="application/pdf") == ("", note)


def test_an_invoice_without_end_is_not_read() -> None:
    """A few kilobytes within a PDF are gigabytes unpacked."""
    content = pdf_with("factur-x.xml", CII.replace("<ram:ID>", " " * 9_000_000 + "<ram:ID>", 1).encode())
    assert read_text(content, filename="a.pdf", content_type="application/pdf")[0] == ""


def test_other_invoices_are_read_value_by_value() -> None:
    """National formats: each value behind its name; seals and certificates are left out."""
    content = (
        f"<cfdi:Comprobante xmlns:cfdi='http://www.sat.gob.mx/cfd/4' Folio='A-123' Sello='{'x' * 300}' Moneda='MXN'>"
        "<Importo><ImportoTotaleDocumento> 122.00\n</ImportoTotaleDocumento></Importo>"
        f"<Causale>{'long words ' * 300}</Causale></cfdi:Comprobante>"
    )
    text = f"Folio: A-123\nMoneda: MXN\nImporto Totale Documento: 122.00\nCausale: {'long words ' * 300}".strip()
    assert read_text(content.encode(), filename="a.xml", content_type="text/xml") == (text, "")


@pytest.mark.parametrize("value", ["NaN", "1e999", "-", "Infinity", "1.2.3", "9" * 400, ""])
def test_amounts_that_are_none_are_shown_as_they_are(value: str) -> None:
    """And do not grow."""
    content = UBL.replace(">238.00<", f">{value}<")
    text, _ = read_text(content.encode(), filename="a.xml", content_type="text/xml")
    assert text.startswith("Invoice number: F-2031")
    assert len(text) < 500
