"""Days are read in five languages and resolved against the day of writing; an open order stays open."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.understanding.dates import read_dates
from triage.understanding.days import nearest
from triage.understanding.findings import Language

WRITTEN = date(2026, 6, 15)


def days(text: str, language: Language, written: date = WRITTEN) -> list[str]:
    """The absolute days that the text names."""
    return [day.value.isoformat() for day in read_dates(text, language, written=written) if not day.relative]


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "on 3 July 2026", "2026-07-03"),
        ("en", "July 3rd, 2026", "2026-07-03"),
        ("en", "the 4th of July of 1995", "1995-07-04"),
        ("en", "Dec. 31 , 1994", "1994-12-31"),
        ("en", "1st of may", "2026-05-01"),
        ("es", "el 3 de enero del 2019", "2019-01-03"),
        ("es", "siete de abril", "2026-04-07"),
        ("es", "31-dic-1994", "1994-12-31"),
        ("pt", "em 15 de Junho de 2026", "2026-06-15"),
        ("pt", "no dia 1º de março", "2026-03-01"),
        ("fr", "le 1er avril 2005", "2005-04-01"),
        ("fr", "le 4e jour de juillet, 1995", "1995-07-04"),
        ("fr", "mer. 10 juin 2020", "2020-06-10"),
        ("de", "am 3. März 2026", "2026-03-03"),
        ("de", "am 28.02.", "2026-02-28"),
        ("de", "am 4.5. abgebucht", "2026-05-04"),
        ("de", "den 15. Jänner 2017", "2017-01-15"),
        ("en", "2026-07-01", "2026-07-01"),
        ("en", "2020/Sep/23", "2020-09-23"),
        ("pt", "em set-23-2020", "2020-09-23"),
        ("en", "report-20170302.html", "2017-03-02"),
        ("fr", "le 28/02/2026", "2026-02-28"),
        ("de", "15.02.26", "2026-02-15"),
        ("es", "el 31/08", "2026-08-31"),
        ("de", "am 3. 6. 2026", "2026-06-03"),
        ("en", "on the 3rd of last month", "2026-05-03"),
        ("es", "el 3 del mes pasado", "2026-05-03"),
        ("pt", "dia 7 deste mês", "2026-06-07"),
        ("fr", "le 3 du mois dernier", "2026-05-03"),
        ("de", "zum 5. des nächsten Monats", "2026-07-05"),
        ("en", "logged 2026-06-01T10:22:00Z", "2026-06-01"),
        ("de", "am 2026-06-01T10:22 gebucht", "2026-06-01"),
        ("en", "booked 05JUN24", "2024-06-05"),
        ("en", "booked 5June2026", "2026-06-05"),
        ("fr", "le cinq juin", "2026-06-05"),
        ("es", "el cinco de mayo", "2026-05-05"),
        ("en", "on the twelfth of May", "2026-05-12"),
        ("en", "the twenty-first of March, 2025", "2025-03-21"),
        ("en", "on May the fifth", "2026-05-05"),
        ("en", "since March twenty-first", "2026-03-21"),
        ("en", "on May the 5th, 2025", "2025-05-05"),
        ("es", "el treinta y uno de marzo", "2026-03-31"),
        ("es", "el primero de mayo", "2026-05-01"),
        ("pt", "no dia vinte e um de março", "2026-03-21"),
        ("fr", "le premier mai", "2026-05-01"),
        ("fr", "le vingt-trois mars", "2026-03-23"),
        ("fr", "le trente et un mars", "2026-03-31"),
        ("de", "am zwölften Mai", "2026-05-12"),
        ("de", "vom einundzwanzigsten März 2025", "2025-03-21"),
        ("de", "der erste Mai", "2026-05-01"),
    ],
)
def test_days_are_read(language: Language, text: str, value: str) -> None:
    """Names of months, numbers, ordinals and file names."""
    assert days(text, language) == [value]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("pt", "parcela 3/12"),
        ("en", "open 24/7, 1/2 price"),
        ("en", "version 3.4. is out"),
        ("de", "RE-2201 und 26/0318"),
        ("en", "You may 12 times"),
        ("en", "31 February 2026"),
        ("fr", "rendu à vingt-sept."),
        ("en", "fees APR-26-0382"),
        ("en", "550 5.1.10 no such user"),
        ("en", "build 2026-06-01Beta"),
        ("en", "model A3MAR26"),
        ("en", "the 1st of each month"),
        ("de", "am 5. jeden Monats"),
        ("pt", "todo dia 5"),
        ("en", "the second March invoice"),
        ("en", "two March invoices"),
        ("en", "In May the first payment failed"),
        ("en", "end of May, or mid-May"),
        ("es", "las dos de marzo"),
        ("fr", "les deux d'avril"),
        ("de", "die erste Mai-Rechnung"),
        ("de", "in der ersten Mai-Woche"),
        ("de", "Ende Mai, Mitte Mai"),
    ],
)
def test_what_is_no_day_is_left_alone(language: Language, text: str) -> None:
    """Instalments, fractions, versions, invoice numbers and impossible days."""
    assert days(text, language) == []


def test_a_missing_year_is_the_nearest() -> None:
    """In February "14 November" was last year; in June "3 July" is to come."""
    assert days("on 14 November", "en", date(2026, 2, 10)) == ["2025-11-14"]
    assert days("on 3 July", "en") == ["2026-07-03"]
    assert nearest(2, 29, date(2025, 3, 1)) == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "You charged me 20 EUR on 28 December", "2025-12-28"),
        ("en", "I was charged on 15 May", "2025-05-15"),
        ("en", "Please explain your invoice no. 881 of 20 March", "2025-03-20"),
        ("es", "Me cobraron 40 € el 15 de mayo", "2025-05-15"),
        ("pt", "Paguei tudo em 20/04", "2025-04-20"),
        ("fr", "J'ai été prélevé de 30 € le 15 mai", "2025-05-15"),
        ("de", "Sie haben am 15. Mai 50 Euro abgebucht", "2025-05-15"),
        ("de", "Am 12.5. wurde mein Konto belastet", "2025-05-12"),
    ],
)
def test_words_of_the_past_put_a_day_into_the_past(language: Language, text: str, value: str) -> None:
    """A mail of January speaks of last May, although the next one is nearer."""
    assert days(text, language, date(2026, 1, 10)) == [value]


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "I cancelled. The contract ends on 15 May", "2026-05-15"),
        ("en", "I paid for 1 February", "2026-02-01"),
        ("en", "I paid although it was due on 20 April", "2026-04-20"),
        ("en", "the invoice of 20 January", "2026-01-20"),
        ("en", "You charged me on 3 February", "2026-02-03"),
        ("es", "Pagué, pero el contrato vence el 20 de abril", "2026-04-20"),
        ("pt", "o vencimento é 20/05", "2026-05-20"),
        ("fr", "Vous me remboursez avant le 1er mars", "2026-03-01"),
        ("de", "Ich habe zum 31. März gekündigt", "2026-03-31"),
        ("de", "Bitte erstatten Sie bis 15. März", "2026-03-15"),
    ],
)
def test_other_days_stay_the_nearest(language: Language, text: str, value: str) -> None:
    """Terms, times that are paid for, and what is so near that last year's would be told with its year."""
    assert days(text, language, date(2026, 1, 10)) == [value]


