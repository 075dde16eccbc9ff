"""Says whether a short mail is a help desk's or a filter's answer to ours that shows it by nothing but its words.

Two help desks that thank each other go on for ever. But a customer may write of tickets, too: both signs of a pair
must be there, and a mail with a word of a matter in it is read as a person's.
"""

import re

import re2

#: characters of an answer that says no more than that it has a mail
_MAX_RECEIPT = 1_500

#: subjects with which help desks confirm a ticket
_SUBJECT = re.compile(
    r"^\s*(?:(?:re|aw|sv|antw|rv|res|odp|r)\s*:\s*)*\[(?:request received|solicitud recibida|solicitação recebida"
    r"|pedido recebido|demande reçue|anfrage erhalten|richiesta ricevuta|aanvraag ontvangen)\]",
    re.I,
)
#: it has our mail …
_TAKEN = re2.compile(
    r"(?i)\b(?:(?:we|we've) (?:have )?(?:successfully )?received your (?:\w+ )?(?:request|e-?mail|message|enquiry"
    r"|inquiry|ticket|query)|your (?:support )?(?:request|ticket|e-?mail|message|enquiry|inquiry|query)"
    r" (?:[(\[#]\S{1,30} )?(?:has been|was) (?:successfully )?(?:received|registered|logged|created|submitted)"
    r"|(?:a|your|new) (?:support )?ticket (?:has been|was) (?:created|opened|logged)|thank you for contacting"
    r"|(?:hemos recibido|recibimos) (?:correctamente )?su (?:solicitud|consulta|mensaje|correo|petición)"
    r"|su (?:solicitud|consulta|mensaje|correo|petición|ticket) (?:[(\[#]\S{1,30} )?(?:ha sido|fue|se ha)"
    r" (?:recibid|registrad|cread)[oa]"
    r"|(?:recebemos|registr[aá]mos) (?:[ao] )?(?:sua|seu) (?:solicitação|mensagem|e-?mail|pedido|conta[c]?to)"
    r"|(?:sua|seu) (?:solicitação|mensagem|e-?mail|pedido|chamado|ticket) (?:[(\[#]\S{1,30} )?foi"
    r" (?:recebid|registrad|criad|abert)[oa]"
    r"|nous avons bien re[cç]u votre (?:demande|message|e-?mail|courriel|requête)"
    r"|votre (?:demande|message|e-?mail|courriel|requête|ticket) (?:[(\[#]\S{1,30} )?(?:a bien été|a été|est bien)"
    r" (?:reçue?|enregistrée?|créée?|prise? en compte)"
    r"|wir haben ihre (?:anfrage|nachricht|e-?mail) (?:erhalten|registriert)"
    r"|ihre (?:anfrage|nachricht|e-?mail) (?:[(\[#]\S{1,30} )?(?:ist (?:bei uns )?eingegangen|haben wir erhalten"
    r"|wurde .{0,40}(?:erfasst|registriert|empfangen|aufgenommen))"
    r"|abbiamo ricevuto la (?:sua|tua|vostra) (?:richiesta|e-?mail)"
    r"|wij hebben uw (?:vraag|bericht|e-?mail) ontvangen)"
)
#: … and has given it a number, or promises an answer
_TICKET = re2.compile(
    r"(?i)\bticket[- ]?(?:number|no\b|id\b|nummer|has been|was|#)|\byour (?:case|reference) (?:number|id) is\b"
    r"|(?:número|n[ºo°]\.?) (?:de|do) (?:su |seu )?(?:ticket|caso|solicitud|protocolo|chamado|incidencia)"
    r"|numéro (?:de )?(?:ticket|dossier|demande)|sous le (?:numéro|n°)|\bvorgangsnummer|\bticketnummer"
    r"|(?:get back to|respond to|reply to|contact|be in touch with) you (?:within|as soon as|shortly|soon|in the next)"
    r"|(?:reviewed|handled|processed) by our|to add (?:additional|further) comments|send you a personal response"
    r"|para añadir comentarios|(?:contactaremos|contacto|responderemos|contestaremos) (?:con usted |en contacto )?"
    r".{0,20}(?:en un plazo|lo antes posible|a la mayor brevedad|en breve|en las próximas)"
    r"|para adicionar comentários|(?:responderemos|retornaremos|entraremos em contato) .{0,20}"
    r"(?:em até|em breve|o mais breve|assim que)"
    r"|pour ajouter (?:des|un) commentaires?|en cours de traitement par"
    r"|(?:reviendrons vers vous|répondrons|recontacterons) .{0,20}(?:sous|dans les|rapidement|dès que)"
    r"|um (?:weitere )?kommentare|von unserem support|(?:melden uns|beantworten (?:sie|ihre)|bearbeiten ihre) .{0,30}"
    r"(?:innerhalb|schnellst|so schnell|in kürze|umgehend|zeitnah)"
)
#: what it has no reason to say of a mail that it only took, and a customer has
_MATTER = re2.compile(
    r"(?i)[€$£]|charg|refund|twice|cobr|reembols|devol|prélev|rembours|facturé|abgebucht|erstatt|doppelt|berechnet"
    r"|addebit|rimbors|afgeschreven|terugbetal"
    r"|\b(?:but|however|wrong|incorrect\w*|dispute\w*|complain\w*|invoices?|bill|amount|never|nobody|still"
    r"|pero|sin embargo|facturas?|err[óo]ne\w+|importe|mas|porém|faturas?|errad\w+|incorret\w+|valor"
    r"|cependant|mais (?:je|nous|le|la|les|il|vous)|factures?|faux|erreur|montant"
    r"|aber|jedoch|rechnung(?:en)?|falsch\w*|fehler\w*|betrag)\b"
)
#: a filter holds our mail …
_HELD = re2.compile(
    r"(?i)your (?:e-?mail|message)\b.{0,80}(?:\bheld\b|on hold|wait-?listed|awaits?\b|quarantined|not (?:yet )?been"
    r" delivered)|(?:for|to have|before) your (?:e-?mail|message) (?:to be |is |will be |be )?(?:delivered|released)"
    r"|(?:para que|antes de que) (?:su|tu|o seu|a sua|sua|seu) (?:mensaje|correo|mensagem|e-?mail)"
    r" (?:sea|seja|pueda ser) (?:entreg|encaminhad|reenviad)"
    r"|pour que votre (?:message|e-?mail|courriel) (?:soit|puisse être) (?:remis|délivré|transmis)"
    r"|damit ihre (?:nachricht|e-?mail|mail) (?:zugestellt|ausgeliefert|weitergeleitet)"
)
#: … until its sender has shown to be a person
_PROVE = re2.compile(
    r"(?i)(?:confirm|verify|prove)\b.{0,40}(?:real person|human|yourself|your (?:e-?mail )?address|not a robot)"
    r"|one[- ]time (?:verification|confirmation)|anti-?spam|captcha"
    r"|https?://\S{0,80}(?:confirm|verif|challenge|release)|haga clic|clique aqui|cliquez|klicken sie"
)


def answers(subject: str, words: str) -> str:
    """What shows that a mail with these own words is such an answer, in plain words; "" where nothing does."""
    if _SUBJECT.match(subject):
        return f"the subject “{subject[:60]}” of a help desk"
    if len(words) > _MAX_RECEIPT or _MATTER.search(words):
        return ""
    if _TAKEN.search(words) and _TICKET.search(words):
        return "a help desk says that it has our mail"
    if _HELD.search(words) and _PROVE.search(words):
        return "a filter holds our mail until somebody proves to be a person"
    return ""
