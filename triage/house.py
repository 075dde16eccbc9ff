"""The wiring: settings → real parts. The one module that knows every room; nothing below knows it.

Parts are built when they are first asked for, so that a command opens only what it needs.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from triage.cases.actions import Acknowledge
from triage.cases.calendar import Calendar, business_calendar
from triage.cases.clocks import Pack, load_pack
from triage.cases.decide import Policy
from triage.cases.followups import CaseEvent, CaseHistory, FollowUpPlan, look_again
from triage.cases.routing import Rule, load_routing
from triage.config.servers import MailboxSettings
from triage.config.settings import Settings
from triage.errors import ConfigError, DatabaseError, ModelError, RulesError
from triage.letters.compose import AckContext
from triage.letters.lint import LintRules, load_lint_rules
from triage.letters.smtp import Relay, RelayAddress
from triage.letters.templates import Templates, load_templates
from triage.letters.writer import Writer, Written
from triage.log import get_logger
from triage.logins import accounts, login_of
from triage.mail.authentication import Trust, sender_trust
from triage.mail.automatic import Own
from triage.mail.mailbox import Mailbox, MailSource
from triage.mail.message import Address, Message, RawMail
from triage.mail.pictures import Ocr, is_installed
from triage.pipeline import BATCH, QUICK_BATCH, LetterRules
from triage.pipeline import Relay as RelayLike
from triage.records.checks import consult
from triage.records.claim import Claim, Consulted
from triage.records.database import SqlLedger
from triage.records.ledger import Ledger
from triage.store.dialect import missing_file
from triage.store.pseudonyms import Pseudonyms
from triage.store.retention import PastTime, months_before
from triage.store.store import Store
from triage.understanding import learn
from triage.understanding.classify import Classifier
from triage.understanding.extract import Extractor
from triage.understanding.findings import Understanding
from triage.understanding.memory import Memory, Remembering
from triage.understanding.phrases import PhraseClassifier
from triage.understanding.rules import Patterns, Shape, learned_shapes, load_patterns
from triage.understanding.understand import Understander

log = get_logger()

#: which model folder ships with this version
SHIPPED_MODEL = "dispute-e5-small"
#: mails that one thread understands at a time: few, so that the threads end together
_READ_TOGETHER = 2
#: threads that nobody has asked for: each needs memory for what the network works on
_MOST_THREADS = 4


def shipped(name: str) -> Path:
    """A folder that ships with the program: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).parent
    inside = package / "shipped" / name
    return inside if inside.is_dir() else package.parent / name


