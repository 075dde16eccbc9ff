"""A folder of models/ is opened when it is whole, and refused with clear words when it is not."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from triage.errors import ModelError
from triage.understanding.classify import Words
from triage.understanding.findings import REASONS
from triage.understanding.models import describe, open_model, write_description

TINY = Path(__file__).parent / "tiny"
TWICE = Words(subject="bill", reply="you charged me twice for the same month")
COPY = Words(subject="", reply="please send me a copy of my bill")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder to break."""
    return Path(shutil.copytree(TINY, tmp_path / "tiny"))


def needs_torch() -> None:
    """Skip where torch is absent; where CI is set its absence is a failure."""
    if not os.environ.get("CI"):
        for library in ("torch", "onnx"):
            pytest.importorskip(library, reason=f"{library} is not installed: the second back end is not tested")
    else:
        import torch  # noqa: F401


def edit(folder: Path, old: str, new: str) -> None:
    """Change model.toml."""
    path = folder / "model.toml"
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new), encoding="utf-8")


def test_a_whole_folder_becomes_a_classifier() -> None:
    """Its verdicts carry name and version, probabilities and every reason."""
    model = open_model(TINY)
    [claim, copy] = model.score([TWICE, COPY])
    assert claim.probability > 0.5 > copy.probability
    assert claim.reason == "duplicate_charge"
    assert sum(claim.reasons.values()) == pytest.approx(1, abs=1e-5)
    assert set(claim.reasons) == set(REASONS)
    assert claim.model == model.name == "tiny 1"
    assert model.thresholds.auto == 0.9


def test_no_connection_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models load from disk and nowhere else."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a model asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert open_model(TINY).score([TWICE])


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "heads.safetensors"])
def test_a_changed_file_is_refused_before_it_is_read(folder: Path, name: str) -> None:
    """One flipped bit is enough."""
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name} is damaged or was replaced"):
        open_model(folder)


def test_every_missing_file_is_named(folder: Path) -> None:
    """The operator sees all that is wrong at once."""
    (folder / "model.onnx").unlink()
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError) as caught:
        open_model(folder)
    assert len(caught.value.problems) == 2


def test_a_file_outside_the_folder_is_refused(folder: Path) -> None:
    """A description cannot point elsewhere."""
    edit(folder, '"model.onnx" =', '"../model.onnx" =')
    with pytest.raises(ModelError, match="not a plain file name"):
        open_model(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('version = "1"', "", "version"),
        ('"auto" = 0.9', '"auto" = 1.5', "thresholds.auto"),
        ('"auto" = 0.9', '"auto" = 0.1', "review must not be over auto"),
        ('name = "tiny"', "name = ", "model.toml"),
        ('name = "tiny"', 'name = "tiny"\ncolour = "red"', "colour"),
    ],
)
def test_a_description_with_mistakes_is_refused(folder: Path, old: str, new: str, message: str) -> None:
    """With the key that is wrong."""
    edit(folder, old, new)
    with pytest.raises(ModelError, match=message):
        open_model(folder)


def test_what_is_no_model_folder_is_said_to_be_none(tmp_path: Path) -> None:
    """Missing and empty folders are the commonest mistakes."""
    with pytest.raises(ModelError, match="no model folder"):
        open_model(tmp_path / "absent")
    with pytest.raises(ModelError, match=r"has no model\.toml"):
        open_model(tmp_path)


def test_a_graph_that_is_none_is_an_operators_error(folder: Path) -> None:
    """Foreign errors are translated at the border."""
    described = describe(folder)
    (folder / "model.onnx").write_bytes(b"nothing")
    write_description(folder, described.model_copy(update={"files": {}}))
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_model(folder)


@pytest.mark.torch
def test_torch_finds_the_weights_in_the_graph(folder: Path) -> None:
    """The shipped model holds its weights once, for both back ends."""
    needs_torch()
    described = describe(folder)
    whole = open_model(folder, backend="transformers").score([TWICE])[0]
    (folder / "model.safetensors").unlink()
    files = {name: digest for name, digest in described.files.items() if name != "model.safetensors"}
    write_description(folder, described.model_copy(update={"files": files}))
    [verdict] = open_model(folder, backend="transformers").score([TWICE])
    assert verdict.probability == pytest.approx(whole.probability, abs=0.05)


def test_a_description_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Names with quotes and slashes survive."""
    described = describe(TINY).model_copy(
        update={"name": 'a "b" \\ c é', "labels": {"LABEL_0": "none", "x y": "other"}}
    )
    write_description(tmp_path, described)
    assert describe(tmp_path) == described


@pytest.mark.torch
def test_both_back_ends_agree() -> None:
    """The int8 graph says what the full network says."""
    needs_torch()
    mails = [TWICE, COPY, Words(subject="my refund", reply="i never got my refund. " * 12)]
    pairs = zip(open_model(TINY).score(mails), open_model(TINY, backend="transformers").score(mails), strict=True)
    for onnx, torch in pairs:
        assert onnx.probability == pytest.approx(torch.probability, abs=0.08)
        assert onnx.reason == torch.reason


@pytest.mark.torch
def test_any_classification_folder_with_a_label_map_works(tmp_path: Path) -> None:
    """An admin's own Hugging Face model takes the place of ours."""
    needs_torch()
    from transformers import BertConfig, BertForSequenceClassification

    labels = {0: "billing_error", 1: "double", 2: "fine"}
    config = BertConfig(
        vocab_size=200, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        id2label=labels, label2id={name: number for number, name in labels.items()},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(tmp_path)
    shutil.copy(TINY / "tokenizer.json", tmp_path)
    described = describe(TINY).model_copy(
        update={"files": {}, "labels": {"billing_error": "wrong_amount", "double": "duplicate_charge", "fine": "none"}}
    )
    write_description(tmp_path, described)
    [verdict] = open_model(tmp_path, backend="transformers").score([TWICE])
    assert verdict.reasons["wrong_amount"] + verdict.reasons["duplicate_charge"] == pytest.approx(1, abs=1e-5)
    with pytest.raises(ModelError, match="needs the transformers back end"):
        open_model(tmp_path, backend="onnx")
    write_description(tmp_path, described.model_copy(update={"labels": {"double": "duplicate_charge", "ok": "none"}}))
    with pytest.raises(ModelError, match="but the model has"):
        open_model(tmp_path, backend="transformers")


def test_nothing_is_reported_to_the_makers_of_the_engine(tmp_path: Path) -> None:
    """ONNX Runtime would send each session's facts to them: it keeps no file with what is still to be sent."""
    program = (
        f"from pathlib import Path\nfrom triage.understanding.models import open_model\nopen_model(Path({str(TINY)!r}))"
    )
    # without CI and what else our own environment may hold against reports
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-c", program], env=environment, cwd=TINY.parents[2], check=True, timeout=120)
    assert list(tmp_path.rglob("*")) == []
