"""Words whose accented letters a gateway has turned into question marks: "facturaci?n", "cr\ufffddito" → "crédito".

A word is put right where just one known word has the same letters around the signs, or where its ending leaves one
letter. Everything else stays as it is: questions, addresses, codes, and a destroyed sign of money most of all. Every
sign becomes one letter, so that places in the text stay what they were.
"""

import re
from typing import Final

#: what stands where a letter was
_SIGNS: Final = "?\ufffd"
#: whether there is anything to look at: a question ends before a space
_MAYBE: Final = re.compile(r"\ufffd|\?[^\W\d_]")
#: a stretch without spaces that has a sign; longer ones are no words
_STRETCH: Final = re.compile(r"(?<!\S)[^\s?\ufffd]{0,40}[?\ufffd]\S{0,40}(?!\S)")
#: what stands in addresses, codes and sums, never in words
_NO_WORDS: Final = re.compile(r"[\d/\\@=&#_<>|%+*~^{}\[\]€$£]|[.:;,]\w")
_WORD: Final = re.compile(r"[^\W\d_]*(?:[?\ufffd][^\W\d_]*)+")
#: a word that may end in a sign or in a question; only where the sentence goes on is it looked up
_LAST: Final = re.compile(r"(?<!\S)[^\W\d_]{2,40}\?(?= [a-zà-ÿ])")
#: endings that leave one reading, and the letters that they have lost
_ENDINGS: Final = (
    (re.compile(r"(?:[a-z]{2,}[cgsx]|[a-z]+est)i\?n"), "ó"),
    (re.compile(r"[a-z]{2,}[aiup]\?\?o"), "çã"),
    (re.compile(r"[a-z]{2,}[aiup]\?\?es"), "çõ"),
    (re.compile(r"[a-z]{2,}s\?o"), "ã"),
    # French apostrophes; before other vowels, or fewer letters, it can have been an umlaut
    (re.compile(r"[cdjlmnst]\?(?=[a-zà-ÿ]{3})(?:[aeio]|h[io])[a-zà-ÿ]+|[dl]\?une?|j\?ai"), "’"),
    (re.compile(r"(?:jus|lors|puis)?qu\?(?:[aeio]|un)[a-zà-ÿ]+"), "’"),
)


def restore(text: str) -> str:
    """`text` with destroyed letters put back where one reading is clearly likelier; as long as before."""
    if ("?" not in text and "\ufffd" not in text) or not _MAYBE.search(text):
        return text
    mended = _STRETCH.sub(_in_stretch, text)
    # a mail that has lost letters within words has lost the last ones too
    return _LAST.sub(lambda found: _word(found[0]) or found[0], mended) if mended != text else text


def _in_stretch(found: re.Match[str]) -> str:
    return found[0] if _NO_WORDS.search(found[0]) else _WORD.sub(_mend, found[0])


def _mend(found: re.Match[str]) -> str:
    """The word, alone or with a question mark of its sentence before or behind it."""
    word = found[0]
    behind = "?" if word.endswith("?") else ""
    core = word.removesuffix("?")
    before = "" if _word(core) else "?" if core.startswith("?") else ""
    core = core.removeprefix(before)
    return before + (_word(core) or core) + behind


def _word(word: str) -> str | None:
    """The one word that this can have been, with its capitals; None where there is none."""
    key = word.lower().replace("\ufffd", "?")
    if "?" not in key or len(key) != len(word):
        return None
    letters = _letters(key)
    if letters is None:
        return None
    shouted = sum(map(str.isalpha, word)) > 1 and word.upper() == word
    left = iter(letters)
    return "".join(_in_case(next(left), shouted=shouted) if sign in _SIGNS else sign for sign in word)


def _letters(key: str) -> str | None:
    """What stood at the signs of a word."""
    if known := _KNOWN.get(key):
        return "".join(letter for letter, sign in zip(known, key, strict=True) if sign == "?")
    return next((letters for ending, letters in _ENDINGS if ending.fullmatch(key)), None)