class House:
    """The rooms, furnished from settings. `close` it, or use it as a context.

    Where it may not `create` a database, it takes one that is there: to look into a wrong place makes none.
    """

    def __init__(self, settings: Settings, *, create: bool = True) -> None:
        self.settings = settings
        self._create = create
        #: folder of the version in use, and the mark of the corrections in memory
        self._version: Path | None = None
        self._said: object = None

    def __enter__(self) -> "House":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of every connection that was opened."""
        opened = self.__dict__
        for mailbox in opened.get("_mailboxes", ()):
            mailbox.close()
        if opened.get("relay") is not None:
            opened["relay"].close()
        if isinstance(opened.get("ledger"), SqlLedger):
            opened["ledger"].close()
        if "_readers" in opened:
            opened["_readers"].shutdown()
        if opened.get("ocr") is not None:
            opened["ocr"].close()
        if "store" in opened:
            opened["store"].close()

    def now(self) -> datetime:
        """This moment, with its zone."""
        return datetime.now(UTC)

    # what is known

    @cached_property
    def store(self) -> Store:
        """The database, brought up to date. Raises DatabaseError where there is none and none may be created."""
        if self._missing is not None:
            raise DatabaseError(f"there is no database at {self._missing} yet (triage run, once or doctor makes it)")
        store = Store(self.settings.database.url, self.plans)
        try:
            store.migrate()
        except BaseException:
            store.close()
            raise
        return store

    @property
    def _missing(self) -> Path | None:
        """The database's file where there is none and none may be created."""
        return None if self._create else missing_file(self.settings.database.url)

    def past_time(self) -> PastTime:
        """From when on mails and cases are past their time."""
        settings, now = self.settings.retention, self.now()
        cases, mails = (
            months_before(now, months) if months else None for months in (settings.cases_months, settings.mails_months)
        )
        return PastTime(cases=cases, mails=mails)

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """What stands for persons past their time. Raises ConfigError without a key."""
        return Pseudonyms(self.settings.retention.secret().encode())

    # mail in

    def mailboxes(self) -> Sequence[MailSource]:
        """Every watched folder."""
        if not self.settings.mailbox:
            raise ConfigError("no mailbox is configured: add a [[mailbox]] section (triage init writes one)")
        return self._mailboxes

    @cached_property
    def _mailboxes(self) -> tuple[Mailbox, ...]:
        return tuple(
            Mailbox(account)
            for settings in self.settings.mailbox
            for account in accounts(settings, lambda: self.store.logins)
        )

    def addresses(self, mailbox: str) -> frozenset[str]:
        """The addresses that customers write to, for one mailbox."""
        settings = self._mailbox(mailbox)
        return frozenset((settings.address, *settings.aliases)) if settings else frozenset()

    def _mailbox(self, name: str) -> MailboxSettings | None:
        return next((settings for settings in self.settings.mailbox if settings.name == name), None)

    def trust(self, message: Message) -> Trust:
        """What the site's own servers say of a sender."""
        return sender_trust(message, frozenset(self.settings.trust.authentication_servers))

    # understanding

    @cached_property
    def rules_folder(self) -> Path:
        """Where the rules are."""
        folder = Path(self.settings.rules.path) if self.settings.rules.path else shipped("rules")
        if not folder.is_dir():
            raise RulesError(f"rules.path: there is no folder {folder}")
        return folder

    @cached_property
    def patterns(self) -> Patterns:
        """rules/invoices.toml, amounts.toml and phrases.toml, checked and compiled."""
        return load_patterns(self.rules_folder, extra=self._house_style())

    def _house_style(self) -> tuple[Shape, ...]:
        """What the site's invoice numbers look like, as the imported ledger shows it."""
        imported = self.settings.ledger is not None and self.settings.ledger.source == "import"
        return learned_shapes(self.store.ledger.numbers()) if imported and self._missing is None else ()

    @cached_property
    def model_folder(self) -> Path:
        """The model that is learned upon."""
        path = self.settings.model.path
        return Path(path) if path else shipped("models") / SHIPPED_MODEL

    @cached_property
    def learned_folder(self) -> Path:
        """Where the versions are that this site has learned."""
        return Path(self.settings.model.learned)

    @cached_property
    def classifier(self) -> Classifier:
        """The model that decides: the version that was put into use here, else the one that is learned upon."""
        backend = self.settings.model.backend
        if backend == "none":
            return PhraseClassifier(self.patterns)
        self._version = learn.current(self.learned_folder)
        return learn.open_version(self._version, self.model_folder, backend=backend)

    @cached_property
    def remembering(self) -> Remembering:
        """The model behind what people have said; that memory is filled by `understand`."""
        return Remembering(self.classifier)

    def take_up(self) -> None:
        """Take up what has changed since: the version in use, and what people have said of mails.

        A version that cannot be opened calls a person, and the one before goes on.
        """
        self._take_up_version()
        mark = self.store.corrections.mark()
        if mark != self._said:
            self.remembering.memory, self._said = Memory(self.store.corrections.remembered()), mark

    def _take_up_version(self) -> None:
        before, backend = self.classifier, self.settings.model.backend
        if backend == "none":
            return
        try:
            version = learn.current(self.learned_folder)
            if version == self._version:
                return
            self._version = version
            self.classifier = learn.open_version(version, self.model_folder, backend=backend)
        except ModelError as error:
            log.error("version_not_taken_up", in_use=before.name, why=str(error))
            self.store.alarms.call("model", "", f"{before.name} stays in use: {error}", now=self.now())
            return
        for name in ("remembering", "understander", "policy"):
            vars(self).pop(name, None)
        self._said = None
        self.store.alarms.clear("model", "", now=self.now())
        log.info("version_taken_up", model=self.model)

    @property
    def model(self) -> str:
        """Name and version of the model, for the record."""
        return self.classifier.name

    @property
    def together(self) -> int:
        """How many mails are understood, and written down, together."""
        quick = self.settings.model.backend == "none" and not self.settings.ocr.enabled
        return QUICK_BATCH if quick else BATCH

    @cached_property
    def own(self) -> Own:
        """How this site's own mail is recognised."""
        return Own(addresses=self.settings.own_addresses, domains=frozenset(self.settings.trust.own_domains))

    @cached_property
    def extractor(self) -> Extractor:
        """What finds numbers, amounts and dates."""
        return Extractor(self.patterns)

    @cached_property
    def understander(self) -> Understander:
        """The whole of understanding."""
        return Understander(
            own=self.own,
            classifier=self.remembering,
            extractor=self.extractor,
            rules=self.patterns.version,
            pictures=self.ocr,
        )

    @cached_property
    def ocr(self) -> Ocr | None:
        """What reads pictures; None where the site has not switched it on. Raises ConfigError without the extra."""
        settings = self.settings.ocr
        if not settings.enabled:
            return None
        if not is_installed():
            raise ConfigError("ocr.enabled: rapidocr is missing: pip install 'billing-dispute-triage[ocr]'")
        return Ocr(most=settings.pictures, seconds=settings.seconds)

    def understand(self, messages: Sequence[Message]) -> Sequence[Understanding]:
        """What each mail means, by the version in use and by what people have said until now."""
        self.take_up()
        if self._threads == 1 or len(messages) <= _READ_TOGETHER:
            return self._understand(messages)
        parts = [messages[at : at + _READ_TOGETHER] for at in range(0, len(messages), _READ_TOGETHER)]
        return [what for part in self._readers.map(self._understand, parts) for what in part]

    def _understand(self, messages: Sequence[Message]) -> Sequence[Understanding]:
        understood = self.understander.understand(messages)
        return [self.with_details(message, what) for message, what in zip(messages, understood, strict=True)]

    @property
    def _threads(self) -> int:
        """Threads that read side by side: the network lets go of the interpreter, phrases and rules do not."""
        model = self.settings.model
        return 1 if model.backend == "none" else model.threads or min(os.cpu_count() or 1, _MOST_THREADS)

    @cached_property
    def _readers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads, thread_name_prefix="read")

    def with_details(self, message: Message, understood: Understanding) -> Understanding:
        """Where a person or a customer will hear of it: the same with what moved the verdict, and pictures read."""
        verdict = understood.verdict
        if verdict is None or verdict.probability < self.policy.review_threshold:
            return understood
        return self.understander.with_pictures(message, self.understander.with_evidence(message, understood))

    # records

    @cached_property
    def ledger(self) -> Ledger | None:
        """The site's invoices and payments; None where there is no [ledger] section, or nothing to import into yet."""
        settings = self.settings.ledger
        if settings is None:
            return None
        if settings.source == "import":
            return self.store.ledger if self._missing is None else None
        return SqlLedger(
            settings.secret_url(),
            settings.queries,
            timeout=settings.timeout_seconds,
            columns=settings.columns,
            currency=settings.currency,
        )

    def consult(self, message: Message, understood: Understanding, *, arrived: datetime) -> Consulted | None:
        """What the records say about a mail at or over the review threshold; None where there is no ledger.

        Raises LedgerError where they cannot be asked.
        """
        verdict = understood.verdict
        if self.settings.ledger is None or verdict is None or verdict.probability < self.policy.review_threshold:
            return None
        claim = Claim(
            findings=understood.findings,
            disputed=understood.disputed,
            reason=verdict.reason,
            sender=message.sender.address,
            written=(message.date or arrived).date(),
        )
        return consult(claim, self.ledger) if self.ledger is not None else None

    # deciding

    @cached_property
    def policy(self) -> Policy:
        """The settings that deciding needs."""
        letters, model = self.settings.letters, self.settings.model
        suggested = self.classifier.thresholds
        auto = suggested.auto if model.auto_threshold is None else model.auto_threshold
        review = suggested.review if model.review_threshold is None else model.review_threshold
        return Policy(
            auto_threshold=auto,
            review_threshold=min(review, auto),
            acknowledge=letters.acknowledge,
            letters_per_sender_per_day=letters.caps.per_sender_per_day,
            max_age=timedelta(days=letters.max_age_days),
            calendar=self.calendar,
            clocks=self.clocks,
            rules=self.routing,
        )

    @cached_property
    def calendar(self) -> Calendar:
        """Business hours."""
        hours = self.settings.hours
        return business_calendar(
            hours.zone,
            hours=[(hours.opens, hours.closes)],
            weekdays=hours.weekdays,
            country=hours.country,
            subdivision=hours.subdivision,
        )

    @cached_property
    def clocks(self) -> Pack:
        """rules/clocks.toml."""
        return load_pack(self.rules_folder / "clocks.toml")

    def plans(self, history: CaseHistory) -> Mapping[str, FollowUpPlan | CaseEvent]:
        """How the clocks of a case with this history stand: the check of each, or what ended it."""
        return look_again(self.clocks, history, self.calendar)

    @cached_property
    def routing(self) -> tuple[Rule, ...]:
        """rules/routing.toml."""
        return load_routing(self.rules_folder / "routing.toml")

    # letters out

    @cached_property
    def letters(self) -> LetterRules:
        """The settings that delivering needs."""
        letters, relay = self.settings.letters, self.settings.relay
        sender = letters.envelope_sender or self.sender.address
        return LetterRules(
            per_hour=letters.caps.per_hour,
            envelope_sender="" if letters.null_envelope_sender else sender,
            timeout=timedelta(seconds=relay.timeout_seconds if relay else 30),
            patience=timedelta(hours=letters.doubt_hours),
            doubt_policy=letters.doubt_policy,
            journal_folder=letters.journal_folder if letters.journal != "off" else "",
        )

    @cached_property
    def sender(self) -> Address:
        """Who writes our letters."""
        name, address = parseaddr(self.settings.letters.sender)
        return Address(name=name, address=address)

    @cached_property
    def relay(self) -> RelayLike | None:
        """The way out; None where no relay is configured: letters then wait."""
        settings = self.settings.relay
        if settings is None:
            return None
        return Relay(
            RelayAddress(
                host=settings.host,
                port=settings.port,
                security=settings.security,
                login=login_of(settings, lambda: self.store.logins),
                ca_file=settings.ca_file,
                timeout=settings.timeout_seconds,
                allow_insecure=settings.allow_insecure,
            )
        )

    @cached_property
    def templates(self) -> Templates:
        """rules/letters."""
        return load_templates(self.rules_folder / "letters")

    @cached_property
    def lint_rules(self) -> LintRules:
        """rules/letters/banned.toml: what no letter may say."""
        return load_lint_rules(self.rules_folder / "letters" / "banned.toml")

    @property
    def writer(self) -> Writer:
        """What writes our letters."""
        return Writer(
            templates=self.templates,
            lint_rules=self.lint_rules,
            sender=self.sender,
            contact=self.settings.letters.contact,
            language=self.settings.letters.language,
            zone=ZoneInfo(self.settings.hours.zone),
            clocks=self.clocks,
            calendar=self.calendar,
        )

    def write(
        self, reference: str, acknowledge: Acknowledge, raw: RawMail, message: Message, understood: Understanding
    ) -> Written:
        """The acknowledgement of a case, and what speaks against sending it."""
        written = self.writer.write(
            reference, acknowledge, message, understood, received=raw.arrived, written=self.now()
        )
        return replace(written, journal=self._journal(raw.mailbox))

    def _journal(self, mailbox: str) -> str:
        """Whom the copy of a letter goes to, "" = nobody: as configured, or the address that the customer wrote to."""
        journal = self.settings.letters.journal
        if journal:
            return "" if journal == "off" else journal
        settings = self._mailbox(mailbox)
        return settings.address if settings else self.sender.address

    def date_anew(self, content: bytes, context: AckContext) -> Written:
        """A letter that has waited, written for this moment: the same words, other dates.

        Raises CannotCompose where its files say other words than `content` by now.
        """
        return self.writer.date_anew(content, context, written=self.now())