def test_days_of_one_statement_share_their_year() -> None:
    """And both readings of an open order go into the past."""
    assert days("You charged me on 3 and 5 May", "en", date(2026, 1, 10)) == ["2025-05-03", "2025-05-05"]
    assert days("I paid for 1 February to 28 February", "en", date(2026, 1, 10)) == ["2026-02-01", "2026-02-28"]
    assert days("I paid for 1 March to 30 March", "en", date(2026, 1, 10)) == ["2026-03-01", "2026-03-30"]
    [day] = read_dates("You charged me on 05/06", "en", written=date(2026, 1, 10))
    assert (day.value, day.alternative) == (date(2025, 6, 5), date(2025, 5, 6))


def test_an_open_order_keeps_both_days() -> None:
    """03/04 may be March or April: both are kept."""
    [day] = read_dates("on 03/04/2026", "en", written=WRITTEN)
    assert (day.value, day.alternative) == (date(2026, 4, 3), date(2026, 3, 4))


def test_another_date_of_the_mail_settles_the_order() -> None:
    """07/22 can only be July, so 7/9 is July too."""
    assert days("statement 07/22/2026, claim of 7/9/2026", "en") == ["2026-07-22", "2026-07-09"]
    assert all(day.alternative is None for day in read_dates("22/07/2026 and 9/7/2026", "en", written=WRITTEN))


def test_the_habit_of_the_writer_comes_first() -> None:
    """An American reads month first; the other reading stays open."""
    [day] = read_dates("on 03/04/2026", "en", written=WRITTEN, order="month first")
    assert (day.value, day.alternative) == (date(2026, 3, 4), date(2026, 4, 3))


