"""Every local way to write an amount is read; what is no money is left alone; nothing is guessed."""

from decimal import Decimal

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from triage.understanding import currencies
from triage.understanding.findings import Language
from triage.understanding.money import read_amounts


@pytest.mark.parametrize(
    ("language", "text", "value", "currency"),
    [
        ("de", "1.234,50 €", "1234.50", "EUR"),
        ("en", "€1,234.50", "1234.50", "EUR"),
        ("de", "CHF 1'234.50", "1234.50", "CHF"),
        ("de", "Fr. 120.-", "120", "CHF"),
        ("pt", "R$ 1.234,50", "1234.50", "BRL"),
        ("pt", "R$ 2 mil", "2000", "BRL"),
        ("fr", "1 234,50 €", "1234.50", "EUR"),
        ("fr", "1\u00a0234,50\u202f€", "1234.50", "EUR"),
        ("fr", "49 €90", "49.90", "EUR"),
        ("fr", "49€90", "49.90", "EUR"),
        ("de", "99,– €", "99", "EUR"),
        ("de", "129,- EUR", "129", "EUR"),
        ("en", "USD 1.2k", "1200", "USD"),
        ("en", "£2.4m", "2400000", "GBP"),
        ("en", "£29pm", "29", "GBP"),
        ("en", "£1,150pcm", "1150", "GBP"),
        ("de", "1,5 Mio. €", "1500000", "EUR"),
        ("en", "Rs. 2,36,000", "236000", "INR"),
        ("en", "12 quid", "12", "GBP"),
        ("es", "40 pavos", "40", "EUR"),
        ("es", "85 euros", "85", "EUR"),
        ("es", "12 € con 50 céntimos", "12.50", "EUR"),
        ("en", "15 dollars and 50 cents", "15.50", "$"),
        ("pt", "mil quinhentos reais", "1500", "BRL"),
        ("es", "mil doscientos cincuenta euros", "1250", "EUR"),
        ("fr", "deux cent quatre-vingt-dix euros", "290", "EUR"),
        ("de", "zweihundertfünfzig Euro", "250", "EUR"),
        ("en", "five hundred pounds", "500", "GBP"),
        ("de", "50-Euro-Gutschein", "50", "EUR"),
        ("es", "$3.450.000", "3450000", "$"),
        ("en", "1 234,56 zł", "1234.56", "PLN"),
        ("de", "50 Fr. Depot", "50", "CHF"),
        ("en", "KSh 64,380", "64380", "KES"),
        ("es", "Q 1,900.00", "1900.00", "GTQ"),
        ("en", "EFT of R18 975,00", "18975.00", "ZAR"),
        ("en", "fifty euros", "50", "EUR"),
        ("fr", "cinquante euros", "50", "EUR"),
        ("es", "cincuenta euros", "50", "EUR"),
        ("pt", "cinquenta reais", "50", "BRL"),
        ("de", "fünfzig Euro", "50", "EUR"),
        ("es", "dos millones de euros", "2000000", "EUR"),
        ("es", "una de once euros", "11", "EUR"),
        ("en", "R 1 250.00", "1250.00", "ZAR"),
        ("en", "1,18,590 rupees", "118590", "INR"),
        ("en", "Rs 4,500/-", "4500", "INR"),
        ("en", "£12.99p", "12.99", "GBP"),
        ("en", "99¢", "0.99", None),
        ("en", "$(250.00)", "250.00", "$"),
        ("en", "Total (USD): 45.00", "45.00", "USD"),
        ("de", "Betrag (€): 1.234,56", "1234.56", "EUR"),
        ("fr", "Montant : 45,00 (EUR)", "45.00", "EUR"),
        ("de", "2x49,90€", "49.90", "EUR"),
        ("de", "2x 49,90 €", "49.90", "EUR"),
        ("en", "50,000/= UGX", "50000", "UGX"),
        ("en", "299:- kr", "299", "kr"),
        ("en", "N15,000.00", "15000.00", "NGN"),
        ("en", "Php1,250.00", "1250.00", "PHP"),
        ("en", "MX$ 70", "70", "MXN"),
        ("en", "50 lei", "50", "RON"),
        ("en", "€1.250,-", "1250", "EUR"),
        ("de", "540.– CHF", "540", "CHF"),
        ("de", "Fr. 60.-", "60", "CHF"),
        ("fr", "60 fr.", "60", "CHF"),
        ("fr", "5 000 frs", "5000", "franc"),
        ("fr", "150 DH", "150", "dirham"),
        ("fr", "2 500 DA", "2500", "DZD"),
        ("pt", "1.500,00 Kz", "1500.00", "AOA"),
        ("pt", "1.500,00 MT", "1500.00", "MZN"),
        ("es", "L. 350.00", "350.00", "HNL"),
        ("es", "350 córdobas", "350", "NIO"),
        ("es", "1.200,50 Bs", "1200.50", "Bs"),
        ("es", "dos soles", "2", "PEN"),
        ("es", "mil pesos", "1000", "$"),
        ("fr", "deux cents francs", "200", "franc"),
        ("en", "twenty quid", "20", "GBP"),
        ("pt", "R$ mil", "1000", "BRL"),
        ("pt", "R$ dois mil e quinhentos", "2500", "BRL"),
        ("de", "€ fünfhundert", "500", "EUR"),
        ("pt", "quarenta e nove reais e noventa centavos", "49.9", "BRL"),
        ("es", "cuarenta y nueve euros con noventa céntimos", "49.9", "EUR"),
        ("en", "forty-nine pounds ninety-nine.", "49.99", "GBP"),
        ("de", "neunundvierzig Euro neunzig", "49.9", "EUR"),
        ("fr", "vingt euros et cinquante centimes", "20.5", "EUR"),
    ],
)
def test_local_formats_are_read(language: Language, text: str, value: str, currency: str) -> None:
    """The value is a Decimal and the currency an ISO code, or the sign where several share it."""
    [amount] = read_amounts(text, language)
    assert (amount.value, amount.currency) == (Decimal(value), currency)
    assert amount.alternatives == ()


