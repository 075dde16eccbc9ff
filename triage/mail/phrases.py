"""What mail programs and writers put around quoted text and at the end of a mail, by language.

Tables only: `body` says how they are used. A phrase stands in the group of its language; the mail program that writes
it is in the comment where it is peculiar to one.
"""

import re

import re2


def _any(*groups: str) -> str:
    return "|".join(groups)


#: "wrote", as attributions end or contain it; as a word of its own: "unterschrieben" is not "schrieben"
_WROTE = _any(
    r"wrote|writes|said|sent you a message",
    r"escribió|escribio|ha escrito|escribía",
    r"escreveu|escreveram|enviou",
    r"a écrit|a ecrit|écrit|ecrivait|écrivait",
    r"schrieb(?:en)?|hat geschrieben|geschrieben",
    r"schreef|heeft .{0,60}geschreven|geschreven",
    r"ha scritto|scrisse|scrive",
    r"skrev|har skrevet|kirjoitti",
    r"napisał\(?a?\)?|napisała|pisze|napsal\(?a?\)?|napísal",
    r"пишет|написал\(?а?\)?|пише|написав",
    r"yazdı|έγραψε|a scris|írta|ezt írta",
)
WROTE = rf"(?<!\w)(?:{_WROTE})(?!\w)|写道|寫道|書きました|のメール|님이 작성|작성:"
#: how an attribution may begin
_ON = _any(
    r"On|In|At",
    r"El|A las|Em|Na|No|A \d",
    r"Le",
    r"Am|Im|Op|Il|Il giorno|In data|På|Den|D\.|Dne|Dnia|W dniu|Pe|Tarihinde|Στις",
    r"在|于|於|(?:19|20)\d\d\s*[-/.年]",
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? \d|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2} \w{3,10} \d{4}"
    r"|\w{2,4}\.?,? \d{1,2} \w{3,10}\.? \d{4}",
)
ATTRIBUTION_START = re.compile(rf"[\s>*\-–—_=]*(?:{_ON})(?:\b|(?<=[在于於年./-]))", re.I)
WROTE_SOMEWHERE = re.compile(rf"(?:{WROTE})", re.I)
#: the whole of an attribution ends so
ATTRIBUTION_END = re.compile(rf"(?:(?:{WROTE})\s*(?:the following)?\s*[:：]?[\s\-–—_=]*|[:：][\s*\-–—_]*)$", re.I)
#: Yahoo's apps let the quoted text follow in the same line
ATTRIBUTION_WITHIN = re.compile(rf"<[^<>\s@]{{1,80}}@[^<>\s]{{1,200}}>\)?\s*(?:{WROTE})\s?:[ \xa0]{{2,}}\S", re.I)
ADDRESS = re.compile(r"[^\s<>\[(\"',;:]+@[^\s<>\])\"',;:]+\.[^\s<>\])\"',;:]+")
#: a date with its year, or a time of day
MOMENT = re.compile(r"\b(?:19|20)\d\d\b|(?:19|20)\d\d年|\b\d{1,2}[:.h]\d\d\b|\d{1,2}[./]\d{1,2}[./]\d{2}\b")

