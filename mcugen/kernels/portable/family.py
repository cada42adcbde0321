"""The files of ``firmware/kernels`` in a build."""

from __future__ import annotations

from mcugen.kernels.backend import Family

FAMILY = Family(name="mcugen", folder="kernels", header="kernels.h", strict=True)