@pytest.mark.parametrize(
    ("language", "text", "value", "end"),
    [
        ("en", "fifty euros two weeks ago", "50", "euros"),
        ("en", "fifty euros, twenty of them", "50", "euros"),
        ("de", "Zwanzig Euro zehn Tage lang", "20", "Euro"),
        ("fr", "vingt euros et cinq jours", "20", "euros"),
        ("pt", "R$ dois e tal", "2", "dois"),
    ],
)
def test_words_behind_an_amount_are_cents_only_where_they_end_it(
    language: Language, text: str, value: str, end: str
) -> None:
    """Days, weeks and parts are counted in words as well."""
    [amount] = read_amounts(text, language)
    assert amount.value == Decimal(value)
    assert text[: amount.end].endswith(end)


def test_a_letter_before_a_whole_number_is_a_sign_where_the_mail_shows_it() -> None:
    """ "R450" beside "R1 250.00", or from South Africa; alone it is left to the words around it."""
    named = [
        [
            (str(each.value), each.currency)
            for each in read_amounts(text, "en", implied=implied)
            if each.shape == "named"
        ]
        for text, implied in [
            ("R450 and R1 250.00", frozenset[str]()),
            ("the server R720", {"ZAR"}),
            ("the server R720", frozenset[str]()),
        ]
    ]
    assert named == [[("450", "ZAR"), ("1250.00", "ZAR")], [("720", "ZAR")], []]


def test_prices_of_a_unit_may_be_parts_of_a_penny() -> None:
    """As a tariff has them."""
    [amount] = read_amounts("27.4p", "en")
    assert (amount.value, amount.currency) == (Decimal("0.274"), None)


def test_friday_is_no_franc() -> None:
    """ "Fr." is both in German."""
    assert [each.currency for each in read_amounts("am Fr. 12.12. und Fr. 12.50", "de")] == [None, "CHF"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-49,90 €", "49.90"),
        ("(250.00)", "250.00"),
        ("$(250.00)", "250.00"),
        ("49,90- EUR", "49.90"),
        ("-$2,435.00", "2435.00"),
    ],
)
def test_a_minus_is_kept(text: str, value: str) -> None:
    """Money that goes the other way is negative, however that is written."""
    [amount] = read_amounts(text, "en")
    assert (str(amount.value), amount.negative) == (value, True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Saldo 49,90- EUR, bezahlt 20,00 EUR", [("49.90", "EUR", True), ("20.00", "EUR", False)]),
        ("1.250,00- € offen", [("1250.00", "EUR", True)]),
        ("eine 49,90-EUR-Buchung", [("49.90", "EUR", False)]),
        ("10- 20 EUR", [("10", "EUR", False), ("20", "EUR", False)]),
    ],
)
def test_a_minus_between_number_and_sign_leaves_the_sign(text: str, found: list[tuple[str, str, bool]]) -> None:
    """Statements put the minus behind the number, before its currency; a hyphen is none."""
    assert [(str(each.value), each.currency, each.negative) for each in read_amounts(text, "de")] == found


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "20 % discount and 12,5 percent more"),
        ("en", "version v2.10, section 4.2.1"),
        ("en", "at 12:34, order RE-2201, 26/117"),
        ("en", "2 pounds of flour"),
        ("en", "ALL 5 solutions"),
        ("de", "IBAN DE12500105170648489890"),
        ("fr", "pour cent"),
        ("de", "Rechnung RS-30871, UID CHE-000.110.417"),
        ("en", "tyres 205/60 R16 and R 17"),
        ("en", "EUR 100000000000000000000000000"),
        ("en", "an R720, N 95 masks"),
        ("de", "50 da, 5 mt, 8 dh"),
        ("en", "MT 500 DA 20"),
        ("de", "PLZ 32756"),
        ("en", "Flat 6, Coldharbour Row, BS6 7QT"),
        ("pt", "Somos os pais da Manu, RM 2217."),
    ],
)
def test_what_is_no_money_names_no_currency(language: Language, text: str) -> None:
    """Percentages, versions, times, numbers of things and weights are no amounts."""
    assert [amount for amount in read_amounts(text, language) if amount.shape == "named"] == []


