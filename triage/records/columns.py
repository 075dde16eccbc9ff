"""Which heading of a table means what: names in five languages, and the words of `kind` and `status` columns.

Headings are compared without accents, capitals and marks ("Rechnungs-Nr." is "rechnungs nr"). A site's own headings
come before these (`[ledger.columns]` in config.toml). Of two headings for one field the one that stands earlier here
counts, and the other is reported as not used.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from triage.records.ledger import CreditKind, Status

Kind = Literal["customer", "invoice", "line", "payment", "credit"]
KINDS: Final[tuple[Kind, ...]] = ("customer", "invoice", "line", "payment", "credit")

#: field → headings, the plainest first. A field means for each kind of row what `rows` makes of it.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    # which kind of row: customer, invoice, line, payment, credit
    "kind": (
        "kind", "record type", "row type", "tipo de registro", "tipo de fila", "tipo de linha", "type d enregistrement",
        "satzart",
    ),
    # the number of a payment or of a credit note
    "id": (
        "payment id", "payment no", "payment number", "transaction id", "transaction", "receipt no", "receipt",
        "credit note number", "credit note no", "credit note", "credit id", "refund id", "charge id",
        "pago", "id pago", "n pago", "numero de pago", "recibo", "transaccion", "id transaccion", "nota de credito",
        "abono", "numero de abono",
        "pagamento", "id pagamento", "numero do pagamento", "transacao", "id transacao", "numero da nota de credito",
        "paiement", "id paiement", "n paiement", "avoir", "n avoir", "numero d avoir",
        "zahlung", "zahlungs id", "zahlungsnummer", "zahlungs nr", "belegnummer", "buchungsnummer", "gutschrift",
        "gutschriftnummer", "gutschrift nr", "transaktions id", "id",
    ),
    # the invoice: of an invoice its own number, of the others the one that they belong to
    "number": (
        "invoice number", "invoice no", "invoice nr", "invoice", "invoice id", "invoice ref", "bill number", "bill no",
        "numero de factura", "numero factura", "n factura", "n de factura", "num factura", "nro factura", "factura",
        "id factura", "folio",
        "numero da fatura", "numero de fatura", "numero fatura", "n fatura", "n da fatura", "fatura", "nota fiscal",
        "numero da nota fiscal", "nf",
        "numero de facture", "numero facture", "n facture", "n de facture", "ref facture", "num facture", "facture",
        "rechnungsnummer", "rechnungs nr", "rechnungsnr", "rechnung nr", "re nr", "rechnung",
        "document number", "document no", "doc no", "numero documento", "documento", "n piece", "piece", "beleg nr",
        "beleg", "number", "numero", "nummer", "no", "nr",
    ),
    "customer": (
        "customer", "customer id", "customer no", "customer number", "client id", "client no", "client number",
        "account", "account id", "account no", "account number", "debtor", "debtor no",
        "cliente", "id cliente", "codigo cliente", "codigo de cliente", "n cliente", "numero de cliente", "cuenta",
        "codigo do cliente", "numero do cliente", "conta", "n contribuinte", "nif",
        "client", "id client", "code client", "n client", "numero client", "numero de client", "compte client",
        "compte",
        "kunde", "kundennummer", "kunden nr", "kundennr", "kunden id", "debitor", "debitorennummer", "debitor nr",
    ),
    "customer_name": (
        "customer name", "client name", "account name", "name", "company", "bill to",
        "nombre cliente", "nombre del cliente", "nombre", "razon social",
        "nome cliente", "nome do cliente", "nome", "razao social",
        "nom client", "nom du client", "nom", "raison sociale", "societe",
        "kundenname", "name des kunden", "firma", "rechnungsempfanger",
    ),
    # one address, or several by comma, semicolon or space
    "email": (
        "email", "e mail", "email address", "e mail address", "customer email", "client email", "billing email",
        "contact email", "mail", "correo", "correo electronico", "email cliente", "e mail do cliente",
        "endereco de email", "email do cliente", "courriel", "adresse email", "adresse e mail", "email client",
        "mail client", "e mail adresse", "kunden e mail", "email adresse", "mailadresse",
    ),
    # of an invoice and a credit the day of issue, of a payment the day it came in
    "date": (
        "invoice date", "issue date", "issued on", "issued", "payment date", "paid on", "paid at", "received",
        "credit date", "refund date", "booking date", "posting date", "date",
        "created",
        "fecha factura", "fecha de factura", "fecha de emision", "fecha emision", "fecha de pago", "fecha pago",
        "fecha de abono", "fecha",
        "data da fatura", "data de emissao", "data emissao", "data de pagamento", "data pagamento",
        "data do pagamento", "data",
        "date facture", "date de facture", "date de facturation", "date d emission", "date emission",
        "date de paiement", "date paiement", "date d avoir",
        "rechnungsdatum", "ausstellungsdatum", "zahlungsdatum", "zahlungseingang", "buchungsdatum",
        "belegdatum", "gutschriftdatum", "datum",
    ),
    "due": (
        "due", "due date", "due on", "payment due", "vencimiento", "fecha de vencimiento", "fecha vencimiento",
        "vencimento", "data de vencimento", "data vencimento", "echeance", "date d echeance", "date echeance",
        "fallig", "fallig am", "falligkeit", "falligkeitsdatum", "zahlbar bis",
    ),
    "period_start": (
        "period start", "service start", "period from", "from", "start date", "inicio periodo", "inicio del periodo",
        "periodo desde", "desde", "inicio do periodo", "debut periode", "debut de periode", "debut de la periode",
        "periode du", "zeitraum von", "leistung von", "leistungszeitraum von", "von",
    ),
    "period_end": (
        "period end", "service end", "period to", "to", "end date", "fin periodo", "fin del periodo", "periodo hasta",
        "hasta", "fim do periodo", "fim periodo", "ate", "fin periode", "fin de periode", "fin de la periode",
        "periode au", "zeitraum bis", "leistung bis", "leistungszeitraum bis", "bis",
    ),
    "status": (
        "status", "invoice status", "state", "payment status", "estado", "estado factura", "situacion", "estado fatura",
        "situacao", "statut", "etat", "zustand", "rechnungsstatus", "zahlungsstatus",
    ),
    "currency": (
        "currency", "currency code", "curr", "ccy", "moneda", "divisa", "moeda", "devise", "monnaie", "wahrung",
        "waehrung",
    ),
    "net": (
        "net", "net amount", "subtotal", "sub total", "amount excl tax", "amount excluding tax", "total excl vat",
        "neto", "importe neto", "base", "base imponible", "liquido", "valor liquido", "valor sem iva", "montant ht",
        "total ht", "ht", "netto", "nettobetrag", "summe netto", "betrag netto",
    ),
    "tax": (
        "tax", "tax amount", "vat", "vat amount", "gst", "sales tax", "impuesto", "impuestos", "iva", "cuota iva",
        "importe iva", "imposto", "impostos", "valor iva", "tva", "montant tva", "taxe", "taxes", "mwst", "ust",
        "steuer", "steuerbetrag", "mwst betrag", "umsatzsteuer",
    ),
    "tax_rate": (
        "tax rate", "vat rate", "tax percent", "vat percent", "tax %", "vat %", "tipo iva", "tipo de iva", "% iva",
        "iva %", "tasa iva", "taxa iva", "taxa de iva", "taux tva", "taux de tva", "% tva", "tva %", "steuersatz",
        "mwst satz", "ust satz", "mwst %", "% mwst",
    ),
    # what it comes to: of an invoice the total with tax
    "amount": (
        "grand total", "invoice total", "total amount", "gross amount", "gross", "total", "amount paid", "line total",
        "credit amount", "refund amount", "invoice amount", "line amount", "amount", "value", "amount due", "paid",
        "importe total", "total factura", "monto total", "importe pagado", "importe linea", "importe", "monto",
        "valor total", "total da fatura", "valor pago", "montante", "valor", "quantia",
        "montant ttc", "total ttc", "ttc", "montant total", "montant paye", "montant",
        "bruttobetrag", "betrag brutto", "summe brutto", "brutto", "gesamtbetrag", "gesamtpreis", "gesamt",
        "rechnungsbetrag", "zahlbetrag", "betrag", "summe",
    ),
    "position": (
        "position", "line", "line no", "line number", "item no", "pos", "linea", "n linea", "linha", "n linha", "ligne",
        "n ligne", "posten", "zeile", "pos nr",
    ),
    "description": (
        "description", "item", "product", "line description", "service", "descripcion", "concepto", "producto",
        "articulo", "servicio", "descricao", "produto", "artigo", "servico", "designation", "libelle", "produit",
        "article", "beschreibung", "bezeichnung", "artikel", "produkt", "leistung",
    ),
    "quantity": (
        "quantity", "qty", "units", "cantidad", "cant", "unidades", "quantidade", "qtd", "qtde", "quantite", "qte",
        "menge", "anzahl", "stuck",
    ),
    "unit_price": (
        "unit price", "price", "rate", "price per unit", "precio", "precio unitario", "preco", "preco unitario", "prix",
        "prix unitaire", "pu", "einzelpreis", "stuckpreis", "preis",
    ),
    # of a payment what the bank says, of a credit why it was given
    "reference": (
        "reference", "payment reference", "method", "payment method", "memo", "note", "reason", "referencia",
        "forma de pago", "metodo", "motivo", "forma de pagamento", "referencia do pagamento", "reference paiement",
        "mode de paiement", "motif", "verwendungszweck", "referenz", "zahlungsart", "grund",
    ),
    # of a credit: credit or refund
    "type": ("type", "credit type", "refund type", "tipo", "tipo de abono", "nature", "art", "typ"),
}  # fmt: skip

#: words of a `kind` column and of file names → kind
KIND_WORDS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("customer", "client", "cliente", "kunde", "account", "debitor"), "customer"),
    **dict.fromkeys(("invoice", "bill", "factura", "fatura", "facture", "rechnung"), "invoice"),
    **dict.fromkeys(("line", "item", "linea", "linha", "ligne", "position", "posten", "zeile"), "line"),
    **dict.fromkeys(("payment", "receipt", "pago", "cobro", "pagamento", "paiement", "zahlung"), "payment"),
    **dict.fromkeys(("credit", "refund", "abono", "reembolso", "estorno", "avoir", "remboursement"), "credit"),
    **dict.fromkeys(("gutschrift", "erstattung", "devolucion", "nota de credito", "credit note"), "credit"),
}

STATUS_WORDS: Final[Mapping[str, Status]] = {
    **dict.fromkeys(("draft", "borrador", "rascunho", "brouillon", "entwurf"), "draft"),
    **dict.fromkeys(("open", "unpaid", "overdue", "due", "issued", "sent", "outstanding", "past due"), "open"),
    **dict.fromkeys(
        ("pending", "abierta", "abierto", "pendiente", "impagada", "vencida", "emitida", "enviada"), "open"
    ),
    **dict.fromkeys(("aberta", "aberto", "em aberto", "pendente", "nao paga", "vencido", "em atraso"), "open"),
    **dict.fromkeys(("ouverte", "ouvert", "impayee", "impaye", "a payer", "echue", "envoyee", "en retard"), "open"),
    **dict.fromkeys(("offen", "unbezahlt", "uberfallig", "fallig", "versendet", "gestellt"), "open"),
    **dict.fromkeys(("partly paid", "partially paid", "part paid", "parcial", "pago parcial"), "partly_paid"),
    **dict.fromkeys(("pagada parcialmente", "parcialmente paga", "partiellement payee", "teilbezahlt"), "partly_paid"),
    **dict.fromkeys(("paid", "settled", "closed", "cleared", "pagada", "pagado", "cobrada", "liquidada"), "paid"),
    **dict.fromkeys(("paga", "pago", "liquidado", "payee", "paye", "reglee", "soldee", "bezahlt", "beglichen"), "paid"),
    **dict.fromkeys(("cancelled", "canceled", "void", "voided", "anulada", "anulado", "cancelada"), "cancelled"),
    **dict.fromkeys(("cancelado", "annulee", "annule", "storniert", "storno", "reversed"), "cancelled"),
    **dict.fromkeys(("written off", "uncollectible", "incobrable", "incobravel", "perte"), "written_off"),
    **dict.fromkeys(("irrecouvrable", "abgeschrieben", "ausgebucht", "bad debt"), "written_off"),
}

REFUND_WORDS: Final[Mapping[str, CreditKind]] = {
    **dict.fromkeys(("credit", "credit note", "abono", "nota de credito", "avoir", "gutschrift"), "credit"),
    **dict.fromkeys(("refund", "reembolso", "devolucion", "estorno", "devolucao", "remboursement"), "refund"),
    **dict.fromkeys(("erstattung", "ruckerstattung", "ruckzahlung", "chargeback"), "refund"),
}


def plain(heading: str) -> str:
    """A heading or word as it is compared.

    >>> plain("Rechnungs-Nr. "), plain("Nº de factura"), plain("Número"), plain("IVA (%)")
    ('rechnungs nr', 'n de factura', 'numero', 'iva %')
    """
    text = re.sub(r"(?i)\b(n)[º°]", r"\1", heading)
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return re.sub(r"[^a-z0-9%]+", " ", letters).strip()


def fields_of(headings: Sequence[str], own: Mapping[str, str]) -> tuple[dict[int, str], tuple[str, ...]]:
    """Column index → field, and the headings that are not used; `own` is the site's: heading → field."""
    theirs = {plain(heading): field for heading, field in own.items()}
    choices: dict[str, tuple[int, int]] = {}
    names = [plain(heading) for heading in headings]
    numbered = any(_known(name)[0] == "customer" and name not in _WHO for name in names)
    for at, name in enumerate(names):
        field, rank = (theirs[name], -1) if name in theirs else _known(name)
        if numbered and name in _WHO and name not in theirs:
            # beside a customer number it is the name, after every heading that says so
            field, rank = "customer_name", len(_RANKED)
        if field and (field not in choices or rank < choices[field][0]):
            choices[field] = (rank, at)
    chosen = {at: field for field, (_, at) in choices.items()}
    return chosen, tuple(heading for at, heading in enumerate(headings) if at not in chosen and heading.strip())


