"""`triage model`: how good the model is, learning from what people say of mails, and its versions."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.markup import escape
from rich.progress import track

from triage.cli.common import JsonOption, actor, err, house_of, moment, out, print_json, print_json_lines, table
from triage.errors import MailTooComplex, OperatorError
from triage.house import House
from triage.mail.message import parse
from triage.understanding import learn as learning
from triage.understanding.charts import describe, reliability_svg
from triage.understanding.classify import Thresholds
from triage.understanding.evaluate import DISPUTE, Labelled, Mistake, Report, report
from triage.understanding.findings import REASONS, Verdict
from triage.understanding.labelled import LABELS, read_labelled, words_of_mail

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="How good the model is; learn from what people say of mails; versions.",
)

#: plain mails that travel with a model: what it gets right of them it must get right whatever a site teaches it
PINNED = "pinned.jsonl"
#: mails scored together: the network runs in batches of eight
_BATCH = 8

_FORMATS = "\n\n".join(
    (
        "A file of JSON lines, an object a mail:",
        '{"path": "mails/17.eml", "label": "wrong_amount"}',
        '{"text": "…", "subject": "…", "label": "none", "language": "de", "also": ["other"], "id": "…"}',
        "as triage explain --jsonl reads them (paths from the file's own folder, or from here), and with a label. Or a "
        f"folder of .eml files with {LABELS}: columns file, label, and where wanted also, language.",
        f"Labels: none, {DISPUTE} (reason not known), or a reason: {', '.join(REASONS)}. “also” names reasons that "
        "would be right as well; language is one of en es pt fr de, found out where it is left out.",
    )
)

_Mail = TypeVar("_Mail")


@app.command(epilog=_FORMATS)
def evaluate(
    context: typer.Context,
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE.jsonl|FOLDER]",
            help="Labelled mails (formats below). Left out: what people have said of the mails in this database: "
            "confirmed, rejected, given another reason, resolved.",
        ),
    ] = None,
    chart: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Write the reliability chart there: is 0.9 nine in ten?")
    ] = None,
    auto: Annotated[
        float | None, typer.Option(min=0, max=1, help="What if: threshold of the auto band; else as configured.")
    ] = None,
    review: Annotated[
        float | None, typer.Option(min=0, max=1, help="What if: threshold of the review band; else as configured.")
    ] = None,
    mistakes: Annotated[int, typer.Option(min=0, help="Name so many mails that land in the wrong band.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Score the model in use on labelled mails: bands, languages, reasons, calibration, what it confuses.

    What the daemon remembers of single mails is left out: it would be right about those in any case.
    """
    with house_of(context) as house:
        if source is None:
            mails, _, missing = _desk(house)
        else:
            mails, missing = read_labelled(source, watch=partial(_watch, "reading")), 0
        found = _score(house, mails, _thresholds(house, auto, review))
        seen = source is None and learning.current(house.learned_folder) is not None
    if chart is not None:
        _write(chart, reliability_svg(found))
    if as_json:
        print_json(asdict(found) | {"mails_gone": missing, "learned_from_them": seen})
        return
    out.print(describe(found), end="", markup=False, soft_wrap=True)
    _tell_mistakes(found.mistakes[:mistakes], len(found.mistakes))
    if missing:
        out.print(f"{missing} mails that people had decided about are gone, and were not scored.")
    if seen:
        out.print("The version in use has learned from some of these mails: it will do less well on new ones.")


def _thresholds(house: House, auto: float | None, review: float | None) -> Thresholds:
    auto = house.policy.auto_threshold if auto is None else auto
    review = min(house.policy.review_threshold, auto) if review is None else review
    if review > auto:
        raise OperatorError(f"--review {review} must not be over --auto {auto}")
    return Thresholds(auto=auto, review=review)


def _score(house: House, mails: Sequence[Labelled], thresholds: Thresholds) -> Report:
    verdicts: list[Verdict] = []
    for start in _watch("scoring", range(0, len(mails), _BATCH)):
        verdicts += house.classifier.score([mail.words for mail in mails[start : start + _BATCH]])
    return report(mails, verdicts, model=house.model, thresholds=thresholds)


def _watch(what: str, mails: Sequence[_Mail]) -> Iterable[_Mail]:
    """The same, with a progress bar on a terminal."""
    return track(mails, what, console=err, transient=True, disable=not err.is_terminal)


def _tell_mistakes(mistakes: Sequence[Mistake], count: int) -> None:
    if mistakes:
        out.print(f"\nin the wrong band, the worst {len(mistakes)} of {count}")
    for each in mistakes:
        out.print(f"  {each.probability:.3f}  {each.label:<28}{each.id}", markup=False, soft_wrap=True)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}") from error


def _desk(house: House) -> tuple[list[Labelled], list[Labelled], int]:
    """Mails that people have decided about, those of them that are pinned, and how many are gone."""
    mails, pinned, gone = [], [], 0
    for said in _watch("reading", house.store.corrections.decided()):
        raw = house.store.books.content(said.mail_id)
        try:
            words = words_of_mail(parse(raw.content, truncated=raw.truncated)) if raw is not None else None
        except MailTooComplex:
            words = None
        if words is None:
            gone += 1
            continue
        mails.append(Labelled(words=words, label=said.label, id=said.case))
        pinned += mails[-1:] if said.pinned else []
    return mails, pinned, gone


