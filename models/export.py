"""An encoder folder → `model.onnx`: mean pooled, length one, most weights in 8 bits.

python -m models.export models/work/e5-small models/work/e5-small/model.onnx
"""

import argparse
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic  # type: ignore[import-untyped]
from transformers import AutoModel

from triage.understanding.network import pool


class Pooled(torch.nn.Module):
    """The encoder with its pooling, as one graph."""

    def __init__(self, encoder: torch.nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One vector a text, and one a token."""
        tokens = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return pool(tokens, attention_mask), tokens


def export(encoder: torch.nn.Module, path: Path) -> None:
    """Write the int8 graph of an encoder."""
    module = Pooled(encoder.float().train(False))
    example = (torch.ones(2, 16, dtype=torch.int64), torch.ones(2, 16, dtype=torch.int64))
    texts, tokens = torch.export.Dim("texts", min=1, max=4096), torch.export.Dim("tokens", min=2, max=512)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # The exporter warns of its own deprecated parts.
        warnings.simplefilter("ignore")
        plain = Path(folder) / "plain.onnx"
        program = torch.onnx.export(
            module,
            example,
            input_names=["input_ids", "attention_mask"],
            output_names=["vector", "tokens"],
            dynamic_shapes=({0: texts, 1: tokens}, {0: texts, 1: tokens}),
            dynamo=True,
            external_data=False,
        )
        if program is None:
            raise SystemExit("the exporter made no graph")
        onnx.save(_named(program.model_proto), plain)
        kept = [node.name for node in onnx.load(plain).graph.node if any(_is_sensitive(name) for name in node.input)]
        # Seven bits where a CPU without VNNI would overflow its 16-bit sums: every machine gives the same answers.
        quantize_dynamic(
            plain, path, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True, nodes_to_exclude=kept
        )
        onnx.save(_halved(onnx.load(path)), path)


def _named(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Give each folded weight the name of the layer whose bias is added behind it, so that torch can find it again."""
    # Shapes that the exporter noted for the weights before it turned them round.
    del graph.graph.value_info[:]
    weights = {each.name: each for each in graph.graph.initializer}
    products = {node.output[0]: node for node in graph.graph.node if node.op_type == "MatMul"}
    for node in graph.graph.node:
        source = [name for name in node.input if name in products]
        bias = [name for name in node.input if name.endswith(".bias") and name in weights]
        if node.op_type == "Add" and source and bias:
            product = products[source[0]]
            name = bias[0].removesuffix("bias") + "weight"
            if name not in weights:
                weights[product.input[1]].name = name
                product.input[1] = name
    return graph


def _is_sensitive(name: str) -> bool:
    """Whether a weight comes right after the activation: its inputs have outliers that 8 bits cannot hold."""
    return name.endswith(".output.dense.weight") and "attention" not in name


def _halved(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Keep the weights that were left alone in 16 bits; the run time makes them 32 again when it loads them."""
    for weight in graph.graph.initializer:
        if _is_sensitive(weight.name):
            name = weight.name
            values = onnx.numpy_helper.to_array(weight).astype(np.float16)
            weight.CopyFrom(onnx.numpy_helper.from_array(values, f"{name}_half"))
            cast = onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT)
            graph.graph.node.insert(0, cast)
    return graph


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("graph", type=Path)
    options = parser.parse_args()
    export(AutoModel.from_pretrained(options.encoder, local_files_only=True), options.graph)


if __name__ == "__main__":
    main()