#: a writer who tells what somebody wrote, rather than a program that announces a quote
NARRATED = re.compile(
    _any(
        r"\b(?:you|your|they|he|she|i) (?:\w+ ){0,3}wrote\b|\bsaid\b|\byour (?:agent|colleague|support"
        r"|team|company|shop)\b",
        r"\b(?:me|nos|le|les) (?:escribi|ha escrito)|\b(?:usted(?:es)?|su (?:compañer[oa]|agente|tienda)) ",
        r"\b(?:me|nos) (?:escreveu|enviou)|\b(?:você|vocês|vosso|vossa|o senhor|a senhora) ",
        r"\b(?:m'|nous |vous )(?:a |avez |avait )?(?:été )?écri|\bvotre (?:collègue|service|agent|conseill)",
        r"\b(?:schrieb(?:en)?|haben|hat) (?:mir|uns|sie|ihr|ihre?)\b|\bihre? (?:kolleg|mitarbeiter"
        r"|service|kundendienst)",
        r"\b(?:schreef|heeft) (?:u|je|mij|me|ons)\b|\b(?:mi|ci) ha(?:nno)? scritto"
        r"|\bskrev (?:du|ni|dere|i|till? (?:mig|meg))\b",
    ),
    re.I,
)
#: a line that only greets; the words that matter follow
GREETING = re.compile(
    r"^[\s*_]*(?:"
    + _any(
        r"hi|hello|hey|hiya|dear|good (?:morning|afternoon|evening|day)|greetings|to whom it may concern",
        r"hola|buen(?:os|as) (?:d[ií]as|tardes|noches)|buen d[ií]a|estimad\w+|querid\w+|apreciad\w+|muy señor\w+",
        r"olá|oi|bom dia|boa (?:tarde|noite)|prezad\w+|car[oa]s?|exm[oa]s?|estimad\w+|ex\.?m[oa]s?\.?",
        r"bonjour|bonsoir|salut|madame|monsieur|mesdames|messieurs|chère?s?|coucou",
        r"hallo|guten (?:tag|morgen|abend)|sehr geehrte[rs]?|liebe[rs]?|servus|moin|grüezi|grüß gott|werte[rs]?",
        r"beste|geachte|goede(?:morgen|middag|navond)|dag|buongiorno|buonasera|gentile|gentili|salve|ciao|egregi\w+",
        r"hej|hejsan|hei|god (?:dag|morgon|kväll)|kära?|kjære|szanown\w+|dzień dobry|witam|cześć",
        r"こんにちは|お世話になっております|您好|你好|尊敬的",
    )
    + r")(?![^\W\d_])[^.!?,;:\n]{0,50}[,!:.;，、。！]*\s*$",
    re.I,
)
#: header labels in forwarded and quoted header blocks: kind → words
_LABELS = {
    "from": (
        "From|De|Von|Da|Van|Fra|Från|Od|Expéditeur|Remitente|Desde|Afzender|Mittente|Absender|От|Від|发件人|寄件者|寄件人"
        "|差出人|送信元|보낸 사람|Kimden|Lähettäjä|Feladó|De la|Από"
    ),
    "sent": (
        "Sent|Date|Sent on|Enviado|Enviado el|Enviado em|Enviada em|Enviada|Fecha|Data|Envoyé|Message du"
        "|Mensaje del|Envoyé le|Date d'envoi|Gesendet|Gesendet am|Datum|Verzonden|Inviato|Data invio|Sendt|Dato"
        "|Skickat|Skickat den|Wysłano|Wysłane|Data wysłania|Отправлено|Дата|发送时间|日期|寄件日期|日付|送信日時|날짜"
        "|Gönderildi"
        "|Tarih|Lähetetty|Päivämäärä|Dátum"
    ),
    "to": (
        "To|Para|A|À|An|Aan|Til|Till|Do|Destinataire|Destinatario|Destinatarios|Destinatário|Empfänger|Кому|收件人"
        "|收件者|宛先|받는 사람|Kime|Vastaanottaja|Címzett|Naar"
    ),
    "subject": (
        "Subject|Asunto|Assunto|Objet|Sujet|Betreff|Onderwerp|Oggetto|Emne|Ämne|Temat|Тема|主题|主旨|件名|제목|Konu|Aihe"
        "|Tárgy|Re"
    ),
    "cc": (
        "Cc|Bcc|Copie|Copie à|Copia|Copia a|Kopie|Kopia|Kopi|Reply-To|Reply to|Responder a|Répondre à|Antwort an"
        "|Importance|Importancia|Wichtigkeit|Priority|抄送|副本|Копия|Attachments|Adjuntos|Anexos|Pièces jointes"
        "|Anlagen|Organization|X-Mailer"
    ),
}
_BY_WORD = {word.casefold(): kind for kind, words in _LABELS.items() for word in words.split("|")}
LABEL = re.compile(
    r"^[ \t>|*•]*("
    + "|".join(re.escape(word) for word in sorted(_BY_WORD, key=len, reverse=True))
    + r")\*?[ \t\xa0]*[:：][ \t\xa0]*\*?[ \t\xa0]*(.*)$",
    re.I | re.M,
)


def label_kind(word: str) -> str:
    """Which header a label names: from, sent, to, subject or cc."""
    return _BY_WORD[word.casefold()]


