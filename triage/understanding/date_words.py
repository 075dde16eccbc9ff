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
_ENGLISH: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_GERMAN: Final = ("ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
_FRENCH: Final = ("deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf")
_PORTUGUESE: Final = ("um", "dois", "tr[êe]s", "quatro", "cinco", "seis", "sete", "oito", "nove")
#: the days of a month from the first to the thirty-first, with spellings that are in use beside one another
SPELLED: Final[dict[str, tuple[str, ...]]] = {
    "en": (
        *_ENGLISH,
        *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth"),
        *("eighteenth", "nineteenth", "twentieth", *(f"twenty[- ]{each}" for each in _ENGLISH)),
        *("thirtieth", "thirty[- ]first"),
    ),
    "es": (
        *("primero", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once", "doce"),
        *("trece", "catorce", "quince", "diecis[ée]is", "diecisiete", "dieciocho", "diecinueve", "veinte"),
        *("veinti(?:uno|ún)", "veintid[óo]s", "veintitr[ée]s", "veinticuatro", "veinticinco", "veintis[ée]is"),
        *("veintisiete", "veintiocho", "veintinueve", "treinta", "treinta y uno"),
    ),
    "pt": (
        *("primeiro", "dois", "tr[êe]s", "quatro", "cinco", "seis", "sete", "oito", "nove", "dez", "onze", "doze"),
        *("treze", "(?:c|qu)atorze", "quinze", "dez[ea]sseis", "dez[ea]ssete", "dezoito", "dez[ea]nove", "vinte"),
        *(f"vinte e {each}" for each in _PORTUGUESE),
        *("trinta", "trinta e um"),
    ),
    "fr": (
        *("premier", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze"),
        *("treize", "quatorze", "quinze", "seize", "dix[- ]sept", "dix[- ]huit", "dix[- ]neuf", "vingt"),
        *("vingt[- ]et[- ]un", *(f"vingt[- ]{each}" for each in _FRENCH)),
        *("trente", "trente[- ]et[- ]un"),
    ),
    "de": (
        *("erst", "zweit", "dritt", "viert", "fünft", "sechst", "siebt", "acht", "neunt", "zehnt", "elft", "zwölft"),
        *("dreizehnt", "vierzehnt", "fünfzehnt", "sechzehnt", "siebzehnt", "achtzehnt", "neunzehnt", "zwanzigst"),
        *(f"{each}undzwanzigst" for each in _GERMAN),
        *("drei(?:ß|ss)igst", "einunddrei(?:ß|ss)igst"),
    ),
}
#: how such a day stands before its month, with {} for its name. "The second March invoice", "les deux d'avril" and "die
#: erste Mai-Rechnung" are no days
SPELLED_BEFORE: Final[dict[str, str]] = {
    "en": r"(?:{}) of ",
    "es": r"(?<!os )(?<!as )(?:{}) (?:de |del )?",
    "pt": r"(?<!os )(?<!as )(?:{}) (?:de )?",
    "fr": r"(?<!es )(?<!os )(?:{}) (?:de |d')?",
    "de": (
        r"(?:(?<=\bam )|(?<=\bvom )|(?<=\bzum )|(?<=\bden )|(?<=\bdem )|(?<=\bbis )|(?<=\bab )"
        r"|(?<=\bder (?=\w+e )))(?:{})en? "
    ),
}
#: "May the fifth", "March twenty-first", in English: only after a word for a day ("In May the first invoice came")
SPELLED_AFTER: Final = (
    r"(?:\b(?:on|since|by|until|till|from|dated|before|after|through|of)|day,?) \Z",
    r" (?:(?:the )?(?:{})|the (?P<d>\d\d?)(?:st|nd|rd|th))(?![-\w])",
)
WEEKDAYS: Final[dict[str, tuple[str, ...]]] = {
    "en": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    "pt": ("segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "de": ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"),
}
#: words for a day near the day of writing, and how many days away it is; left out is what may be another: "morgen" and
#: "mañana" (also the morning), "esta noche" and "cette nuit" (also the night that has been)
NEAR: Final[dict[str, dict[str, int]]] = {
    "en": {
        "yesterday": -1,
        "today": 0,
        "tomorrow": 1,
        "the day before yesterday": -2,
        "last night": -1,
        "this morning": 0,
        "this afternoon": 0,
        "this evening": 0,
        "tonight": 0,
        "the day after tomorrow": 2,
        "a fortnight ago": -14,
    },
    "es": {
        "ayer": -1,
        "hoy": 0,
        "anteayer": -2,
        "antier": -2,
        "pasado mañana": 2,
        "antes de ayer": -2,
        "anoche": -1,
        "anteanoche": -2,
        "antes de anoche": -2,
        "mañana por la mañana": 1,
        "mañana por la tarde": 1,
        "mañana mismo": 1,
        "esta mañana": 0,
        "esta tarde": 0,
    },
    "pt": {
        "ontem": -1,
        "hoje": 0,
        "amanhã": 1,
        "anteontem": -2,
        "depois de amanhã": 2,
        "esta manhã": 0,
        "esta tarde": 0,
    },
    "fr": {
        "hier": -1,
        "aujourd'hui": 0,
        "demain": 1,
        "avant-hier": -2,
        "après-demain": 2,
        "avant hier": -2,
        "ce matin": 0,
        "cet après-midi": 0,
        "ce soir": 0,
    },
    "de": {
        "gestern": -1,
        "heute": 0,
        "vorgestern": -2,
        "übermorgen": 2,
        "uebermorgen": 2,
        "heute morgen": 0,
        "heute in einer woche": 7,
        "heute in acht tagen": 7,
        "heute in vierzehn tagen": 14,
        "gestern morgen": -1,
        "morgen früh": 1,
        "morgen vormittag": 1,
        "morgen nachmittag": 1,
        "morgen abend": 1,
    },
}
#: "three days ago", "a month ago": the number, and the word for what is counted
AGO: Final[dict[str, str]] = {
    "en": (
        r"(?<!half )(?<!over )(?<!than )(?<!and )"
        r"(?P<n>[\w-]+) (?P<unit>days?|weeks?|months?|years?) (?:ago(?: today)?|from (?:now|today))"
    ),
    "es": (
        r"(?:(?:hoy )?hace (?=\w+ (?:d|s|m|a))|(?<!de )(?=\w+ \w+ atrás\b(?! de)))"
        r"(?P<n>\w+) (?P<unit>días?|dias?|semanas?|mes(?:es)?|año)(?: atrás)?"
    ),
    "pt": (
        r"(?:(?:h[áa]|faz) (?=\w+ (?:dia|semana|m[êe]s|ano))|(?<!de )(?=\w+ \w+ atr[áa]s\b(?! d[aeo])))"
        r"(?P<n>\w+) (?P<unit>dias?|semanas?|m[êe]s|meses|ano)(?: atr[áa]s)?"
    ),
    "fr": r"il y a (?P<n>[\w-]+) (?P<unit>jours?|semaines?|mois|an)",
    "de": r"(?:heute )?vor (?P<n>\w+) (?P<unit>tage?n?|wochen?|monate?n?|jahr)",
}
#: words for one that only count days
ONE: Final = frozenset({"a", "an", "einem", "einer"})
#: what stands before and after months that last until now, or are no whole ones: "desde hace un mes", "há um ano que"
LASTING: Final = (
    r"\b(?:about|around|almost|nearly|casi|quase|desde|já|ja|ya|est[áa](?:mos|s|n)?|estou|estão|and[ao]m?|aprendo|trabalho|trabajo|moro|vivo|sou|soy|espero"
    r"|com vocês|con ustedes)",
    r" (?:que|y medi[oa]|e mei[oa]|et demie?|não|no|sem|sin|[àa] espera|a la espera|\w+[aei]ndo)\b",
)
#: "in three days": only where the verb tells that the day itself is meant. "Within ten days" and "en 15 días" are a
#: span, and a span that was promised counts from the promise: "zahlbar in zehn Tagen", "refunded in five days"
AHEAD: Final[dict[str, tuple[str, str]]] = {
    "en": (
        r"(?:\b(?:is|are|expires?|ends?|begins?|starts?|opens?|leave|leaving|fly|flying|move|moving)|'s)\Z",
        r" in (?P<n>[\w-]+) (?P<unit>days?|weeks?|months?)\b(?! (?:of|or|a|per)\b)(?P<sure>'?s?'? time)?",
    ),
    "es": (
        r"\b(?:es|son|será|serán|empieza|comienza|vence|caduca|termina|viajo|viajamos|salimos|salgo)\Z",
        r" (?:dentro de|en) (?P<n>\w+) (?P<unit>días?|dias?|semanas?|mes(?:es)?)\b(?! (?:hábil|labora|corrid))"
        r"(?P<sure>$^)?",
    ),
    "pt": (r"$^", r"(?P<sure>\bdaqui a) (?P<n>\w+) (?P<unit>dias?|semanas?|m[êe]s|meses)\b(?! úteis)"),
    "fr": (
        r"\b(?:est|sont|sera|seront|lieu|commence|expire|pars|part|partons|termine|arrive|déménage|marie)\Z",
        r" dans (?P<n>[\w-]+) (?P<unit>jours?|semaines?|mois)\b(?! ouvr)(?P<sure>$^)?",
    ),
    "de": (
        r"\b(?:ist|sind|beginnt|startet|endet|läuft|ziehe|ziehen|fliege|fliegen|fahre|fahren|erst)\Z",
        r" in (?P<n>\w+) (?P<unit>tage?n?|wochen?|monate?n?)\b(?P<sure>$^)?",
    ),
}
#: one of these words is in every such phrase
AHEAD_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "en": ("day", "days", "week", "weeks", "month", "months"),
    "es": ("día", "días", "dia", "dias", "semana", "semanas", "mes", "meses"),
    "pt": ("daqui",),
    "fr": ("jour", "jours", "semaine", "semaines", "mois"),
    "de": ("tag", "tage", "tagen", "woche", "wochen", "monat", "monate", "monaten"),
}
#: one of these words is in every such phrase
AGO_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "en": ("ago", "now"), "es": ("hace", "atrás"), "pt": ("há", "ha", "faz", "atrás", "atras"), "fr": ("y",),
    "de": ("vor",),
}  # fmt: skip
#: "last Friday" is before, "next Friday" after the day of writing; a bare weekday says neither and is left alone
LAST: Final[dict[str, str]] = {
    "en": r"(?P<last>a week (?:ago )?last|last|this past|past)|(?P<next>next|this coming|coming)",
    "es": r"(?P<last>el pasado|este pasado)|(?P<next>el próximo|el proximo|este próximo)",
    "pt": r"(?P<last>na última|na ultima|no último)|(?P<next>na próxima|na proxima|no próximo)",
    "fr": r"(?P<last>$^)|(?P<next>$^)",
    "de": r"(?P<last>(?:am )?(?:(?:vor)?letzten|vergangenen|vorigen)|letzter)|(?P<next>nächsten|(?:am )?kommenden)",
}
LAST_AFTER: Final[dict[str, str]] = {
    "en": r"(?P<past>before last)|(?P<coming>$^)",
    "es": r"(?P<past>pasado|antepasado|[úu]ltimo)|(?P<coming>pr[óo]ximo|que viene)",
    "pt": r"(?:-feira)? ?(?:(?P<past>passad[ao]|retrasad[ao])|(?P<coming>que vem|pr[óo]xim[ao]))",
    "fr": r"(?P<past>dernier|passé)|(?P<coming>prochain)",
    "de": r"(?P<past>$^)|(?P<coming>$^)",
}
#: the one before the last
BEFORE_LAST: Final = r"before last|week (?:ago )?last|antepasado|retrasad|vorletzt"
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
#: one of these is in every day without its month
ON_WORDS: Final[dict[str, frozenset[str]]] = {
    "en": frozenset({"st", "nd", "rd", "th"}),
    "es": frozenset({"el", "del", "al", "día", "dia"}),
    "pt": frozenset({"dia"}),
    "fr": frozenset({"le"}),
    "de": frozenset({"am", "zum", "vom"}),
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
#: what stands between the two ends of a period
TO: Final = (
    r" ?(?:-|–|\b(?:to|until|till|through|al?|hasta|até|ao?|au|jusqu'au|bis)\b)(?: (?:the|el|ao?|zum|dem|dia))? ?"
)
