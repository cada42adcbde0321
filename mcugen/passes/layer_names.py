"""What people call the layers of a model: short names made of the tensors' long ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcugen.ir import Graph

# Parts of tensor names that say what a converter did, not which layer it is.
_GENERIC = re.compile(
    r"(relu\w*|activation\w*|bias_?add\w*|batch_?norm\w*|fusedbatchnorm\w*|conv2d|conv2d1|matmul\w*"
    r"|depthwise|identity\w*|readvariableop|resource\w*|avgpool|max_?pool|stateful\w*|mobilenetv1"
    r"|model\w*|sequential\w*|mul\w*|add|logits|read|)",
    re.IGNORECASE,
)

# What the name of a layer of this kind is likely to contain.
_TELLING = {
    "AVERAGE_POOL_2D": "pool",
    "CONV_2D": "conv|pw|pointwise",
    "DEPTHWISE_CONV_2D": "depthwise|dw",
    "FULLY_CONNECTED": "dense|fc|logits",
    "MAX_POOL_2D": "pool",
}


def layer_names(graph: Graph) -> tuple[str, ...]:
    """A C identifier for each operator, after the model's own names, each of them once."""
    taken: set[str] = set()
    names = []
    for op in graph.ops:
        base = _layer_name(op.kind, graph.output(op).name)
        name = next(name for name in _numbered(base) if name not in taken)
        taken.add(name)
        names.append(name)
    return tuple(names)


def _numbered(base: str) -> Iterator[str]:
    yield base
    number = 2
    while True:
        yield f"{base}_{number}"
        number += 1


def _layer_name(kind: str, tensor_name: str) -> str:
    """The part of a fused tensor name (``a/b/Relu;a/b/Conv2D``) that tells the layer."""
    telling = re.compile(_TELLING.get(kind, "$^"), re.IGNORECASE)
    parts = [part for fused in tensor_name.split(";") for part in fused.split("/")]
    distinct = [part for part in parts if not _GENERIC.fullmatch(part)]
    chosen = next((part for part in distinct if telling.search(part)), None)
    if chosen is None:
        return kind.lower()
    return re.sub(r"[^a-z0-9]+", "_", chosen.lower()).strip("_") or kind.lower()
