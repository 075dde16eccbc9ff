"""The currencies of the world as people write them: signs, codes and names, and how many decimals each has.

Pure tables with three questions: `named` (what does this sign or name mean?), `decimals` and `is_code`. A sign that
several currencies share ("$", "kr", "¥") means itself here; the rest of the mail may settle it (`settle_currency`).
"""

from functools import cache
from typing import Final

from babel import Locale
from babel.numbers import get_currency_precision, get_territory_currencies, list_currencies

#: signs and abbreviations, case folded, that stand before or after a number
SIGNS: Final[dict[str, str]] = {
    "€": "EUR", "£": "GBP", "₤": "GBP", "$": "$", "¥": "¥", "円": "JPY", "元": "CNY", "₹": "INR", "र": "INR", "₨": "Rs",
    "us$": "USD", "us $": "USD", "u$s": "USD", "u$d": "USD", "$us": "USD", "usd$": "USD", "u.s. $": "USD",
    "r$": "BRL", "a$": "AUD", "au$": "AUD", "aud$": "AUD", "c$": "CAD", "c $": "CAD", "ca$": "CAD", "ca $": "CAD",
    "cad$": "CAD", "can$": "CAD", "cdn$": "CAD", "$ ca": "CAD", "$ can": "CAD", "nz$": "NZD", "nzd$": "NZD",
    "hk$": "HKD", "hk $": "HKD", "$ hk": "HKD", "s$": "SGD", "sg$": "SGD", "sgd$": "SGD", "$ sgd": "SGD", "nt$": "TWD",
    "mx$": "MXN", "mxn$": "MXN", "mex$": "MXN", "$mn": "MXN", "ar$": "ARS", "clp$": "CLP", "cl$": "CLP",
    "col$": "COP", "cop$": "COP", "rd$": "DOP", "$u": "UYU", "uy$": "UYU", "tt$": "TTD", "j$": "JMD", "bz$": "BZD",
    "s/": "PEN", "s/.": "PEN", "b/.": "PAB", "bs": "Bs", "bs.": "Bs", "₡": "CRC", "₲": "PYG", "gs.": "PYG",
    "chf": "CHF", "sfr": "CHF", "sfr.": "CHF", "fr.": "CHF", "rs": "INR", "rs.": "INR", "inr": "INR",
    "kr": "kr", "kr.": "kr", "skr": "SEK", "nkr": "NOK", "dkr": "DKK", "zł": "PLN", "zl": "PLN", "kč": "CZK",
    "ft": "HUF", "lei": "RON", "лв": "BGN", "лв.": "BGN", "руб": "RUB", "руб.": "RUB", "р.": "RUB", "р": "RUB",
    "₽": "RUB", "₴": "UAH", "грн": "UAH", "грн.": "UAH", "₺": "TRY", "tl": "TRY", "₪": "ILS", "₩": "KRW", "฿": "THB",
    "₫": "VND", "đ": "VND", "₱": "PHP", "₦": "NGN", "₵": "GHS", "gh₵": "GHS", "₸": "KZT", "₾": "GEL", "₼": "AZN",
    "֏": "AMD", "₮": "MNT", "៛": "KHR", "₭": "LAK", "₿": "BTC", "rmb": "CNY", "rp": "IDR", "rp.": "IDR",
    "rm": "MYR", "ksh": "KES", "kshs": "KES", "ksh.": "KES", "q": "GTQ",
    "r": "ZAR", "n": "NGN", "gh¢": "GHS", "ghc": "GHS", "tsh": "TZS", "tsh.": "TZS", "tshs": "TZS", "ush": "UGX",
    "ushs": "UGX", "php": "PHP", "dhs": "dirham", "dhs.": "dirham", "dh": "dirham", "dh.": "dirham", "da": "DZD",
    "dt": "TND", "kz": "AOA", "mt": "MZN", "l": "HNL", "l.": "HNL", "frs": "franc", "frs.": "franc",
    "fcfa": "XOF", "f cfa": "XOF", "cfa": "XOF", "m.n.": "MXN",
}  # fmt: skip
#: of these, the ones that are everyday words or units after a number: they count only before it
BEFORE_ONLY: Final = frozenset({"q", "r", "n", "l", "l.", "rs", "rs.", "rm", "rp", "rp.", "gs.", "s/", "b/.", "$mn"})
#: and these only after it
AFTER_ONLY: Final = frozenset(
    {"ft", "lei", "tl", "р", "р.", "m.n.", "$ hk", "$ ca", "$ can", "円", "元", "zl", "đ"}
    | {"da", "dt", "mt", "frs", "frs."}
)
#: short ones that mean something else in another case ("6 ft" is a length): only as written here
CASED: Final = {
    "ft": ("Ft",),
    "tl": ("TL",),
    "rp": ("Rp",),
    "rm": ("RM",),
    "bs": ("Bs",),
    "lei": ("lei", "Lei", "LEI"),
    "q": ("Q",),
    "r": ("R",),
    "n": ("N",),
    "l": ("L",),
    "l.": ("L.",),
    "da": ("DA",),
    "dt": ("DT",),
    "mt": ("MT", "Mt"),
    "php": ("Php", "PhP"),
}
#: letters that need the look of an amount behind them ("R 16" is the size of a tyre), or a mail that shows it
LETTERS: Final = {"q": "GTQ", "r": "ZAR", "n": "NGN", "l": "HNL", "l.": "HNL"}
#: short ones that are something else in other languages; texts in no known language may have them
LOCAL: Final = {
    "n": "en", "l": "es", "l.": "es", "da": "fr", "dt": "fr", "dh": "fr", "dh.": "fr", "kz": "pt", "mt": "pt",
    "rm": "en",
}  # fmt: skip
#: names that are weights as well: "2 pounds of flour" is no money
WEIGHTS: Final = frozenset({"pound", "pounds", "pfund", "libras"})

