"""mcugen's fast kernels for cores with the DSP extension, which work row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcugen import resources
from mcugen.kernels.backend import Backend, Kernel, SourceFile
from mcugen.kernels.rows import lower
from mcugen.kernels.rows.cost import COSTS
from mcugen.kernels.rows.family import FAMILY
from mcugen.version import __version__

__all__ = ["COSTS", "FAMILY", "KERNELS", "backend"]

KERNELS: Mapping[str, tuple[Kernel, ...]] = {
    "CONV_2D": (
        lower.pointwise_w,
        lower.pointwise_t,
        lower.lone_pixel,
        lower.convolution,
        lower.pointwise_w_twice_rounded,
        lower.pointwise_t_twice_rounded,
        lower.convolution_twice_rounded,
    ),
    "DEPTHWISE_CONV_2D": (
        lower.depthwise_picture,
        lower.depthwise_row,
        lower.convolution,
        lower.depthwise_picture_twice_rounded,
        lower.depthwise_row_twice_rounded,
        lower.convolution_twice_rounded,
    ),
    "FULLY_CONNECTED": (
        lower.pointwise_w,
        lower.pointwise_t,
        lower.lone_pixel,
        lower.pointwise_w_twice_rounded,
        lower.pointwise_t_twice_rounded,
    ),
}
"""To ask for each kind of operator: those with proven constants first, then those that round as the
reference does."""


def backend() -> Backend:
    return Backend(FAMILY, KERNELS, _sources, version=__version__, origin="mcugen")


def _sources(needs: Sequence[str]) -> tuple[SourceFile, ...]:
    folder = resources.firmware_dir() / "kernels" / "rows"
    return tuple(
        SourceFile(path.name, path.read_text("utf-8")) for path in sorted(folder.glob("*.h"))
    )
