"""What ships is cut and calibrated by mails that were not learned from, counted as the command says, and is whole."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triage.errors import ModelError, OperatorError
from triage.understanding.calibration import AUTO_PRECISION, REVIEW_RECALL
from triage.understanding.classify import Words
from triage.understanding.findings import REASONS
from triage.understanding.heads import NONE, sigmoid
from triage.understanding.models import Honest, describe, open_model, write_description
from triage.understanding.senses import SENSES, SenseHead

if not os.environ.get("CI"):
    for library in ("torch", "onnx", "sklearn"):
        pytest.importorskip(library, reason=f"{library} is not installed: it comes with the trainer's libraries")

from models import finish, train
from models.examples import from_corpus

TINY = Path(__file__).parents[1] / "understanding" / "tiny"
TWICE = Words(subject="", reply="you charged me twice for the same month")
#: how much surer the network is than it should be
TOO_SURE = 3.0


@dataclass(frozen=True, kw_only=True)
class Passes:
    """Trained folders and what they were made of; *shore* is learned, *pier* and *reef* are left out."""

    corpus: Path
    trained: Path
    #: lines of an earlier network
    earlier: Path

    def heard(self, *, ordinary: Sequence[str] = (), times: int = 1) -> list[dict[str, Any]]:
        """What both networks said of the corpus."""
        return finish.heard(self.trained, [self.earlier], from_corpus(self.corpus), ordinary=ordinary, times=times)

    def finish(self, folder: Path, *options: str) -> None:
        """The command."""
        finish.main(
            [*map(str, (self.trained, folder)), "--version", "7", "--corpus", str(self.corpus),
             "--held-out", str(self.earlier), *options]
        )  # fmt: skip


def write_mails(path: Path, hand: str, labels: Sequence[str]) -> None:
    """A file of the corpus, whose words say nothing about the labels."""
    mails = (
        f"=== {hand}-mails-en-{number:03}\nlang: en\nlabel: {label}\nsubject: bill\n---\nplease look at my bill\n"
        for number, label in enumerate(labels, 1)
    )
    path.write_text("\n".join(mails), encoding="utf-8")


def lines_of(hand: str, labels: Sequence[str], chance: np.random.Generator) -> list[dict[str, Any]]:
    """What a network would say that tells most disputes, and is far too sure."""
    return [
        {
            "id": f"{hand}-mails-en-{number:03}",
            "fold": hand,
            "language": "en",
            "label": label,
            "also": [],
            "kind": "",
            "score": TOO_SURE * float(chance.normal(3 if label != NONE else -3, 1.5)),
            "reasons": [float(each == label) for each in REASONS],
        }
        for number, label in enumerate(labels, 1)
    ]


def write_lines(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    """As training writes them."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


@pytest.fixture(scope="module")
def passes(tmp_path_factory: pytest.TempPathFactory) -> Passes:
    """Two networks and their corpus; mails of the examination are in the lines of both."""
    folder, chance = tmp_path_factory.mktemp("passes"), np.random.default_rng(5)
    corpus, trained, earlier = folder / "corpus", folder / "trained", folder / "earlier.jsonl"
    corpus.mkdir()
    left_out = [*REASONS, *[NONE] * len(REASONS)] * 10
    for hand, labels in (("shore", left_out[: 4 * len(REASONS)]), ("pier", left_out), ("reef", left_out)):
        write_mails(corpus / f"{hand}-mails-en.txt", hand, labels)
    shutil.copytree(TINY, trained)
    (trained / "training.json").write_text("{}", encoding="utf-8")
    width = json.loads((TINY / "config.json").read_text(encoding="utf-8"))["hidden_size"]
    senses = len(SENSES)
    SenseHead(weight=np.ones((senses, width), np.float32), bias=np.ones(senses, np.float32)).save(
        trained / "senses.safetensors"
    )
    exam = lines_of("heath", left_out, chance)
    write_lines(trained / train.HELD_OUT, [*lines_of("pier", left_out, chance), *exam])
    # twice as loud as the one that ships
    louder = [line | {"score": 2 * line["score"]} for line in (*lines_of("reef", left_out, chance), *exam)]
    write_lines(earlier, louder)
    return Passes(corpus=corpus, trained=trained, earlier=earlier)