def test_one_mark_before_three_digits_keeps_both_readings() -> None:
    """1.234 in an English mail is settled by nothing, so nothing is guessed."""
    [amount] = read_amounts("You took 1.234 € from me", "en")
    assert (amount.value, amount.alternatives) == (Decimal(1234), (Decimal("1.234"),))


@pytest.mark.parametrize(
    ("language", "text"),
    [("de", "1.234 €"), ("en", "£1,234"), ("es", "$29.990 CLP"), ("en", "$9.50 off, so 1,234 $"), ("fr", "1.234 €")],
)
def test_language_currency_and_other_numbers_settle_it(language: Language, text: str) -> None:
    """Habit, a currency without decimals, or a clear number beside it leave one reading."""
    assert all(amount.alternatives == () for amount in read_amounts(text, language))


def test_a_bare_dollar_takes_the_one_country_that_the_mail_points_to() -> None:
    """With none or several it stays a dollar sign."""
    assert read_amounts("$ 40", "es", implied={"MXN"})[0].currency == "MXN"
    assert read_amounts("$ 40", "es", implied={"MXN", "USD"})[0].currency == "$"
    assert read_amounts("$ 40", "es")[0].currency == "$"
    assert read_amounts("40 pesos", "es", implied={"COP", "EUR"})[0].currency == "COP"


@pytest.mark.parametrize("text", ["$1,250.00 M.N.", "$1,250.00 (M.N.)", "1,250.00 M.N.", "$1,250.00 m.n. cada uno"])
def test_moneda_nacional_is_no_million(text: str) -> None:
    """Mexican bills write "M.N." behind their pesos."""
    [amount] = read_amounts(text, "es", implied={"MXN"})
    assert (amount.value, amount.currency) == (Decimal("1250.00"), "MXN")


def test_both_ends_of_a_range_have_the_currency() -> None:
    """ "From 26 to 50 €" are two amounts of euros."""
    for text in ("from 26 to 50 €", "26-50 €", "26 – 50 €"):
        assert [(str(each.value), each.currency) for each in read_amounts(text, "en")] == [("26", "EUR"), ("50", "EUR")]


@pytest.mark.parametrize(
    ("language", "text", "ends", "currency"),
    [
        ("en", "between €3k-4k a year", ("3000", "4000"), "EUR"),
        ("en", "€3k–4k for the work", ("3000", "4000"), "EUR"),
        ("en", "€3k to 4k for the work", ("3000", "4000"), "EUR"),
        ("en", "€3-4k for the work", ("3000", "4000"), "EUR"),
        ("en", "3k-4k € for the work", ("3000", "4000"), "EUR"),
        ("en", "3-4k € for the work", ("3000", "4000"), "EUR"),
        ("en", "3 to 4 thousand euros", ("3000", "4000"), "EUR"),
        ("en", "$3 to $4 million", ("3000000", "4000000"), "$"),
        ("en", "between $3 and 4 million", ("3000000", "4000000"), "$"),
        ("en", "£26-50 a month", ("26", "50"), "GBP"),
        ("en", "€3,000-4,000 a year", ("3000", "4000"), "EUR"),
        ("de", "von 3 bis 4 Tsd. €", ("3000", "4000"), "EUR"),
        ("de", "zwischen 3 und 4 Mio. Euro", ("3000000", "4000000"), "EUR"),
        ("es", "entre 3 y 4 mil euros", ("3000", "4000"), "EUR"),
        ("es", "de 3 a 4 mil €", ("3000", "4000"), "EUR"),
        ("pt", "entre R$ 3 e 4 mil", ("3000", "4000"), "BRL"),
        ("pt", "R$ 3-4 mil", ("3000", "4000"), "BRL"),
        ("fr", "entre 3 et 4 k€", ("3000", "4000"), "EUR"),
        ("fr", "3k€-4k€", ("3000", "4000"), "EUR"),
        ("en", "from 500 to 2k €", ("500", "2000"), "EUR"),
        ("en", "from €5 to €10k", ("5", "10000"), "EUR"),
        ("en", "5 and 20k €", ("5", "20000"), "EUR"),
    ],
)
def test_both_ends_of_a_range_have_the_multiplier(
    language: Language, text: str, ends: tuple[str, str], currency: str
) -> None:
    """ "3-4k €" are thousands, with the sign at either end; "500 to 2k" and what has a sign of its own stay."""
    assert [(each.value, each.currency) for each in read_amounts(text, language)] == [
        (Decimal(end), currency) for end in ends
    ]


