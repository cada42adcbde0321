"""The files of ``firmware/kernels/rows`` in a build."""

from __future__ import annotations

from mcugen.kernels.backend import Family

FAMILY = Family(name="rows", folder="rows", header="rows.h", strict=True, on_request=True)
