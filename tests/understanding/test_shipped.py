"""The model that ships: whole, light, and right about plain mails in every language that we write in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from triage.understanding.classify import Classifier, Words
from triage.understanding.findings import Language
from triage.understanding.models import describe, open_model

MODEL = Path(__file__).parents[2] / "models" / "dispute-e5-small"

CLAIMS: list[tuple[Language, str, str]] = [
    (
        "en",
        "You took 48.00 from my card on 3 July and again on 5 July, for one booking. Please send one back.",
        "duplicate_charge",
    ),
    (
        "es",
        "Di de baja la suscripción en marzo, tengo el correo que lo confirma, y en mayo me han vuelto a cobrar 19 €.",
        "charged_after_cancellation",
    ),
    (
        "pt",
        "Devolvi as botas em 2 de abril e até hoje o reembolso de R$ 289,00 não caiu na minha conta.",
        "refund_not_received",
    ),
    (
        "fr",
        "Ma facture de juin comporte 15 € de frais de dossier dont personne ne m'a parlé. Merci de les retirer.",
        "unexpected_fee",
    ),
    (
        "de",
        "Auf meinem Konto steht eine Abbuchung von Ihnen über 79,00 €. Ich habe nie etwas bei Ihnen bestellt.",
        "unrecognized_charge",
    ),
]
OTHERS: list[tuple[Language, str]] = [
    ("en", "Could you send me a copy of the invoice for June as a PDF? My accountant needs it. Thank you."),
    ("es", "Buenos días, ¿me podéis decir cuánto cuesta el plan para diez usuarios y si hay descuento anual?"),
    ("pt", "Obrigado, o estorno caiu na conta hoje. Por mim o assunto está encerrado. Um abraço."),
    ("fr", "Bonjour, nous avons déménagé. Merci de noter notre nouvelle adresse pour vos prochains courriers."),
    ("de", "Guten Tag, wir haben Ihre Rechnung heute überwiesen. Bitte bestätigen Sie kurz den Eingang."),
]


@pytest.fixture(scope="module")
def model() -> Classifier:
    """The shipped model, as the daemon opens it."""
    return open_model(MODEL)


@pytest.mark.parametrize(("language", "text", "reason"), CLAIMS)
def test_a_plain_dispute_is_seen_with_its_reason(model: Classifier, language: Language, text: str, reason: str) -> None:
    """In each of our languages it reaches at least a person."""
    [verdict] = model.score([Words(subject="", reply=text, language=language)])
    assert verdict.probability >= model.thresholds.review
    assert verdict.reason == reason


@pytest.mark.parametrize(("language", "text"), OTHERS)
def test_plain_mail_about_invoices_is_not_acknowledged(model: Classifier, language: Language, text: str) -> None:
    """The same words stand in mails that dispute nothing."""
    [verdict] = model.score([Words(subject="", reply=text, language=language)])
    assert verdict.probability < model.thresholds.auto


def test_evidence_points_at_the_claim(model: Classifier) -> None:
    """Among pleasantries, the words shown are those of the claim."""
    claim = "you charged my card twice for the same order"
    words = Words(
        subject="Hello", reply=f"Hi there, hope you are all well. It seems {claim}. Best wishes, Ann", language="en"
    )
    [verdict] = model.score([words])
    [first, *_] = model.evidence(words, verdict)
    assert set(first.text.split()) & set(claim.split()) - {"the", "you", "my", "for"}
    [without] = model.score([Words(subject="Hello", reply=words.reply[: first.start] + words.reply[first.end :])])
    assert without.probability < verdict.probability


def test_it_comes_with_its_papers() -> None:
    """Licences, sources and weak spots travel with the weights."""
    card = (MODEL / "card.md").read_text(encoding="utf-8")
    for source in ("multilingual-e5-small", "banking77", "CLINC150", "Bitext", "CFPB", "Enron", "CodE Alltag"):
        assert source in card
    assert describe(MODEL).scores["auc"] > 0.9


def test_its_files_are_small() -> None:
    """They travel with every checkout and every installation."""
    assert sum(path.stat().st_size for path in MODEL.iterdir()) < 45_000_000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc, which is not here")
def test_a_process_with_the_model_stays_small() -> None:
    """Under 350 MB, also while it reads long mails."""
    script = (
        "import sys; from pathlib import Path; from triage.understanding.models import open_model\n"
        "from triage.understanding.classify import Words\n"
        "model = open_model(Path(sys.argv[1]))\n"
        "model.score([Words(subject='Invoice', reply='please look at this bill again. ' * 60)] * 8)\n"
        # the peak that getrusage tells is inherited from whoever started this
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(MODEL)],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
        timeout=120,
    )
    assert int(run.stdout) < 350_000
