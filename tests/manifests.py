"""Manifests for what only looks at the layers."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_type_hints

from mcugen.manifest import Edge, Layer, Manifest, Step

_EMPTY: dict[Any, Any] = {int: 0, str: "", tuple: (), dict: {}, int | None: None}


def manifest_of(layers: tuple[Layer, ...], *, stack_reserved: int = 4096) -> Manifest:
    """A manifest with these layers, the last of which makes the output; the rest says nothing."""
    hints = get_type_hints(Manifest)
    values = {one.name: _EMPTY.get(hints[one.name], ()) for one in fields(Manifest)}
    values["external"] = None
    last = layers[-1]
    return Manifest(
        **{
            **values,
            "name": "model",
            "models": ("model",),
            "layers": layers,
            "steps": tuple(Step(n, n, 0, 0, 1) for n in range(len(layers))),
            "input": Edge("in", "int8", (1,), 1),
            "output": Edge("out", last.dtype, last.shape, last.bytes),
            "stack_reserved": stack_reserved,
        }
    )


def layer(name: str, dtype: str, shape: tuple[int, ...], size: int, *, macs: int = 0) -> Layer:
    """A layer with an output of ``size`` bytes."""
    return Layer(
        name=name,
        op="CONV_2D",
        kernel="conv",
        cost=0,
        others=(),
        macs=macs,
        tensor=0,
        shape=shape,
        left_out=(),
        dtype=dtype,
        offset=0,
        bytes=size,
        scratch_bytes=0,
        live_bytes=0,
        weights_bytes=0,
        reads=(),
        input="",
        output="",
    )