#: lines that announce quoted text to the end of the mail
DIVIDER = re.compile(
    r"^[\s>*|]*[-_=~*–—]{2,}\s*(?:"
    + _any(
        r"Original Message|Original Mail|Mail original|Courriel original|Original E-?mail|Reply message"
        r"|Reply Original|Replied Message"
        r"|Quoted message|Original Appointment|In reply to",
        r"Mensaje original|Mensaje de origen|Mensagem original|Message d'origine|Message original"
        r"|Message initial|Message transféré d'origine",
        r"Ursprüngliche Nachricht|Originalnachricht|Original-?Nachricht|Ursprüngliche E-?Mail|Ursprungliche Nachricht",
        r"Oorspronkelijk bericht|Origineel bericht|Messaggio originale|Original(?:t)? meddelande"
        r"|Ursprungligt meddelande|Ursprungsmeddelande",
        r"Oprindelig meddelelse|Opprinnelig melding|Original besked|Oprindelig besked|Oryginalna wiadomość"
        r"|Wiadomość oryginalna|Original melding",
        r"Исходное сообщение|Пересылаемое сообщение|Оригинальное сообщение|原始邮件|原始郵件|原邮件|Original meddelelse"
        r"|元のメッセージ|Alkuperäinen viesti",
    )
    + r")\b.{0,60}$|^[\s>*|]*[-_=~*–—]{2,}\s*(?:原始邮件|原始郵件|元のメッセージ)\s*[-_=~*–—]*\s*$"
    # help desks: "##- Please type your reply above this line -##"
    + r"|^[\s>*|]*(?:##-|[-_=~*#–—]{2,}) ?(?!-).{0,60}\b(?:"
    + _any(
        r"above this line|encima de esta l[ií]nea|acima desta linha|au[- ]dessus de cette ligne"
        r"|(?:oberhalb|über|ueber) (?:dieser|der) (?:Zeile|Linie)"
        r"|boven deze (?:regel|lijn)|sopra questa (?:riga|linea)|ovenfor denne linje"
        r"|ovanför den här raden"
    )
    + r")\b.{0,20}?[-_=~*#–—]{2,}\s*$",
    re.I | re.M,
)
#: lines that announce a forwarded mail to the end
FORWARD = re.compile(
    r"^[\s>*|]*(?:[-_=~*–—]{2,}\s*)?(?:"
    + _any(
        r"Begin forwarded message|Forwarded message|Forwarded by|Start of forwarded message|Forwarded Mail"
        r"|Forward(?:ed)? (?:e-?mail|header)|Original forwarded message",
        r"Inicio del mensaje reenviado|Mensaje reenviado|Reenviado por|Mensagem encaminhada"
        r"|Mensagem reencaminhada|Início da mensagem (?:re)?encaminhada|Encaminhada por",
        r"Début du message (?:transféré|réexpédié)|Message transféré|Message réexpédié|Mail transféré"
        r"|Courriel transféré|Transféré par",
        r"Weitergeleitete Nachricht|Anfang der weitergeleiteten (?:Nachricht|E-?Mail)|Weitergeleitete E-?Mail"
        r"|Beginn der weitergeleiteten Nachricht|Weitergeleitet von",
        r"Doorgestuurd bericht|Begin doorgestuurd bericht|Messaggio inoltrato|Inizio messaggio inoltrato"
        r"|Vidarebefordrat (?:brev|meddelande)|Videresendt (?:meddelelse|melding|besked)|Wiadomość przekazana"
        r"|Przekazana wiadomość",
        r"Пересылаемое сообщение|转发的?邮件|轉寄的?郵件|転送メッセージ|Vidarebefordrat",
    )
    + r")\b[^\n]{0,60}$",
    re.I | re.M,
)
#: the subject of a forward, as mail programs write it
FORWARD_SUBJECT = re.compile(
    r"^\s*(?:\[[^\]]{1,40}\]\s*)?(?:(?:fw|fwd|wg|tr|rv|enc|i|vs|vb|pd|doorst|转发|轉寄|fs)\s*[:：]|fwd? )", re.I
)
#: the subject of an answer
REPLY_SUBJECT = re.compile(
    r"^\s*(?:\[[^\]]{1,40}\]\s*)?(?:re|aw|antw|betr\.?|sv|res|ref|odp|r|rif|ynt|回复|答复|回覆|回信|答)\s*(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:：]",
    re.I,
)
#: words with which a forwarder says no more than "look at this"
POINTER = re.compile(
    r"^(?:"
    + _any(
        r"fyi|fyr|for your (?:information|info|attention|records)"
        r"|see (?:below|attached|the (?:email|mail|message) below)"
        r"|please (?:see|handle|check|review|advise|action)(?: (?:below|this|attached))?"
        r"|forwarding(?: this)?(?: to you)?|as (?:discussed|requested)",
        r"(?:por favor )?(?:ver|vean|véase|mirad?|revisar|atender) (?:abajo|adjunto|m[aá]s abajo|esto)"
        r"|para (?:su|tu) (?:informaci[oó]n|conocimiento|atenci[oó]n)|reenv[ií]o(?: esto)?|os? reenv[ií]o",
        r"(?:favor |por favor )?(?:ver|vejam?|verificar|tratar) (?:abaixo|anexo|em baixo|isto|isso)"
        r"|para (?:sua|vossa) informação|encaminho(?: abaixo)?|segue(?: abaixo)?",
        r"(?:voir|merci de voir|cf\.?) (?:ci-dessous|ci-joint|plus bas)|pour (?:votre )?information|pour info"
        r"|je (?:vous )?transf[eè]re|à traiter",
        r"siehe (?:unten|anbei|anhang)|z\.? ?k\.?"
        r"|zur (?:info(?:rmation)?|kenntnis(?:nahme)?|bearbeitung|weiteren bearbeitung)"
        r"|bitte (?:um )?(?:bearbeit\w*|pr(?:ü|ue)f\w*|übernehm\w*)|mit der bitte um .{0,40}|weitergeleitet"
        r"|anbei",
        r"ter info(?:rmatie)?|zie (?:hieronder|onder|bijlage)|per (?:tua|vostra|sua) (?:info|conoscenza)"
        r"|vedi sotto|til (?:info|orientering)|se (?:nedenfor|nedan)|do wiadomości",
    )
    + r")\b",
    re.I,
)