def test_a_list_shares_its_month() -> None:
    """ "del 3 al 5 de marzo" are two days of March."""
    assert sorted(days("del 3 al 5 de marzo", "es")) == ["2026-03-03", "2026-03-05"]
    assert sorted(days("vom 3. bis 5. März 2025", "de")) == ["2025-03-03", "2025-03-05"]


@pytest.mark.parametrize(
    ("language", "text", "first", "last"),
    [
        ("en", "from 3-5 June 2026", "2026-06-03", "2026-06-05"),
        ("en", "June 3-5, 2026", "2026-06-03", "2026-06-05"),
        ("en", "on 3 & 5 June", "2026-06-03", "2026-06-05"),
        ("de", "vom 3.-5. Juni 2026", "2026-06-03", "2026-06-05"),
        ("de", "vom 03.-05.06.2026", "2026-06-03", "2026-06-05"),
        ("de", "01.06.-30.06.2026", "2026-06-01", "2026-06-30"),
        ("de", "01.06.2026-30.06.2026", "2026-06-01", "2026-06-30"),
        ("fr", "01/06/2026-30/06/2026", "2026-06-01", "2026-06-30"),
        ("pt", "01/06 a 30/06/2026", "2026-06-01", "2026-06-30"),
        ("de", "vom 01.01. - 31.12.2024", "2024-01-01", "2024-12-31"),
        ("de", "01.10. bis 31.03.2025", "2024-10-01", "2025-03-31"),
        ("fr", "du 1er janvier au 31 décembre 2024", "2024-01-01", "2024-12-31"),
        ("fr", "du 1er au 15/11/2025", "2025-11-01", "2025-11-15"),
        ("es", "del 1 al 15/11/2025", "2025-11-01", "2025-11-15"),
        ("de", "vom 1. bis 15.11.2025", "2025-11-01", "2025-11-15"),
    ],
)
def test_both_ends_of_a_period_are_read(language: Language, text: str, first: str, last: str) -> None:
    """Bills write them without a space, and the year or the month once."""
    assert days(text, language) == [first, last]