def test_thousands_without_a_currency_are_no_small_change() -> None:
    """ "Between 3k and 4k" names no currency, and 3 and 4 are not its numbers."""
    for text in ("between 3k and 4k", "between 3 and 4k", "3-4k"):
        assert {each.value for each in read_amounts(text, "en")} <= {Decimal(3000), Decimal(4000)}


@pytest.mark.parametrize("text", ["€5-a-day", "EUR 2026-04-12", "£50-20", "€26-50-80", "$1-12345", "£9-10am"])
def test_what_goes_on_behind_a_dash_is_no_range(text: str) -> None:
    """Days, numbers of things, times, and what counts down or jumps."""
    assert len([each for each in read_amounts(text, "en") if each.shape == "named"]) <= 1


def test_an_order_number_before_a_price_is_no_range() -> None:
    """ "7700331 a US$ 38.40": what is thousands of times the price names something."""
    [number, price] = read_amounts("con OC 7700331 a US$ 38.40", "es")
    assert (number.currency, price.currency) == (None, "USD")


def test_a_sign_belongs_to_the_number_that_it_leads() -> None:
    """The number before it, a year or an invoice, stays bare."""
    assert [each.currency for each in read_amounts("in 2026 €45.00", "en")] == [None, "EUR"]
    assert [each.currency for each in read_amounts("fatura 88120034 de R$ 537,00", "pt")] == [None, "BRL"]


def test_places_hold_what_they_claim() -> None:
    """Start and end cut the amount out of the text."""
    text = "Sie haben 49,90 € statt CHF 39.90 abgebucht"
    assert [text[each.start : each.end] for each in read_amounts(text, "de")] == ["49,90 €", "CHF 39.90"]


@given(
    st.decimals(min_value=Decimal("0.01"), max_value=Decimal("9999999.99"), places=2),
    st.sampled_from(["en", "es", "pt", "fr", "de"]),
    st.sampled_from(["EUR", "GBP", "BRL", "CHF", "USD", "MXN", "PLN"]),
)
def test_what_is_printed_is_read_back(value: Decimal, language: Language, currency: str) -> None:
    """As each of our languages prints it (CLDR)."""
    text = format_currency(value, currency, locale=language)
    [amount] = read_amounts(text, language, implied={currency})
    assert (amount.value, amount.currency) == (value, currency)


@given(st.text(alphabet="0123456789.,'’ €$£-–()krCHFUSDMio%\n", max_size=60), st.sampled_from([None, "en", "fr", "de"]))
def test_any_text_can_be_read(text: str, language: Language | None) -> None:
    """No text raises, and every amount lies inside its text, in order and apart from the others."""
    end = 0
    for amount in read_amounts(text, language):
        assert end <= amount.start < amount.end <= len(text)
        assert amount.value >= 0
        end = amount.end


def test_the_currency_table_is_sound() -> None:
    """Every sign and name leads to an ISO code or to itself as an open sign."""
    for meaning in {*currencies.SIGNS.values(), *currencies.NAMES.values()}:
        assert currencies.is_code(meaning) or meaning in {"$", "¥", "kr", "Rs", "Bs", "peso", "franc", "dirham", "BTC"}


def test_a_dash_has_said_the_cents() -> None:
    """What follows "12,-€ und" is another number."""
    assert [str(amount.value) for amount in read_amounts("12,-€ und 15.", "de")] == ["12", "15"]
