"""A build against the reference: host, virtual board and QEMU, layer by layer.

The package has the name of a function of the Python interface, and once it is imported it stands in
that function's place in ``mcugen``. So it can be called as the function: see ``mcugen.api.verify``.
"""

import sys
from types import ModuleType
from typing import Any

from mcugen.verify.report import VerifyReport
from mcugen.verify.run import verify

__all__ = ["VerifyReport", "verify"]


class _Function(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> VerifyReport:
        from mcugen.api import verify as function

        return function(*arguments, **options)


sys.modules[__name__].__class__ = _Function