#: headings under which a customer stands by number or by name
_WHO: Final = frozenset({"customer", "cliente", "client", "kunde", "debtor", "debitor"})


def _known(name: str) -> tuple[str, int]:
    return _RANKED.get(name, ("", 0))


_RANKED: Final[Mapping[str, tuple[str, int]]] = {
    heading: (field, rank) for field, headings in COLUMNS.items() for rank, heading in enumerate(headings)
}


def kind_of_word(text: str) -> Kind | None:
    """The kind that a cell of the `kind` column, or a file's name, speaks of; also in the plural. None when several."""
    words = plain(text)
    if words in KIND_WORDS:
        return KIND_WORDS[words]
    found = {
        kind
        for word in words.split()
        for stem, kind in KIND_WORDS.items()
        if word in (stem, f"{stem}s", f"{stem}es", f"{stem}n", f"{stem}en")
    }
    # "invoice lines" and "credit notes of invoices" speak of what is not the invoice
    found = found - {"invoice"} if len(found) > 1 else found
    return found.pop() if len(found) == 1 else None


def kind_of_fields(fields: Sequence[str]) -> Kind | None:
    """The kind of row that has these fields, where that can only be one."""
    there = set(fields)
    if there & {"unit_price", "quantity", "position"} and "number" in there:
        return "line"
    if there & {"due", "status"} and {"number", "amount"} <= there:
        return "invoice"
    if "number" not in there and {"customer", "email"} <= there and "amount" not in there:
        return "customer"
    return None
