"""mcugen compiles trained int8 .tflite models into verified Cortex-M firmware.

import mcugen

built = mcugen.build("model.tflite", target="stm32f7")
report = mcugen.verify("build")
assert report.error is None
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcugen.errors import McugenError
from mcugen.version import __version__

if TYPE_CHECKING:
    from mcugen.api import build as build
    from mcugen.api import export as export
    from mcugen.api import verify as verify


__all__ = ["McugenError", "__version__", "build", "export", "verify"]


def __getattr__(name: str) -> Any:
    """The functions, imported when they are asked for, so that ``mcugen --help`` is quick."""
    if name in ("build", "export", "verify"):
        from mcugen import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
