"""An encoder folder → `model.onnx`: mean pooled, length one, weights in 8 bits.

python -m models.export models/passes/e5-small models/passes/e5-small/model.onnx
"""

import argparse
import copy
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic  # type: ignore[import-untyped]
from transformers import AutoModel

from triage.understanding.network import pool


class Level(torch.nn.Module):
    """A linear layer that brings each token to the same height before the product, and back after it.

    One scale holds a whole text when its numbers are rounded to 8 bits. Behind the activation the first token is ten
    times as loud as the others, and what is left of those would be a few steps.
    """

    def __init__(self, layer: torch.nn.Linear) -> None:
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """What the layer itself says, up to rounding."""
        height = numbers.abs().amax(-1, keepdim=True).clamp(min=1e-6)
        return torch.nn.functional.linear(numbers / height, self.weight) * height + self.bias


class Pooled(torch.nn.Module):
    """The encoder with its pooling, as one graph."""

    def __init__(self, encoder: torch.nn.Module) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(encoder).float().train(False)
        for name, layer in list(self.encoder.named_modules()):
            if isinstance(layer, torch.nn.Linear) and "attention" not in name:
                self.encoder.set_submodule(name, Level(layer))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One vector a text, and one a token."""
        tokens = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return pool(tokens, attention_mask), tokens


def export(encoder: torch.nn.Module, path: Path) -> None:
    """Write the int8 graph of an encoder."""
    example = (torch.ones(2, 16, dtype=torch.int64), torch.ones(2, 16, dtype=torch.int64))
    texts, tokens = torch.export.Dim("texts", min=1, max=4096), torch.export.Dim("tokens", min=2, max=512)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # The exporter warns of its own deprecated parts.
        warnings.simplefilter("ignore")
        plain = Path(folder) / "plain.onnx"
        program = torch.onnx.export(
            Pooled(encoder),
            example,
            input_names=["input_ids", "attention_mask"],
            output_names=["vector", "tokens"],
            dynamic_shapes=({0: texts, 1: tokens}, {0: texts, 1: tokens}),
            dynamo=True,
            external_data=False,
            # the first that knows attention as one step
            opset_version=23,
        )
        if program is None:
            raise SystemExit("the exporter made no graph")
        onnx.save(_named(program.model_proto), plain)
        quantize_dynamic(
            plain, path, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gather"]
        )
        onnx.save(_bare(_finer(onnx.load(path), onnx.load(plain))), path)


def _named(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Give each folded weight the name of the layer whose bias is added behind it, so that torch can find it again."""
    # Shapes that the exporter noted for the weights before it turned them round.
    del graph.graph.value_info[:]
    weights = {each.name: each for each in graph.graph.initializer}
    products: dict[str, onnx.NodeProto] = {}
    for node in graph.graph.node:
        source = [name for name in node.input if name in products]
        bias = [name for name in node.input if name.endswith(".bias") and name in weights]
        if node.op_type == "MatMul":
            products[node.output[0]] = node
        elif node.op_type == "Mul" and source:
            products[node.output[0]] = products[source[0]]
        elif node.op_type == "Add" and source and bias:
            product = products[source[0]]
            name = bias[0].removesuffix("bias") + "weight"
            if name not in weights:
                weights[product.input[1]].name = name
                product.input[1] = name
    return graph


def _finer(graph: onnx.ModelProto, plain: onnx.ModelProto) -> onnx.ModelProto:
    """Round the weights of products as finely as a CPU without VNNI allows: every machine gives the same answers.

    It adds two neighbours, times numbers up to 255, in 16 bits: they may be 128 together. Two great neighbours are
    rare, so that this leaves nearly twice the steps that 64 for each would.
    """
    rounded = {each.name: each for each in graph.graph.initializer}
    for weight in plain.graph.initializer:
        scale = rounded.get(f"{weight.name}_scale")
        # the table of vectors has one scale, and nobody multiplies it
        if scale is None or not scale.dims:
            continue
        values = onnx.numpy_helper.to_array(weight)
        # 127, since either may be rounded up by a half
        step = ((np.abs(values[0::2]) + np.abs(values[1::2])).max(0) / 127).clip(1e-9).astype(np.float32)
        whole = np.rint(values / step).astype(np.int8)
        scale.CopyFrom(onnx.numpy_helper.from_array(step, scale.name))
        quantized = rounded[f"{weight.name}_quantized"]
        quantized.CopyFrom(onnx.numpy_helper.from_array(whole, quantized.name))
    return graph


def _bare(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Drop the exporter's notes, among them where the files of this program stood when it ran."""
    parts = graph.graph
    for each in (graph, parts, *parts.node, *parts.initializer, *parts.value_info, *parts.input, *parts.output):
        del each.metadata_props[:]
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