def test_a_list_that_runs_over_the_end_of_a_month_begins_in_the_month_before() -> None:
    """From the 20th to the 5th is two weeks, and a letter before the number makes it the name of something."""
    assert days("du 20 au 5 janvier", "fr", date(2026, 1, 10)) == ["2025-12-20", "2026-01-05"]
    assert days("box D7 au 31 mai", "fr") == ["2026-05-31"]


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "you charged me yesterday", "2026-06-14"),
        ("en", "last Friday", "2026-06-12"),
        ("en", "three days ago", "2026-06-12"),
        ("es", "hace dos semanas", "2026-06-01"),
        ("es", "el viernes pasado", "2026-06-12"),
        ("pt", "anteontem", "2026-06-13"),
        ("pt", "na sexta-feira passada", "2026-06-12"),
        ("fr", "il y a 5 jours", "2026-06-10"),
        ("fr", "vendredi dernier", "2026-06-12"),
        ("de", "vorgestern", "2026-06-13"),
        ("de", "letzten Freitag", "2026-06-12"),
        ("de", "vor drei Tagen", "2026-06-12"),
        ("en", "by the 26th", "2026-06-26"),
        ("en", "Friday last week", "2026-06-12"),
        ("es", "el lunes de la semana pasada", "2026-06-08"),
        ("pt", "na sexta-feira da semana passada", "2026-06-12"),
        ("fr", "mardi de la semaine dernière", "2026-06-09"),
        ("de", "letzte Woche Donnerstag", "2026-06-11"),
        ("de", "am vorigen Montag", "2026-06-08"),
        ("en", "a fortnight ago", "2026-06-01"),
        ("en", "last night", "2026-06-14"),
        ("en", "this morning", "2026-06-15"),
        ("en", "twenty-one days ago", "2026-05-25"),
        ("es", "antes de ayer", "2026-06-13"),
        ("es", "anoche", "2026-06-14"),
        ("pt", "faz três dias", "2026-06-12"),
        ("pt", "dois dias atrás", "2026-06-13"),
        ("fr", "avant hier", "2026-06-13"),
        ("fr", "ce matin", "2026-06-15"),
        ("fr", "aujourd\u2019hui", "2026-06-15"),
        ("en", "a month ago", "2026-05-15"),
        ("en", "a year ago", "2025-06-15"),
        ("en", "a week ago today", "2026-06-08"),
        ("en", "the day after tomorrow", "2026-06-17"),
        ("en", "the Monday before last", "2026-06-01"),
        ("en", "a week last Tuesday", "2026-06-02"),
        ("en", "this evening", "2026-06-15"),
        ("en", "the fair is in three days", "2026-06-18"),
        ("en", "the audit is due in 3 weeks' time", "2026-07-06"),
        ("en", "three days from now", "2026-06-18"),
        ("es", "lo pagué hace dos meses", "2026-04-15"),
        ("es", "un mes atrás", "2026-05-15"),
        ("es", "la boda es en tres días", "2026-06-18"),
        ("es", "anteanoche", "2026-06-13"),
        ("es", "el lunes antepasado", "2026-06-01"),
        ("es", "mañana mismo", "2026-06-16"),
        ("pt", "devolvi há dois meses", "2026-04-15"),
        ("pt", "um mês atrás", "2026-05-15"),
        ("pt", "Daqui a três dias", "2026-06-18"),
        ("fr", "renvoyé il y a un mois", "2026-05-15"),
        ("fr", "la fête est dans trois jours", "2026-06-18"),
        ("de", "vor einem Monat", "2026-05-15"),
        ("de", "vor einem Jahr", "2025-06-15"),
        ("de", "das Fest ist in 3 Tagen", "2026-06-18"),
        ("de", "heute in einer Woche", "2026-06-22"),
        ("de", "heute vor einer Woche", "2026-06-08"),
        ("es", "hoy hace un mes", "2026-05-15"),
        ("de", "morgen früh", "2026-06-16"),
        ("de", "am vorletzten Montag", "2026-06-01"),
        ("es", "el miercoles pasado", "2026-06-10"),
        ("pt", "na terca passada", "2026-06-09"),
        ("pt", "amanha", "2026-06-16"),
        ("de", "uebermorgen", "2026-06-17"),
    ],
)
def test_relative_days_count_from_the_day_of_writing(language: Language, text: str, value: str) -> None:
    """They are marked as relative, and point to a real day."""
    [day] = read_dates(text, language, written=WRITTEN)
    assert (day.relative, day.value.isoformat()) == (True, value)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "refunded within 10 days"),
        ("en", "I get it back in 10 days"),
        ("en", "two years ago"),
        ("en", "she is in three days a week"),
        ("en", "half a year ago"),
        ("en", "about a month ago"),
        ("en", "you charged me on Tuesday"),
        ("es", "me lo devuelven en 15 días"),
        ("es", "no aparco ahí desde hace dos meses"),
        ("es", "esta noche"),
        ("pt", "devolvem em cinco dias úteis"),
        ("pt", "há um ano que espero"),
        ("pt", "andei um mês atrás do dono"),
        ("fr", "échéance dans trente jours"),
        ("fr", "il y a un mois et demi"),
        ("de", "zahlbar in zehn Tagen"),
        ("de", "guten morgen"),
    ],
)
def test_spans_and_what_may_be_another_day_are_left_alone(language: Language, text: str) -> None:
    """A span may count from another day, nobody means a day by years, and a weekday alone may belong to a story."""
    assert read_dates(text, language, written=WRITTEN) == []


def test_a_month_ago_is_the_last_day_of_a_shorter_month() -> None:
    """From 31 March a month back is 28 February."""
    [day] = read_dates("a month ago", "en", written=date(2026, 3, 31))
    assert day.value == date(2026, 2, 28)


@pytest.mark.parametrize("written", [date.min, date.max])
@pytest.mark.parametrize(
    "text", ["yesterday", "tomorrow", "a month ago", "in 3 months' time", "on the 5th", "7 August"]
)
def test_no_day_of_writing_is_too_far(text: str, written: date) -> None:
    """A Date header may say the year 9999: the mail is read all the same."""
    read_dates(f"it comes {text}", "en", written=written)


@given(
    st.dates(min_value=date(1990, 1, 1), max_value=date(2039, 12, 31)), st.sampled_from(["en", "es", "pt", "fr", "de"])
)
def test_iso_dates_are_read_as_they_stand(day: date, language: Language) -> None:
    """Whatever the language, 2026-03-04 is the fourth of March."""
    assert days(f"x {day.isoformat()} y", language) == [day.isoformat()]


@given(
    st.text(alphabet="0123456789./- ,abcdefjlmnoprstuvzäéç\n", max_size=80),
    st.sampled_from(["en", "de", "fr", "other"]),
)
def test_any_text_can_be_read(text: str, language: Language) -> None:
    """No text raises, and days lie inside their text without overlaps."""
    end = 0
    for day in read_dates(text, language, written=WRITTEN):
        assert end <= day.start < day.end <= len(text)
        end = day.end
