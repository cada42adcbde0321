"""What a reference is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

Trace = Mapping[int, bytes]
"""Tensor id of the source graph (before passes) -> the tensor's bytes, little-endian."""


class Reference(Protocol):
    """An independent implementation of the operators, loaded with one model."""

    @property
    def name(self) -> str:
        """Package, version and kernels, as the report states them."""
        ...

    def trace(self, inputs: bytes) -> Trace:
        """Every computed tensor that the output depends on, and the input.

        ``inputs`` are the bytes of the graph's only input. Where the implementation has no answer
        (``guards``), mcugen's definition stands in. Raises ToolchainError T006.
        """
        ...
