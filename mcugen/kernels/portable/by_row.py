"""The row contract of functions that work value by value."""

from __future__ import annotations

from dataclasses import replace

from mcugen.ir import Tensor
from mcugen.kernels.contract import BY_ROW, RowContract


def by_row(picture: Tensor, *, in_place: bool = True) -> RowContract | None:
    """None for what is no picture (1, h, w, c)."""
    is_picture = len(picture.shape) == 4 and picture.shape[0] == 1
    return replace(BY_ROW, in_place=in_place) if is_picture else None
