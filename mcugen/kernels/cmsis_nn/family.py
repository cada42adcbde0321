"""CMSIS-NN's files in a build."""

from __future__ import annotations

from mcugen.kernels.backend import Family

FAMILY = Family(
    name="CMSIS-NN",
    folder="cmsis-nn",
    header="arm_nnfunctions.h",
    strict=False,
    # Its portable path, instead of Arm's intrinsics.
    host_flags=("-D__GNUC_PYTHON__", "-D__RESTRICT=__restrict", "-include", "stdint.h"),
)
