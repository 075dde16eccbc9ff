"""The words that days are said with in five languages: months, weekdays, yesterday and last week, and what tells
whether a day has been or is to come. Tables only."""

from typing import Final

#: the twelve months, each with its full names first and then its short ones
MONTHS: Final[dict[str, tuple[str, ...]]] = {
    "en": (
        *("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug"),
        *("september sept sep", "october oct", "november nov", "december dec"),
    ),
    "es": (
        *("enero ene", "febrero feb", "marzo mar", "abril abr", "mayo may", "junio jun", "julio jul", "agosto ago"),
        *("septiembre setiembre sept sep set", "octubre oct", "noviembre nov", "diciembre dic"),
    ),
    "pt": (
        *("janeiro jan", "fevereiro fev", "março marco mar", "abril abr", "maio mai", "junho jun", "julho jul"),
        *("agosto ago", "setembro set", "outubro out", "novembro nov", "dezembro dez"),
    ),
    "fr": (
        *("janvier janv jan", "février fevrier févr fevr fév fev", "mars", "avril avr", "mai", "juin", "juillet juil"),
        *("août aout", "septembre sept sep", "octobre oct", "novembre nov", "décembre decembre déc dec"),
    ),
    "de": (
        *(
            "januar jänner jan jän",
            "februar feber feb",
            "märz maerz mär mrz",
            "april apr",
            "mai",
            "juni jun",
            "juli jul",
        ),
        *("august aug", "september sept sep", "oktober okt", "november nov", "dezember dez"),
    ),
}
WEEKDAYS: Final[dict[str, tuple[str, ...]]] = {
    "en": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    "pt": ("segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "de": ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"),
}
#: words for a day near the day of writing, and how many days away it is
NEAR: Final[dict[str, dict[str, int]]] = {
    "en": {
        "yesterday": -1,
        "today": 0,
        "tomorrow": 1,
        "the day before yesterday": -2,
        "a week ago": -7,
        "last night": -1,
        "this morning": 0,
        "this afternoon": 0,
        "tonight": 0,
        "a day ago": -1,
        "a fortnight ago": -14,
    },
    "es": {
        "ayer": -1,
        "hoy": 0,
        "anteayer": -2,
        "antier": -2,
        "pasado mañana": 2,
        "hace una semana": -7,
        "antes de ayer": -2,
        "anoche": -1,
        "esta mañana": 0,
        "esta tarde": 0,
    },
    "pt": {
        "ontem": -1,
        "hoje": 0,
        "amanhã": 1,
        "anteontem": -2,
        "depois de amanhã": 2,
        "há uma semana": -7,
        "esta manhã": 0,
        "esta tarde": 0,
    },
    "fr": {
        "hier": -1,
        "aujourd'hui": 0,
        "demain": 1,
        "avant-hier": -2,
        "après-demain": 2,
        "il y a une semaine": -7,
        "avant hier": -2,
        "ce matin": 0,
        "cet après-midi": 0,
        "ce soir": 0,
    },
    "de": {"gestern": -1, "heute": 0, "vorgestern": -2, "übermorgen": 2, "vor einer woche": -7},
}
#: "three days ago": before and after the number, and the words for day and week
AGO: Final[dict[str, str]] = {
    "en": r"(?P<n>[\w-]+) (?P<unit>days?|weeks?) ago",
    "es": r"hace (?P<n>\w+) (?P<unit>días?|dias?|semanas?)",
    "pt": (
        r"(?:(?:h[áa]|faz) (?=\w+ (?:dia|semana))|(?=\w+ \w+ atr[áa]s\b))(?P<n>\w+) (?P<unit>dias?|semanas?)"
        r"(?: atr[áa]s)?"
    ),
    "fr": r"il y a (?P<n>[\w-]+) (?P<unit>jours?|semaines?)",
    "de": r"vor (?P<n>\w+) (?P<unit>tage?n?|wochen?)",
}
#: one of these words is in every such phrase
AGO_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "en": ("ago",), "es": ("hace",), "pt": ("há", "ha", "faz", "atrás", "atras"), "fr": ("y",), "de": ("vor",)
}  # fmt: skip
#: "last Friday" is before, "next Friday" after the day of writing; a bare weekday says neither and is left alone
LAST: Final[dict[str, str]] = {
    "en": r"(?P<last>last|this past|past)|(?P<next>next|this coming|coming)",
    "es": r"(?P<last>el pasado|este pasado)|(?P<next>el próximo|el proximo|este próximo)",
    "pt": r"(?P<last>na última|na ultima|no último)|(?P<next>na próxima|na proxima|no próximo)",
    "fr": r"(?P<last>$^)|(?P<next>$^)",
    "de": r"(?P<last>(?:am )?(?:letzten|vergangenen|vorigen)|letzter)|(?P<next>nächsten|kommenden|am kommenden)",
}
LAST_AFTER: Final[dict[str, str]] = {
    "en": r"(?P<past>$^)|(?P<coming>$^)",
    "es": r"(?P<past>pasado|último)|(?P<coming>próximo|que viene)",
    "pt": r"(?:-feira)? ?(?:(?P<past>passad[ao])|(?P<coming>que vem|próxim[ao]))",
    "fr": r"(?P<past>dernier|passé)|(?P<coming>prochain)",
    "de": r"(?P<past>$^)|(?P<coming>$^)",
}
#: what stands before a day without its month: "on the 26th", "le 15", "dia 14", "am 15."
ON: Final[dict[str, str]] = {
    "en": r"\bthe (?P<d>\d{1,2})(?:st|nd|rd|th)\b(?! \w+ (?:of|time)| (?:of )?(?:each|every|any)\b)",
    "es": r"\b(?:el|del|al|día|dia) (?P<d>\d{1,2})(?=[,.;:)]|$| (?:y|me|se|le|les|por|en|de este|a las|ya|pero)\b)",
    "pt": r"(?<!todo )(?<!cada )\bdia (?P<d>\d{1,2})\b(?! de)",
    "fr": r"\ble (?P<d>\d{1,2})(?=[,.;:)]|$| (?:et|à|pour|mais|dernier|du mois|au|par|je|on|vous)\b)",
    "de": r"\b(?:am|zum|vom|bis zum) (?P<d>\d{1,2})\.(?= (?!jede[nms] )[^A-ZÄÖÜ\d]|$)",
}
#: a day of the month before, of this one or of the next: "the 3rd of last month"
OF_MONTH: Final[dict[str, str]] = {
    "en": r"(?P<d>\d{1,2})(?:st|nd|rd|th)? (?:of )?(?:(?P<last>last|the previous)|this|(?P<next>next)) month",
    "es": (
        r"(?P<d>\d{1,2}) (?:del? )?(?:(?P<last>(?:el )?(?:mes pasado|pasado mes|mes anterior))|este mes|mes en curso"
        r"|(?P<next>(?:el )?(?:mes que viene|próximo mes|mes próximo)))"
    ),
    "pt": (
        r"(?P<d>\d{1,2}) (?:(?P<last>do (?:mês passado|mês anterior|último mês))|deste mês|do mês corrente"
        r"|(?P<next>do (?:mês que vem|próximo mês)))"
    ),
    "fr": (
        r"(?P<d>\d{1,2})(?:er)? (?:du |de )?(?:(?P<last>mois (?:dernier|passé|précédent))|ce mois|mois en cours|courant"
        r"|(?P<next>mois prochain))"
    ),
    "de": (
        r"(?P<d>\d{1,2})\.? (?:(?P<last>(?:des )?(?:letzten|vorigen|vergangenen) Monats)|dieses Monats|d\. ?M\."
        r"|(?P<next>(?:des )?(?:nächsten|kommenden) Monats))"
    ),
}
#: one of these is in every such day
MONTH: Final[dict[str, frozenset[str]]] = {
    "en": frozenset({"month"}),
    "es": frozenset({"mes"}),
    "pt": frozenset({"mês"}),
    "fr": frozenset({"mois", "courant"}),
    "de": frozenset({"monats", "m"}),
}
#: what stands before and after the weekday in "Friday of last week"
OF_WEEK: Final[dict[str, tuple[str, str]]] = {
    "en": ("last week,? (?:on )?", " (?:of )?last week"),
    "es": ("la semana pasada,? el ", " de la (?:semana pasada|pasada semana)"),
    "pt": ("(?:na )?semana passada,? na ", "(?:-feira)? da semana passada"),
    "fr": ("la semaine dernière,? le ", " de la semaine (?:dernière|passée)"),
    "de": ("(?:letzte|vorige|vergangene) Woche (?:am )?", " (?:letzter|voriger|vergangener|der letzten) Woche"),
}
#: what tells that a day has been: it was charged then, or a paper has its date
PAST: Final[dict[str, str]] = {
    "en": (
        r"charged|billed|invoiced|debited|deducted|paid|bought|ordered|purchased|cancell?ed|terminated|received|booked"
        r"|signed|subscribed|renewed|refunded|credited|returned|delivered|posted|issued|expired|ended|stayed|moved|wrote"
        r"|called|spoke|told|promised|was|were|had|did|took|taken|sent|got|went|made|came|withdrew|withdrawn|since|dated"
    ),
    "es": (
        r"cobr(?:aron|ado|ada|ó|asteis|aste)|carg(?:aron|ado|ó)|factur(?:aron|ado|ó)|debit(?:aron|ado|ó)|pag(?:ué|ue|ado|ó)"
        r"|pagamos|compr(?:é|ado|amos)|pedí|pedimos|recib(?:í|ido|imos)|cancel(?:é|ado|ada|amos)|contrat(?:é|ado|amos)"
        r"|reserv(?:é|ado|amos)|solicit(?:é|ado|amos)|devolv(?:í|ieron)|firmé|llam(?:é|amos)|escrib(?:í|imos)|envi(?:é|ado"
        r"|aron|asteis)|emitid[oa]|hice|hicimos|hicieron|fue|fueron|fui|era|estaba|estuve|había|llegó|terminó|venció|desde"
        r"|con fecha|pasado"
    ),
    "pt": (
        r"cobr(?:aram|ado|ada|ou)|debit(?:aram|ado|ada|ou)|factur(?:aram|ado)|fatur(?:aram|ado)|pag(?:uei|o|ou|amos)"
        r"|compr(?:ei|ado|amos)|pedi|recebi|receb(?:ido|emos)|cancel(?:ei|ado|ada|amos)|contrat(?:ei|ado|amos)"
        r"|reserv(?:ei|ado|amos)|solicit(?:ei|ado|amos)|devolv(?:i|eram)|assinei|lig(?:uei|amos)|escrev(?:i|emos)"
        r"|envi(?:ei|ado|aram)|emitid[oa]|fiz|fizeram|fez|foi|foram|fui|era|estava|estive|tinha|houve|chegou|terminou|venceu"
        r"|desde|datad[oa]|passado"
    ),
    "fr": (
        r"prélev(?:é|ée|és|ées|iez)|débit(?:é|ée|és|ées)|factur(?:é|ée|és|ées)|pay(?:é|ée|és|ées)|régl(?:é|ée|és|ées)"
        r"|achet(?:é|ée|és)|command(?:é|ée|és)|reçue?s?|résili(?:é|ée|és)|annul(?:é|ée|és)|souscrite?|réserv(?:é|ée)"
        r"|rembours(?:é|ée|és)|livr(?:é|ée|és)|renvoy(?:é|ée|és)|envoy(?:é|ée|és)|sign(?:é|ée)|appel(?:é|ée)|écrite?"
        r"|émise?s?|dat(?:é|ée)e?s?|ai|avons|avez|a été|ont été|était|étaient|étais|avais|avait|depuis"
        r"|terminée?|passée?"
    ),
    "de": (
        r"abgebucht|berechnet|belastet|eingezogen|bezahlt|gezahlt|überwiesen|gekauft|bestellt|gekündigt|widerrufen|erhalten"
        r"|bekommen|storniert|gebucht|unterschrieben|zurückgeschickt|zurückgesandt|geliefert|geschrieben|telefoniert"
        r"|angerufen|erstattet|gutgeschrieben|ausgestellt|geschickt|gesendet|wurde|wurden|war|waren|hatte|hatten|buchten"
        r"|buchte|seit|datiert|ausgezogen|umgezogen"
    ),
}  # fmt: skip
_NUMBERED: Final = r"(?: (?:no|nr|num|n[°ºo])?\.? ?\S*\d\S*)?"
#: papers, whose date has been
DATED: Final[dict[str, str]] = {
    "en": rf"(?:invoice|bill|receipt|statement|order|mail|letter|charge|debit)s?{_NUMBERED} (?:of|from|on)",
    "es": rf"(?:factura|recibo|cargo|cobro|pedido|correo|carta|extracto)s?{_NUMBERED} (?:de|del)",
    "pt": rf"(?:fatura|factura|recibo|cobrança|pedido|mail|carta|extrato|débito)s?{_NUMBERED} (?:de|do)",
    "fr": rf"(?:facture|reçu|prélèvement|commande|courriel|mail|lettre|relevé|débit)s?{_NUMBERED} (?:du|de)",
    "de": rf"(?:rechnung|abbuchung|lastschrift|schreiben|mail|bestellung|auszug|mahnung|kündigung)s?{_NUMBERED} vom",
}
#: what tells that a day is to come, or that a time is meant which may reach ahead
TO_COME: Final[dict[str, str]] = {
    "en": (
        r"will|won't|shall|'ll|going to|due|payable|expires?|ends|upcoming|next|deadline|period|would|can|please|to be"
    ),
    "es": (
        r"\w+[aei]ré|\w+[aeid]rá|\w+[aeid]rán|\w+[aei]remos|van? a|voy a|vence|vencimiento|próxim[oa]|plazo|per[ií]odo"
        r"|pueden?|por favor|ruego"
    ),
    "pt": (
        r"\w+[aei]rei|\w+[aei]rá|\w+[aei]rão|\w+[aei]remos|vai|vão|vou|vence|vencimento|próxim[oa]|prazo|período|podem?"
        r"|por favor|peço"
    ),
    "fr": (
        r"\w+[eid]rai|\w+[eid]ra|\w+[eid]ront|\w+[eid]rez|va|vais|vont|allez|échéance|prochaine?|délai|période|pouvez"
        r"|merci de|veuillez"
    ),
    "de": (
        r"werde|wird|werden|fällig|soll|sollen|frist|zeitraum|nächste[nr]?|kommende[nr]?|bitte|kann|können|endet|läuft"
    ),
}
#: words right before a day that look ahead from it, whatever the verb
UNTIL: Final[dict[str, str]] = {
    "en": r"for|until|till|til|by|before|through",
    "es": r"para el|hasta el|antes del|a partir del|para|hasta",
    "pt": r"para o dia|até|até o dia|até ao dia|antes de|a partir de|para",
    "fr": r"pour le|jusqu'au|avant le|à partir du|au plus tard le",
    "de": r"für den|für|bis|bis zum|zum|vor dem|ab dem|ab",
}
#: what stands between two days of one statement: "from 3 to 5 May", "am 3. und am 5. Mai"
JOINED: Final = (
    r"[ ,]*(?:-|–|\b(?:to|until|and|again on|al?|y|hasta|e|até|ao?|et|au|und|bis)\b)?"
    r"(?: ?\b(?:on|the|el|del?|no|do|dia|le|du|am|zum|den|vom)\b){0,2} ?"
)
