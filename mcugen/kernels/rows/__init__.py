"""mcugen's fast kernels for cores with the DSP extension, which work row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcugen import resources
from mcugen.kernels.backend import Backend, Kernel, SourceFile, stamp_of
from mcugen.kernels.rows import pointwise, windows
from mcugen.kernels.rows.cost import COSTS
from mcugen.kernels.rows.family import FAMILY
from mcugen.version import __version__

__all__ = ["COSTS", "FAMILY", "KERNELS", "backend"]

KERNELS: Mapping[str, tuple[Kernel, ...]] = {
    "CONV_2D": (
        pointwise.pointwise_w,
        pointwise.pointwise_t,
        pointwise.lone_pixel,
        windows.convolution,
        pointwise.pointwise_w_twice_rounded,
        pointwise.pointwise_t_twice_rounded,
        windows.convolution_twice_rounded,
    ),
    "DEPTHWISE_CONV_2D": (
        windows.depthwise_picture,
        windows.depthwise_row,
        windows.convolution,
        windows.depthwise_picture_twice_rounded,
        windows.depthwise_row_twice_rounded,
        windows.convolution_twice_rounded,
    ),
    "FULLY_CONNECTED": (
        pointwise.pointwise_w,
        pointwise.pointwise_t,
        pointwise.lone_pixel,
        pointwise.pointwise_w_twice_rounded,
        pointwise.pointwise_t_twice_rounded,
    ),
}
"""To ask for each kind of operator: those with proven constants first, then those that round as the
reference does."""


def backend() -> Backend:
    return Backend(FAMILY, KERNELS, _sources, version=__version__, origin="mcugen", stamp=_stamp)


def _stamp() -> str:
    return stamp_of(file.text for file in _sources(()))


def _sources(needs: Sequence[str]) -> tuple[SourceFile, ...]:
    folder = resources.firmware_dir() / "kernels" / "rows"
    return tuple(
        SourceFile(path.name, path.read_text("utf-8")) for path in sorted(folder.glob("*.h"))
    )
