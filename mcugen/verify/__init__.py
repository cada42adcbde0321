"""A build against the reference: host, virtual board and QEMU, layer by layer."""

from mcugen.verify.report import VerifyReport
from mcugen.verify.run import verify

__all__ = ["VerifyReport", "verify"]