#: names as words, in the five languages and as said on the street; the plain ones of several countries keep their name
NAMES: Final[dict[str, str]] = {
    "euro": "EUR", "euros": "EUR", "eur": "EUR", "eurs": "EUR", "teuro": "EUR", "pavos": "EUR", "pavo": "EUR",
    "lereles": "EUR", "balles": "EUR",  "pound": "GBP", "pounds": "GBP", "pounds sterling": "GBP",
    "quid": "GBP", "sterling": "GBP", "pfund": "GBP", "libras": "GBP", "libras esterlinas": "GBP",
    "livres sterling": "GBP", "dollar": "$", "dollars": "$", "dollares": "$", "bucks": "$", "dólar": "$",
    "dólares": "$", "dolar": "$", "dolares": "$", "piastres": "$", "us dollar": "USD", "us dollars": "USD",
    "u.s. dollars": "USD", "american dollars": "USD", "us-dollar": "USD", "dólares americanos": "USD",
    "dólares estadounidenses": "USD", "dollars américains": "USD", "dollars us": "USD", "canadian dollars": "CAD",
    "canadian dollar": "CAD", "dollars canadiens": "CAD", "dólares canadienses": "CAD", "dólares canadenses": "CAD",
    "kanadische dollar": "CAD", "australian dollars": "AUD", "aussie dollars": "AUD", "dólares australianos": "AUD",
    "dollars australiens": "AUD", "australische dollar": "AUD", "new zealand dollars": "NZD", "kiwi dollars": "NZD",
    "hong kong dollars": "HKD", "dólares de hong kong": "HKD", "singapore dollars": "SGD",
    "reais": "BRL", "reals": "BRL", "reales": "BRL", "réais": "BRL", "conto": "BRL", "contos": "BRL",
    "pesos": "peso", "peso": "peso", "pesos mexicanos": "MXN",
    "pesos m.n.": "MXN", "varos": "MXN", "pesos argentinos": "ARS", "pesos chilenos": "CLP", "pesos colombianos": "COP",
    "pesos uruguayos": "UYU", "pesos dominicanos": "DOP", "mexican pesos": "MXN", "soles": "PEN", "nuevos soles": "PEN",
    "colones": "CRC", "quetzales": "GTQ", "lempiras": "HNL", "bolivianos": "BOB", "guaraníes": "PYG",
    "guaranies": "PYG", "bolívares": "VES", "bolivares": "VES", "córdobas": "NIO", "cordobas": "NIO", "balboas": "PAB",
    "gourdes": "HTG", "ariary": "MGA", "dinars algériens": "DZD", "dinars tunisiens": "TND", "francs cfa": "XOF",
    "francs congolais": "CDF", "patacas": "MOP", "kenyan shillings": "KES", "ugandan shillings": "UGX",
    "tanzanian shillings": "TZS", "cedis": "GHS", "ghana cedis": "GHS", "south african rand": "ZAR", "rands": "ZAR",
    "franken": "CHF", "schweizer franken": "CHF", "fränkli": "CHF", "stutz": "CHF",
    "swiss francs": "CHF", "swiss franc": "CHF", "francs suisses": "CHF", "francos suizos": "CHF",
    "francos suíços": "CHF", "francs": "franc", "francos": "franc", "rupees": "INR", "rupee": "INR", "rupias": "INR",
    "roupies": "INR", "rupien": "INR", "indian rupees": "INR", "yen": "JPY", "yens": "JPY", "yenes": "JPY",
    "ienes": "JPY", "yuan": "CNY", "yuans": "CNY", "yuanes": "CNY", "renminbi": "CNY", "złoty": "PLN", "zloty": "PLN",
    "zlotys": "PLN", "złotych": "PLN", "zlotych": "PLN", "kronen": "kr", "kronor": "SEK", "kroner": "kr",
    "swedish kronor": "SEK", "danish kroner": "DKK", "norwegian kroner": "NOK", "forint": "HUF", "kwanzas": "AOA",
    "meticais": "MZN", "escudos": "CVE", "kwanza": "AOA", "dirhams": "dirham", "dirham": "dirham", "rand": "ZAR",
    "naira": "NGN", "nairas": "NGN", "shekels": "ILS", "rubles": "RUB", "rublos": "RUB", "rubel": "RUB",
    "turkish lira": "TRY", "liras turcas": "TRY", "türkische lira": "TRY", "korean won": "KRW", "baht": "THB",
    "ringgit": "MYR", "bitcoin": "BTC",
}  # fmt: skip
#: a hundredth of the currency beside it, or of the site's own
CENTS: Final = frozenset(
    {"cent", "cents", "ct", "ct.", "cts", "cts.", "centavos", "centavo", "céntimos", "céntimo", "centimos", "centimo"}
    | {"¢", "cêntimos", "cêntimo", "centimes", "centime", "pence", "penny", "p", "rappen"}
)
#: ISO 4217 codes that are also words or abbreviations; they need the look of an amount beside them
WORDLIKE: Final = frozenset(
    {"ALL", "TOP", "TRY", "MAD", "PEN", "CUP", "BOB", "SOS", "LAK", "GEL", "MOP", "ANG", "BAM", "COP", "DOP"}
    | {"MUR", "RON", "STD", "WST", "XXX", "XTS", "AMD", "CVE", "SAR", "MIL", "ARS"}
)
#: currencies that are written without decimals, so that a group of three after a mark is thousands
WHOLE: Final = frozenset({"CLP", "COP", "PYG", "JPY", "KRW", "VND", "HUF", "ISK", "IDR", "ARS", "CRC"})
#: decimal point rather than comma although the language is Spanish
POINT_COUNTRIES: Final = frozenset({"MXN", "DOP", "PEN", "GTQ", "HNL", "USD", "GBP", "CHF", "INR", "AUD"})


#: what old contracts and invoices are in, and Chile's unit of account
_OLD: Final = frozenset("DEM FRF ESP PTE ITL ATS BEF NLG IEP FIM GRD HRK CLF".split())  # noqa: SIM905


@cache
def codes() -> frozenset[str]:
    """ISO 4217 codes of money in use today, and a few of yesterday that old invoices show."""
    territories = [code for code in map(str, Locale("en").territories) if len(code) == 2]
    return _OLD.union(*(get_territory_currencies(code) for code in territories)).intersection(list_currencies())


def is_code(text: str) -> bool:
    """Whether the text is an ISO 4217 code in capitals."""
    return len(text) == 3 and text in codes()


def decimals(currency: str | None) -> int:
    """How many decimals amounts of this currency have; two where it is open."""
    return get_currency_precision(currency) if currency and is_code(currency) else 2
