"""The releases of CMSIS-NN that mcugen knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """What differs between releases in the calls that mcugen makes.

    ``aligned_columns``: the im2col columns of ``arm_convolve_s8`` are rounded up to 4 values;
    ``upscale_argument``: ``arm_convolve_s8`` takes ``upscale_dims``.
    """

    version: str
    aligned_columns: bool = False
    upscale_argument: bool = False


RELEASES: Mapping[str, Release] = {
    # "$Revision:" of Include/arm_nnfunctions.h -> release
    "11.2.0": Release("4.0.0"),
    "11.3.0": Release("4.1.0"),
    "12.4.0": Release("5.0.0", aligned_columns=True),
    "13.0.0": Release("24.02", aligned_columns=True),
    "16.0.0": Release("6.0.0", aligned_columns=True),
    "18.0.0": Release("7.0.0", aligned_columns=True, upscale_argument=True),
}