@app.command(epilog=_FORMATS)
def learn(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE.jsonl|FOLDER…]", help="Labelled mails besides the desk's (formats below)."),
    ] = None,
    pinned: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE.jsonl|FOLDER", help="Labelled mails that must not come out worse (repeatable)."),
    ] = None,
    hold: Annotated[
        bool, typer.Option("--hold", help="Keep a better version, and do not put it into use yet.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Learn from what people have said of mails. A new version is put into use if it is better, and says why if not.

    Better: on mails that it did not learn from it makes no more mistakes and is surer of the truth, by more than
    chance, in its verdicts, its reasons or both; and no pinned mail (triage model pin) that comes out right today comes
    out wrong. A running daemon takes it up before the next mail.
    """
    with house_of(context) as house:
        backend = house.settings.model.backend
        if backend == "none":
            raise OperatorError('model.backend is "none": phrases cannot learn; set it to "onnx"')
        given, kept, missing = _desk(house)
        reading = partial(_watch, "reading")
        for path in files or ():
            given += read_labelled(path, watch=reading)
        with_the_model = house.model_folder / PINNED
        for path in (*([with_the_model] if with_the_model.exists() else []), *(pinned or ())):
            kept += read_labelled(path, watch=reading)
        found = learning.learn(
            house.learned_folder,
            house.model_folder,
            given,
            pinned=kept,
            now=house.now(),
            backend=backend,
            watch=partial(_watch, "learning"),
        )
        used = found.version is not None and not hold
        if found.version is not None and used:
            _put_into_use(house, found.version)
    if as_json:
        print_json(asdict(found) | {"in_use": used, "mails_gone": missing})
        return
    _tell_learned(found, missing, used=used)


def _tell_learned(found: learning.Learned, missing: int, *, used: bool) -> None:
    out.print(f"{found.corrections} mails to learn from{f'; {missing} more are gone' if missing else ''}.")
    if found.before is not None and found.after is not None:
        for name, judged in (("before", found.before), ("after", found.after)):
            out.print(
                f"  {name:<7} wrong: {judged.mistakes} of {judged.count} verdicts (loss {judged.loss:.3f}), "
                f"{judged.wrong_reasons} of {judged.disputes} reasons (loss {judged.reason_loss:.3f})",
                soft_wrap=True,
            )
    for pinned in found.regressed:
        out.print(f"  pinned and wrong: {pinned}", markup=False, soft_wrap=True)
    end = (
        " It is in use." if used else f" Put it into use: triage model promote {found.version}" if found.version else ""
    )
    out.print(f"{found.summary[:1].upper()}{found.summary[1:]}.{end}", markup=False, soft_wrap=True)


@app.command("list")
def list_versions(context: typer.Context, as_json: JsonOption = False) -> None:
    """The versions that were learned here, and which is in use."""
    with house_of(context) as house:
        versions = learning.versions(house.learned_folder, house.model_folder)
        in_use = learning.current(house.learned_folder)
        model, settings = house.model, house.settings
    if as_json:
        print_json_lines(versions)
        return
    rows = [(learning.SHIPPED, "", "", "", "", "in use" if in_use is None else "")]
    for version in versions:
        state = "in use" if version.current else ""
        if version.stale:
            state = "of another version of the model: learn again"
        made = moment(datetime.fromisoformat(version.created), settings)
        before, after = version.before, version.after
        changes = (
            f"{before.mistakes} → {after.mistakes} of {after.count}",
            f"{before.wrong_reasons} → {after.wrong_reasons} of {after.disputes}",
        )
        rows.append((version.name, made, str(version.corrections), *changes, state))
    table("Versions", ("version", "made", "learned from", "wrong verdicts", "wrong reasons", ""), rows)
    out.print(f"Decides now: {escape(model)}", soft_wrap=True)


@app.command()
def promote(
    context: typer.Context,
    version: Annotated[str, typer.Argument(help=f"Its name (triage model list), or {learning.SHIPPED}.")],
) -> None:
    """Put a version into use; a running daemon takes it up before the next mail."""
    with house_of(context) as house:
        _put_into_use(house, version)
        out.print(f"In use: {escape(house.model)}.", soft_wrap=True)


@app.command()
def rollback(context: typer.Context) -> None:
    """Put into use again what was before the last change."""
    with house_of(context) as house:
        name = learning.roll_back(house.learned_folder)
        house.store.corrections.version_changed(f"rolled back to {name}", actor=actor(), now=house.now())
        out.print(f"In use: {escape(house.model)}.", soft_wrap=True)


def _put_into_use(house: House, version: str) -> None:
    learning.promote(house.learned_folder, house.model_folder, version)
    house.store.corrections.version_changed(f"{version} put into use", actor=actor(), now=house.now())


@app.command()
def corrections(context: typer.Context, as_json: JsonOption = False) -> None:
    """What people have said of mails: what there is to learn from, oldest first."""
    with house_of(context) as house:
        decided = house.store.corrections.decided()
    if as_json:
        print_json_lines({"case": said.case, "label": said.label, "pinned": said.pinned} for said in decided)
        return
    table(
        "Said by people", ("case", "it is", ""), ((said.case, said.label, "pinned" * said.pinned) for said in decided)
    )


@app.command()
def pin(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="DSP-…", help="The case that the mail opened.")],
    off: Annotated[bool, typer.Option("--off", help="No longer.")] = False,
) -> None:
    """Pin a case's mail: no version that gets it wrong is put into use by learning."""
    with house_of(context) as house:
        label = house.store.cases.pin(reference, pinned=not off, actor=actor(), now=house.now())
    out.print(f"{reference.upper()}: {'no longer pinned' if off else f'pinned as {label}'}.")