@pytest.fixture(scope="module")
def shipped(passes: Passes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that ships."""
    folder = tmp_path_factory.mktemp("shipped") / "dispute-tiny"
    passes.finish(folder, "--ordinary", "pier", "--times", "4")
    return folder


def test_what_is_written_is_a_whole_model(shipped: Path) -> None:
    """Under its name and version, every file that the program reads by its digest."""
    assert open_model(shipped).name == "dispute-tiny 7"
    opened = {path.name for path in shipped.iterdir()} - {"model.toml", "training.json", "reliability.svg"}
    assert set(describe(shipped).files) == opened
    assert {"model.onnx", "heads.safetensors", "terms.safetensors", "senses.safetensors"} < opened


def test_a_file_that_was_changed_after_it_is_refused(shipped: Path, tmp_path: Path) -> None:
    """The counter of words too."""
    folder = Path(shutil.copytree(shipped, tmp_path / "changed"))
    with (folder / "terms.safetensors").open("ab") as terms:
        terms.write(b" ")
    with pytest.raises(ModelError, match=r"terms\.safetensors is damaged or was replaced"):
        open_model(folder)


def test_thresholds_keep_what_they_promise(passes: Passes, shipped: Path) -> None:
    """On the held-out mails, as often as they count: few are acknowledged wrongly, few disputes reach nobody."""
    described = describe(shipped)
    honest = described.calibration
    said = finish.repeated(passes.heard(ordinary=["pier"], times=4))
    probabilities = np.array([sigmoid(honest.scale * row["score"] + honest.shift) for row in said])
    disputes = np.array([row["label"] != NONE for row in said])
    assert 0.5 <= described.thresholds.auto < 0.97
    assert disputes[probabilities >= described.thresholds.auto].mean() >= AUTO_PRECISION
    assert (probabilities[disputes] >= described.thresholds.review).mean() >= REVIEW_RECALL


def test_a_network_that_is_too_sure_is_made_honest(shipped: Path, tmp_path: Path) -> None:
    """What calibration says is what verdicts are given by."""
    honest = describe(shipped).calibration
    # disputes and others lie six apart, with a deviation of a half of three: log odds of 8/3 for each
    assert honest.scale == pytest.approx(6 / 1.5**2 / TOO_SURE, rel=0.25)
    raw = Path(shutil.copytree(shipped, tmp_path / "raw"))
    write_description(raw, describe(shipped).model_copy(update={"calibration": Honest()}))
    said, meant = (
        np.log(verdict.probability / (1 - verdict.probability))
        for folder in (raw, shipped)
        for verdict in open_model(folder).score([TWICE])
    )
    assert meant == pytest.approx(honest.scale * said + honest.shift, rel=1e-3)


def test_scores_of_an_earlier_network_are_brought_to_the_scale_of_this_one(passes: Passes) -> None:
    """By mails that neither has learned from, and these count for nothing else."""
    said = passes.heard()
    spread = {
        hand: np.std([row["score"] for row in said if row["fold"] == hand and row["label"] != NONE])
        for hand in ("pier", "reef")
    }
    assert spread["reef"] == pytest.approx(spread["pier"], rel=0.3)
    assert {row["fold"] for row in said} == {"pier", "reef"}


@pytest.mark.parametrize("ordinary", ["pier", "reef"])
def test_the_hands_that_are_named_count_several_times(passes: Passes, ordinary: str) -> None:
    """Wherever their lines stand; all others count once."""
    once = Counter(row["id"] for row in passes.heard())
    often = Counter(row["id"] for row in finish.repeated(passes.heard(ordinary=[ordinary], times=3)))
    assert often == {mail: count * (3 if mail.startswith(ordinary) else 1) for mail, count in once.items()}


def test_the_figures_are_of_each_mail_once(passes: Passes, shipped: Path) -> None:
    """However often it counts for the thresholds."""
    assert describe(shipped).scores["mails"] == len(passes.heard())


def test_a_named_hand_without_lines_is_refused(
    passes: Passes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is written; one that was learned is as good as none, and one of the examination too."""
    for hand in ("shore", "heath", "peir"):
        with pytest.raises(OperatorError, match=f"no lines of {hand}"):
            passes.heard(ordinary=["pier", hand], times=4)
    with pytest.raises(SystemExit) as stopped:
        passes.finish(tmp_path / "none", "--ordinary", "peir", "--times", "4")
    assert stopped.value.code == 2
    assert "no lines of peir" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_times_alone_is_refused(passes: Passes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It would count nobody."""
    with pytest.raises(SystemExit) as stopped:
        passes.finish(tmp_path / "none", "--times", "4")
    assert stopped.value.code == 2
    assert "--ordinary" in capsys.readouterr().err.splitlines()[-1]


def test_a_trained_folder_is_asked_of_new_hands_without_learning(passes: Passes, tmp_path: Path) -> None:
    """Their lines are written, for `--held-out`, and nothing else."""
    asked = tmp_path / "asked"
    train.main(
        [*map(str, (passes.trained, asked)), "--corpus", str(passes.corpus), "--exam", str(tmp_path),
         "--epochs", "0", "--leave-out", "reef"]
    )  # fmt: skip
    assert [path.name for path in asked.iterdir()] == [train.HELD_OUT]
    lines = finish.read_held_out(asked / train.HELD_OUT)
    assert [row["id"] for row in lines] == [row["id"] for row in passes.heard() if row["fold"] == "reef"]
    assert len({round(row["score"], 3) for row in lines}) == 1
