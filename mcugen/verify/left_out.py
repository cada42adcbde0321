"""Layers of which the arena does not hold all channels: those that have one value always.

A comparison is of the file's tensors: what an execution computed is completed with the values that
were proven at compile time, so that the reference must have these too.
"""

from __future__ import annotations

import numpy as np

from mcugen.manifest import Layer


def whole(layer: Layer, data: bytes) -> bytes:
    """The file's tensor, from what the arena holds of it."""
    if not layer.left_out:
        return data
    held = np.frombuffer(data, np.int8).reshape(-1, layer.shape[-1] - len(layer.left_out))
    full = np.empty((len(held), layer.shape[-1]), np.int8)
    full[:, _held_channels(layer)] = held
    for channel, value in layer.left_out:
        full[:, channel] = value
    return full.tobytes()


def part(layer: Layer, data: bytes) -> bytes:
    """What the arena holds of the file's tensor."""
    if not layer.left_out:
        return data
    full = np.frombuffer(data, np.int8).reshape(-1, layer.shape[-1])
    return full[:, _held_channels(layer)].tobytes()


def _held_channels(layer: Layer) -> list[int]:
    gone = {channel for channel, _ in layer.left_out}
    return [channel for channel in range(layer.shape[-1]) if channel not in gone]