#: what mails are sent from
_DEVICE = (
    r"i ?phone|i ?pad|i ?os|android|galaxy|samsung|huawei|xiaomi|redmi|oneplus|pixel|nokia|motorola|moto|lg|sony|xperia"
    r"|htc|blackberry|windows|mac(?:book)?|outlook|apple mail|yahoo|gmail|g ?mail|hotmail|gmx|web\.de|aol|proton\w*"
    r"|thunderbird|spark|mailbird|bluemail|my ?mail|airmail|tuta\w*|mail app|mobile\w*|phone"
    r"|smartphone|cell\w*|tablet|handy|telefon\w*|téléphone|tel[eé]fono|telefone|telefoon|telem[oó]vel|celular"
    r"|m[oó]vil|portable|mobiltelefon|t-mobile|vodafone|verizon|at&t|o2|webmail|roundcube|zimbra|app"
)
#: what phones and mail programs append of themselves
SENT_FROM = re.compile(
    r"^[\s>*_~\-–—]*(?:"
    + _any(
        rf"Sent (?:from|via|with|by|using|on) (?:my\b|.{{0,40}}?\b(?:{_DEVICE})\b)"
        r"|Get Outlook for|Sent: .{0,20}iPhone|Download (?:the )?.{0,20} app\b",
        rf"Enviad[oa] (?:desde|a partir d[eo]|do|da|de|con|com|via|por|pel[oa]|através d[eo])\b"
        rf"(?: m[iy]\b| (?:o )?meu\b|.{{0,40}}?\b(?:{_DEVICE})\b)"
        r"|Obtener Outlook|Obt(?:er|enha) (?:o )?Outlook|Descarga(?:r)? Outlook|Obtenga Outlook",
        rf"Envoyée? (?:depuis|de|à partir d[eu]|avec|par|via)\b(?: mon\b| l[’']application\b"
        rf"|.{{0,40}}?\b(?:{_DEVICE})\b)"
        r"|Télécharg(?:er|ez) Outlook|Obtenir Outlook|Provenance : Courrier",
        r"(?:Von|Diese (?:Nachricht|E-?Mail|Mail) wurde (?:von|mit)) (?:meinem|mein|unterwegs|mobil|iPhone"
        r"|Android|iPad|Samsung).{0,60}"
        rf"|(?:Gesendet|Verschickt|Verfasst) (?:von|mit|aus|über|per)\b(?: meine[mr]\b| unterwegs\b"
        rf"|.{{0,40}}?\b(?:{_DEVICE})\b)"
        r"|Von Outlook für|Outlook für|Holen Sie sich Outlook|Outlook herunterladen|Von Samsung",
        rf"(?:Verzonden|Verstuurd) (?:vanaf|met|via|vanuit|van)\b(?: mijn\b|.{{0,40}}?\b(?:{_DEVICE})\b)|Outlook voor"
        rf"|Inviato (?:da|dal|con)\b(?: (?:il )?mio\b|.{{0,40}}?\b(?:{_DEVICE})\b)|Scarica Outlook|Ottieni Outlook"
        rf"|Skicka[td] (?:från|via)\b(?: min\b|.{{0,40}}?\b(?:{_DEVICE})\b)|Hämta Outlook"
        rf"|Sendt (?:fra|via|med)\b(?: min\b|.{{0,40}}?\b(?:{_DEVICE})\b)|Hent Outlook"
        rf"|Wysłan[eoy] (?:z|ze)\b(?: moj\w+\b|.{{0,40}}?\b(?:{_DEVICE})\b)|Pobierz program Outlook"
        rf"|Lähetetty\b.{{0,40}}?\b(?:{_DEVICE})",
        r"Отправлено (?:с|из|от)\b|Надіслано|从我的.{0,20}发送|發自我的|发自我的|iPhoneから送信"
        r"|iPadから送信|Androidから送信"
        r"|나의 .{0,20}에서 보냄|Yahoo Mail:|Windows.{0,10}用のメールから送信",
    )
    + r").{0,90}$"
    # an app that nobody has heard of: a capital, nothing else in the line but perhaps its address
    r"|^[\s>*_~\-–—]*(?:Sent from|Enviado desde|Envoyé depuis|Gesendet von|Verzonden vanaf|Inviato da"
    r"|Skickat från|Sendt fra)"
    r" (?-i:[A-Z])[\w.-]*(?: (?-i:[A-Z\d])[\w.-]*){0,3}\s*(?:<https?:[^\n]{0,200})?\.?\s*$",
    re.I,
)
#: the same as whole sentences
SENT_FROM_SENTENCE = re.compile(
    r"^[\s>*_~\-–—]*(?:Diese (?:Nachricht|E-?Mail|Mail) wurde von meine[mr] [\w.&' -]{0,40}"
    r" (?:mit [\w.&' -]{0,30} )?gesendet"
    r"|(?:Sent|Enviad[oa]|Envoyée?|Gesendet|Verzonden|Inviato|Wysłano) (?:with|con|com|avec|mit|met|z)"
    r" [\w' ]{0,50}Proton ?Mail)"
    r"\s*\.?\s*$",
    re.I,
)
#: how writers close a letter; the name follows on the line or below
CLOSING = re.compile(
    r"^[\s*_]*(?:"
    + _any(
        r"(?:(?:kind|best|warm|warmest|kindest|many|with|my)(?: \w+)? )?regards|best(?: wishes)?"
        r"|yours(?: (?:sincerely|faithfully|truly))?|sincerely(?: yours)?|respectfully|many thanks"
        r"|thanks(?: (?:a lot|so much|again|in advance|and regards|very much))?"
        r"|thank you(?: (?:so much|very much|in advance|for your (?:help|time|assistance|attention|prompt"
        r" attention)))?|cheers|rgds|thx|take care|with best wishes",
        r"(?:muchos |cordiales |atentos )?saludos(?: cordiales| y gracias)?"
        r"|(?:(?:reciba )?un )?(?:cordial )?saludo(?: cordial| y gracias)?|(?:muy )?atentamente|cordialmente"
        r"|(?:muchas )?gracias(?: (?:de antemano|por (?:su|tu|vuestra) (?:ayuda|atención|tiempo)|y (?:un"
        r" )?saludos?))?|un abrazo|quedo (?:a la espera|atent[oa]).{0,60}|atte",
        r"(?:(?:muito |desde já,? )?obrigad[oa](?: (?:desde já|pela (?:atenção|ajuda)))?)|atenciosamente"
        r"|(?:com os )?(?:melhores )?cumprimentos|abraços?|att|cordiais saudações|grat[oa](?: pela atenção)?"
        r"|saudações",
        r"(?:bien |très )?cordialement(?: vôtre)?"
        r"|(?:(?:mes |nos )?(?:sincères |meilleures |cordiales )?)salutations(?: (?:distinguées|cordiales"
        r"|sincères))?|(?:bien|sincèrement) (?:à|a) (?:vous|toi)"
        r"|merci(?: (?:d'avance|par avance|beaucoup|de votre (?:aide|attention)|pour votre (?:aide|retour)))?"
        r"|cdt|bonne journée|dans l'attente de.{0,60}|veuillez agréer.{0,120}|je vous prie d'agréer.{0,120}",
        r"(?:mit )?(?:freundliche[nm]?|besten?|herzliche[nm]?|liebe[nm]?|schöne[nm]?|viele[nm]?|sonnige[nm]?)"
        r" (?:grü(?:ß|ss)(?:e[n]?)?|gruessen?|gru(?:ß|ss))|hochachtungsvoll|mfg|lg|vg|gruß|grüße|gruss"
        r"|vielen dank(?: (?:im voraus|für (?:ihre|die|deine) .{0,30}))?|besten dank"
        r"|danke(?: (?:im voraus|schön))?|mit besten empfehlungen|beste grüße aus .{0,20}",
        r"(?:met )?(?:vriendelijke|hartelijke) (?:groet(?:en)?)|groet(?:en|jes)?|mvg|bedankt(?: alvast)?"
        r"|alvast bedankt|(?:cordiali|distinti|cari) saluti|saluti|grazie(?: mille)?"
        r"|(?:med )?(?:vänlig(?:a)?|venlig(?:e)?|vennlig|bästa|bedste|beste) (?:hälsning(?:ar)?|hilsen(?:er)?)"
        r"|mvh|hilsen|hälsningar|kh|mh|dbh|(?:de )?(?:kærlig|bedste|beste|varme) hils(?:en|ner)|tack|tak|takk"
        r"|(?:z )?(?:poważaniem|pozdrawiam|pozdrowieniami)|с уважением|敬具|よろしくお願い(?:いた|致)?します.?"
        r"|此致|敬礼|顺祝商祺",
    )
    + r")(?:[\s,.!;:*_–—-]*|[\s,.!–—-]+(?-i:[A-ZÀ-Þ][\w.'’-]*(?: [A-ZÀ-Þ][\w.'’-]*){0,3})[\s.]*)$",
    re.I,
)
#: notices that companies put under a mail; they speak of the mail itself, not of a matter. A group leaves out what
#: only tells that one begins here
_NOTICE = _any(
    r"(?:this|the present) (?:e-?mail|message|communication|transmission|electronic mail)"
    r"[^.]{0,160}(?:confidential|privileged|intended (?:only|solely|exclusively|for the)|sole use)"
    r"|it may be confidential|may be the subject of (?:\w+ )?(?:and/or \w+ )?privilege"
    r"|(?:the )?(?:information|contents?) (?:\w+ ){0,4}(?:in|of) this (?:e-?mail|message"
    r"|communication|transmission)|(?:intended recipient|received this (?:e-?mail|message|communication) in error)"
    r"|confidentiality notice|(?:checked|scanned|screened|swept) (?:for|by) .{0,40}(?:virus|antivirus)|virus-free\b"
    r"|(?:views|opinions) (?:or opinions )?expressed .{0,40}(?:\bnot\b|\bsolely\b|\bauthor\b|\bsender\b)"
    r"|consider the environment before printing"
    r"|(?:e-?mails?|messages?|communications?) (?:\w+ ){0,6}(?:are|is|may be) (?:\w+ )?monitored"
    r"|policy on the use of electronic communications"
    r"|you (?:are receiving|received) this (?:message|e-?mail) because|to unsubscribe\b"
    r"|(?:^|[.|•·–-] )((?:company )?registered (?:in|office)\b)"
    r"|(?:this e-?mail is sent (?:by|on behalf of) [^.]{0,80}, )?a company registered"
    r" in (?:england|scotland|wales|northern ireland|ireland)\b",
    r"este (?:mensaje|correo|e-?mail|comunicado)[^.]{0,200}(?:confidencial|destinatario|privilegiad)"
    r"|(?:información|contenido) (?:contenid[ao] en|de) este (?:mensaje|correo|e-?mail)"
    r"|aviso (?:legal|de confidencialidad)|antes de imprimir|libre de virus"
    r"|si (?:usted )?no es el destinatario|si ha recibido este (?:mensaje|correo) por error"
    r"|recib(?:ido|es|e|ió) este (?:mensaje|correo)[^.]{0,20} porque [^.]{0,60}(?:suscri|grupo|lista)"
    r"|(?:en cumplimiento|de (?:acuerdo|conformidad)|conforme)[^.]{0,40} (?:RGPD|LOPD\w*|LSSI\w*"
    r"|protección de datos)\b",
    r"esta? (?:mensagem|e-?mail|correio)[^.]{0,200}(?:confidencia|destinat|privilegiad)"
    r"|(?:informaç(?:ão|ões)|conteúdo) (?:contid[ao]s? n|d)est[ae] (?:mensagem|e-?mail|correio)"
    r"|aviso de confidencialidade|antes de imprimir|livre de vírus"
    r"|se (?:você )?recebeu esta? (?:mensagem|e-?mail) por (?:engano|erro)"
    r"|rece(?:beu|be|bendo) est[ae] (?:mensagem|e-?mail)[^.]{0,20} porque [^.]{0,60}(?:inscri|subscr|grupo|lista)",
    r"(?:ce|le présent) (?:message|courriel|mail|courrier|e-?mail)[^.]{0,200}(?:confidentiel|destinataire"
    r"|destiné)|informations? contenues? dans ce (?:message|courriel|mail)|avis de confidentialité"
    r"|n'imprimez ce|avant d'imprimer"
    r"|si vous (?:avez reçu|recevez) ce (?:message|courriel|mail) par erreur|l'absence de virus"
    r"|garanti sans virus|(?:informations?|données)[^.]{0,60} protection des données|conformément [^.]{0,30}\bRGPD\b"
    r"|vous (?:recevez|avez reçu) cet? (?:message|courriel|mail),? (?:car|parce que) [^.]{0,60}(?:abonn|groupe|liste)",
    r"diese (?:e-?mail|nachricht)[^.]{0,200}(?:vertraulich|ausschließlich|bestimmt|rechtlich geschützt)"
    r"|in dieser (?:e-?mail|nachricht) enthaltene"
    r"|wenn sie nicht der (?:richtige|beabsichtigte) (?:adressat|empfänger)|vertraulichkeitshinweis"
    r"|bitte (?:prüfen|denken) sie .{0,60}(?:ausdrucken|drucken|umwelt)|auf viren geprüft|virenfrei"
    r"|(?:informationen|hinweise) zum datenschutz\b"
    r"|sie (?:erhalten|haben) diese (?:e-?mail|nachricht)[^.]{0,20} weil [^.]{0,60}(?:gruppe|abonn|liste|verteiler)"
    r"|\bHR[AB] ?\d{2,}|(?:^|[.,;|•·–-] ?)(?:geschäftsführ(?:er(?:in)?|ung)|vorstand|sitz der gesellschaft)[\s\xa0]*:",
    r"(?:dit|deze) (?:bericht|e-?mail)[^.]{0,200}(?:vertrouwelijk|geadresseerde|bestemd)"
    r"|(?:questo|il presente) (?:messaggio|e-?mail)[^.]{0,200}(?:riservat|confidenzial|destinatari)"
    r"|informazioni contenute (?:in quest|nella? present)"
    r"|(?:verzonden met|in) (?:dit|deze) (?:e-?mail\w*|bericht)[^.]{0,100}(?:vertrouwelijk|geadresseerde)"
    r"|dett?a (?:meddelande|e-?post)[^.]{0,200}konfidentiell"
    r"|denne (?:e-?mail|e-?post\w*|meddelelse|melding)[^.]{0,200}(?:fortrolig|konfidensiel)"
    r"|(?:ta|niniejsza) wiadomość[^.]{0,200}poufn",
)
DISCLAIMER = re.compile(_NOTICE, re.I)
#: whether to look for one at all: every bound lifted, which one pass of RE2 answers
MAY_BE_DISCLAIMER = re2.compile("(?i)" + re.sub(r"\{0,\d+\}", "*", _NOTICE).replace(r"\w", r"[\pL\pN_]"))
#: what a site's own gateway puts above mail from outside
_BANNER = (
    _any(
        r"(?:this|the) (?:e-?mail|message|mail)(?: has| was)? (?:originated|came|comes|sent|received|is)(?: from)?"
        r"(?: an?)? (?:outside|external)|you don[’']t often (?:get|receive) e-?mail from",
        r"este (?:correo|mensaje|e-?mail)(?: electrónico)? (?:se ha originado|se originó|proviene|procede"
        r"|ha sido enviado|fue enviado|viene) (?:(?:de |desde )?fuera|(?:de|desde) un remitente externo)"
        r"|no suele recibir correos? electrónicos? de",
        r"est[ae] (?:mensagem|e-?mail)(?: foi)? (?:enviad[ao]|originad[ao]|veio|provém|procede|originou-se) de"
        r" (?:fora|um remetente externo)|(?:você )?não costuma receber e-?mails de",
        r"ce (?:message|courriel|mail|courrier)(?: électronique)? (?:provient|vient|a été envoyé)"
        r" (?:de l[’']ext[ée]rieur|d[’']un expéditeur externe)"
        r"|vous n[’']obtenez pas souvent d[’']e-?mail|vous ne recevez pas souvent d",
        r"diese (?:e-?mail|nachricht|mail) (?:stammt|kommt|wurde) von (?:außerhalb|extern|einem externen)"
        r"|sie erhalten nicht (?:häufig|oft) e-?mails von",
        r"questa (?:e-?mail|mail) (?:proviene|arriva|è stata inviata) da(?:ll[’']| un mittente )(?:estern)"
        r"|questo messaggio (?:proviene|arriva|è stato inviato) da(?:ll[’']| un mittente )(?:estern)"
        r"|(?:deze e-?mail|dit bericht) (?:is afkomstig|komt|is verzonden) van (?:buiten|een externe)",
    )
    + r"|^[\W_]*(?:external|externe?r?|externo|ext)(?: (?:e-?mail|sender|message|mail|nachricht|absender|courriel"
    r"|remitente|remetente))?[\W_]*$"
)
BANNER = re.compile(_BANNER, re.I)
#: whether there may be one, which RE2 answers at once
MAY_BE_BANNER = re2.compile(f"(?i){_BANNER}")
#: what it goes on with
BANNER_ADVICE = re.compile(
    _any(
        r"do(?:n[’']t| not) (?:click|open|reply)|unless you (?:recogni|know|trust|were expecting)|content is safe"
        r"|learn why this is",
        r"no (?:abra|haga clic|pulse)|descubra por qué|não (?:clique|abra)|saiba por ?que",
        r"ne cliquez|n[’']ouvrez|découvrez pourquoi|klicken sie|öffnen sie|erfahren sie, warum",
        r"non (?:cliccare|aprire|cliccate|aprite)|klik niet|open geen",
    ),
    re.I,
)
#: words that may stand before it: "CAUTION:"
BANNER_ALERT = re.compile(r"^[\W_]*(?:[^\W_]+[\W_]*){0,3}$")
#: a line that begins a signature (RFC 3676 section 4.3, and looser)
SIGNATURE_MARK = re.compile(r"^\s*(?:--|––|—|——|__+)\s*$")
#: a line drawn with the keyboard
RULE = re.compile(r"^\s*(?:[-_=*#~+·.•—–]{4,}|(?:\*\s){3,}\*?|ᐧ)\s*$")
POSTSCRIPT = re.compile(r"^\s*p\.?\s?s\.?\b|^\s*(?:nb|post ?scriptum|postdata)\b", re.I)
