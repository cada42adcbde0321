"""mcugen's own C for what CMSIS-NN lacks, on any core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcugen import resources
from mcugen.kernels.backend import Backend, Kernel, SourceFile, stamp_of
from mcugen.kernels.portable import joins, lower, moves, reductions, resize, takes
from mcugen.kernels.portable.abs import absolute
from mcugen.kernels.portable.cost import COSTS
from mcugen.kernels.portable.elu import elu
from mcugen.kernels.portable.family import FAMILY
from mcugen.kernels.portable.hard_swish import hard_swish
from mcugen.kernels.portable.leaky_relu import leaky_relu
from mcugen.kernels.portable.logistic import logistic
from mcugen.kernels.portable.maximum import maximum
from mcugen.kernels.portable.minimum import minimum
from mcugen.kernels.portable.mul import mul
from mcugen.kernels.portable.prelu import prelu
from mcugen.kernels.portable.relu import relu
from mcugen.kernels.portable.relu6 import relu6
from mcugen.kernels.portable.sub import sub
from mcugen.kernels.portable.tanh import tanh
from mcugen.version import __version__

__all__ = ["COSTS", "FAMILY", "KERNELS", "backend"]

KERNELS: Mapping[str, tuple[Kernel, ...]] = {
    "ABS": (absolute,),
    "ADD": (lower.add,),
    "CONCATENATION": (joins.concatenation,),
    "DEPTH_TO_SPACE": (moves.move,),
    "DEQUANTIZE": (lower.dequantise,),
    "ELU": (elu,),
    "GATHER": (takes.gathered,),
    "HARD_SWISH": (hard_swish,),
    "LEAKY_RELU": (leaky_relu,),
    "LOGISTIC": (logistic,),
    "MAXIMUM": (maximum,),
    "MEAN": (lower.mean, reductions.mean),
    "MINIMUM": (minimum,),
    "MIRROR_PAD": (takes.mirrored,),
    "MUL": (mul,),
    "PACK": (joins.pack,),
    "PAD": (lower.pad,),
    "PRELU": (prelu,),
    "QUANTIZE": (lower.requantise, lower.quantise_float),
    "REDUCE_MAX": (reductions.largest,),
    "RELU": (relu,),
    "RELU6": (relu6,),
    "RESIZE_BILINEAR": (resize.bilinear,),
    "RESIZE_NEAREST_NEIGHBOR": (takes.nearest,),
    "SLICE": (moves.move,),
    "SOFTMAX": (lower.softmax,),
    "SPACE_TO_DEPTH": (moves.move,),
    "SPLIT": (moves.move,),
    "SPLIT_V": (moves.move,),
    "STRIDED_SLICE": (moves.move,),
    "SUB": (sub,),
    "TANH": (tanh,),
    "TRANSPOSE": (moves.move,),
    "UNPACK": (moves.move,),
}
"""To ask for each kind of operator."""

_HEADERS = ("fixed_point.h", "kernels.h")


def backend() -> Backend:
    return Backend(FAMILY, KERNELS, _sources, version=__version__, origin=FAMILY.name, stamp=_stamp)


def _stamp() -> str:
    folder = resources.firmware_dir() / "kernels"
    return stamp_of(path.read_text("utf-8") for path in sorted(folder.glob("*.[ch]")))


def _sources(needs: Sequence[str]) -> tuple[SourceFile, ...]:
    folder = resources.firmware_dir() / "kernels"
    return tuple(
        SourceFile(name, (folder / name).read_text("utf-8")) for name in sorted((*_HEADERS, *needs))
    )