def _in_case(letter: str, *, shouted: bool) -> str:
    return letter.upper() if shouted and len(letter.upper()) == 1 else letter


#: common words of letters about bills in five languages that no other word is like once their accents are gone
_WORDS: Final = """
abençoe abonné abonnée abonnés abonáis abraço abrió abrí abschläge accepté acceptée accordé accusé accès accéder
acheté achetée achète aclaración acompaña acquittée acá además adesão adhérent adhérente adhésion administración
administração adressé adressée affiché agradeceré agradecería agradeço agréer agência ahí ajouté albarán alguém
algún aliás allée almacén almoço além amanhã ameaça angekündigt aniversário annoncé annoncée annonçait annulé
annulée année années ansprüche antecedência anulación anulação análise anúncio août apareció aplicación aplicó
apparaît appelé appliqué après apólice após aquí aren’t armazém armário arrecadação arrivé arrivée arrivés arrière
arrêt arrête arrêter arrêté artículo asociación assemblée assistência associação assuré así ateliê atención atendió
atenção atrás atualização até aufklärung aufmaß auftragsbestätigung auprès ausdrücklich ausschließlich autenticação
autobús automática automáticamente automático autorización autorização außer außerdem avancé avença año años aún
baissé balança balcão barème baño begründung beigefügt beiträge benötigen berücksichtigt bestätigen bestätigt
bestätigung beträge beträgt bientôt bloqué bloquée bloß boletín bonificación botão botón bougé boîte boîtes bräuchte
buzón bébé bénéficiaire büchern büro cabaña cabañas cabeça cadê café caissière cajón caminhão camião camión campaña
canapé cancelación can’t cargó cariño cartão cartório cartões cassé catálogo caução cayó caído caíram certidão
certificación changé chaudière chaussée cherché chão chèque chèques chères clientèle cliqué cláusula clés clínica
clôture cobrança cobranças cobráis cobró coché colchón colgó collègue collègues começa começar começo começou
comisión comissão commandé compañera compañero compañeros compañía compensación complète complément complémentaire
compréhension comptabilité compté comptés comunicação comunión común conciliación concluído condições condomínio
conferência confirmación confirmação confrère congé congés conheço connaît conseillère consideración consideração
constaté contestación contestação contestações contestée contraseña contrário contrôle conveniência convênio
coordonnées copropriété coração correção corrigée costó cotação cotización couldn’t coupé coûte coûté criança
crianças croisé croisés crèche créance crédit créditer crédito créditos crédité críos cupón curiosité currículo
currículum cuál cuándo cuánto cuántos cuñada cuñado cálculo câmara cão cédula código cómo cópia côté cúbicos cœur
dafür darüber daté datée daños debería debía debían decisão declaración declaração decía decís delà demandé demás
depósito dernière derrière descrição desistência deslocação después destinatário detrás deuxième devolución
devolução devolvió devolvía devolvían devuélvanme didn’t diferença difficulté différence difícil dirección direção
disponível disposición disposição distinguées divergência divergências diária diárias doesn’t donné donnée données
don’t doña drôle drücken dueño dès débit débito débitos débits débité débitée débités débloquer début décaler
décembre décidé décision déclaration décompte découvert découvre déduction déduire déduit déduits défaut déjeuner
déjà délai délais déménage déménagement départ dépasse déplacement dépliant dépose déposer déposé déposée dépôt
dérangement désaccord désinscrire désolé désolée désormais détail día días dígame díganme dólares dónde dúvidas
dürfen ecrã edição educação eingangsbestätigung eingelöst einschließlich einzugsermächtigung electrónica electrónico
eléctrica elétrica emisión emissão empfänger encaissé encaissée encargué encargó endereço enlèvement enquête
enregistrée enthält entregué entregó entrée então envoyé envíen envío erklären erklärt erklärung erzählt eröffnet
escribió escribí escritório español espèces espère estagiário está están estão exclusão explicó expliqué exposição
exécution exécuté facturación facturée facturées facturés família farmácia faturação façam faço façon fenêtre fermé
fermée fermés ferretería ficámos fidelização fidélité flûte fogão formulário foulée français frigorífico frère frío
früh früher frühstück funcionário fábrica fácil fälle fällen fällig fällt férias février fête fêtes física führen
fünf für fürs garantía gardé garçom garçon gebühr gebühren gefällt gefühlt gegenüber gehören gehört geklärt
gekündigt gekürzt gelöscht genügt geprüft gerät gerência gerüst geschäft geschäftsleitung gespräch gestión gestoría
gestão gewährleistung gewünscht gezählt geändert ginásio glissé gläser glück gostaríamos grabación gravação graça
graças groß große gruß gráfica grátis grâce grúa grüezi grün grüsse grüß grüße grüßen grüßt gustaría guía gás gäste
género gérant gültig habitación habrá habría habéis había habíamos habían hacéis hacía hadn’t hagáis hallöchen
hasn’t haustür haven’t haverá heißt hidrômetro hieß história honorários horário hábiles hälfte hält händler hänge
hängen hängt hätt hätte hätten hóspede hôpital hôtel höchstens höflich höhe hören hört hübsch identité idée impayé
impayée impecável imprimé impôt impôts incluía incluído indemnité indemnização indenização indicação indiqué
inflación información inscripción inscrição instalação intervención interés intégralement intérieur intérêts início
irmã irmão irmãos isn’t it’s i’ll i’ve jamás journée jurídico jänner kilómetros klären klärung käme könne können
könnt könnte könnten küche kühlschrank kümmern kündige kündigen kündigung künftig kürze laboratório laissé lançada
lançado lançar lançaram leistungsempfänger leyó leído libellé libellée liberação ließ ligação liquidación liquidação
livré livrée livrés llegué llegó locação lotérica loué lâché länger längst lässt läuft lève límite línea lío líquido
löschen mahngebühr malgré mamá mangé manhã manutenção marché marqué março matrícula matériel mayúsculas maître
mañana medição mensajería mensualité mensualités menção mercadería mercancía mesuré metí miércoles miúda modèle
moitié montré monté moça moço mudança município mándame mándeme mándenme máquina máximo mãe mães mängel märz mère
mètre mètres médecin média médiateur médica médico médio mémoire ménage métier método même mêmes mía mínimo módem
módulo móveis móvil möcht möchte möchten möglich música mühe müsse müssen müsste müssten nachträglich natação
natürlich negócio ninguém ningún niña niño niños nomás notificação noté numéro numéros não nächste nächsten nächster
nächstes nächte nämlich nécessaire nómina nós nôtre nötig número números ofreció ojalá operación operação opération
orçamento otoño oublié oubliée paciência pagaré pagué pagámos pagó papá papéis parabéns paraît parlé pasará passé
passée passés patrão payé payée payées payés país pedaço pedí penalización penalização pendência pensión pensão
pensé pequeña perdí perdón periódico persönlich perçu período petición peças peço pidió pièce pièces plantão plaît
plutôt plástico plätze podría podríamos podrían podéis podés polígono política ponéis ponía portão porém posição
possível posté posé posée praça preferência première prescrição presión prestação prestações pretensão previsão
preço preços prière problème procéder promoción promoção proposé proprietário propriétaire protección proteção
prämie près préavis précise préciser précédent précédente prédio prédécesseur préfère préférez prélever prélevez
prélevé prélevée prélevés prélèvement prélèvements prénom préparation prépare présence présentation présente
présents présenté présidente prévenir prévoir prévoit prévoyait prévu prévus prêt própria próprio próxima próximas
próximo próximos prüfen prüfer prüfung página páginas pátio père pénalité pénalités période póliza pôde pôr põe
pública público pünktlich qualité quatrième quería queríamos questão quisiéramos quitté quitáis quién qué rappelé
razão razón recepción recepção receção rechtsanwältin recibió recibí recién reclamación reclamação reclamações
recogió recommandé recommandée reconexión reconheço recréditer recréditez recrédités rectifiée reenvío refaçam
referência refusé regardé regrésenme regularização rejetée relación relatório relevé relevés relógio remboursé
remboursée remboursés remoção remplacée renglón renovación renovação rentré rentrée renvoyé reparación reparação
reporté reposición representación resolución resolução responsável restituição restitué resté restée retención
retenção retourné retrouvé reunião reunión revisión revisão reçois reçu reçue reçus robô rodapé rompió rápido râler
règle règlement récapitulatif réception réclamation réclamations réclame réclamer réclamez réclamé récupère
récupérer réduction réf référence régie régimen régler réglerai réglez réglé réglée réglées réglés régularisation
régulariser réparateur réparation réparé répond répondeur répondez répondre réponds répondu réponse réseau
réservation réserve réserves réservé résiliation résilié résultat rétablir réunion révision rückbuchung rücken
rückerstattung rückfragen rückgabe rückgängig rücklastschrift rückmeldung rückruf rückseite rücksendung rückzahlung
sacó salió salário salão salía salón saqué saída saíram saúde schließen schließt schläft schlägt schlüssel schön
schöne schönen schönes secretaría secrétaire secrétariat segurança según selbstverständlich selló senão serré
serviço serviços será serão sería serían señal señor señora señores señorita shouldn’t signé signée signées silêncio
simpático sincères situación siège société sofá soirée soldée souhaité spät später spätestens steuererklärung straße
structurée stück subió subscrição subsídio sugestão supplément supprimé suscripción suspendió suspensión suspensão
système sábado são säcke sämtliche séance séances séjour série sérieux sério síndico sírvanse sítio sócia sócio sólo
súper sûr sûrement sœur talão también também tamponné tapé tatsächlich telemóvel televisão teléfono tendría tenéis
tenía teníamos terminación terça tesorería that’s they’ve todavía tombé tombée totalité tranché transferência
transferí transfère transféré traía troisième trouvé tráfico trámite trägt trésorerie trésorier trésorière täglich
técnica técnico tél téléphone téléphoné término términos têm tía tínhamos título títulos tür ungefähr unverändert
urgência ursprüngliche utilisé vacía vacío validé validée vehículo veintidós venció vendí venía venían verfällt
vergüenza verkäufer verlängert verlängerung versé versée versés verträge verás verão veículo viré você vocês voilà
vollständig volvió volví vorzüglicher válida vão véhicule vélo vélos vérification vérifier vérifié véspera vêm vía
vídeo vôtre völlig wasn’t weiß weren’t we’ll we’ve widersprüche wofür won’t wouldn’t während wär wäre wären
wärmepumpe wörtlich wünschen würde würden you’ll you’ve zunächst zurück zurückbuchen zurückgeben zurückgegeben
zurückgeschickt zurückschicken zurücküberweisen zuzüglich zwölf zähler zählerstand zählt zäme zéro água área áudio
âge ändern ändert Ärger écart échafaudage échange échec échu échue échéance échéances échéancier école écran écrire
écris écrit écrite écrivez également élève émettre émis énergie época époque épouse équipe éramos établie établir
établissement étage étaient étais était étant état étions étiquette étoiles étude étudiant étudiante évacuation
évidemment éviter êtes être índice ítem óculos óleo ótima ótimo ônibus última último últimos única único úteis über
überein Übergabe übergeben überhaupt übernehmen übernimmt übernommen überweis überweise überweisen überweist
Überweisung überwiesen übrig übrigen übrigens œil œuvre
"""
_KNOWN: Final = {re.sub(r"[^a-z]", "?", word.lower()): word for word in _WORDS.split()}
