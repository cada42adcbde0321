"""A build's libraries and the console as the folder that a build system expects."""

from mcugen.exporting.layouts import FLAVOURS
from mcugen.exporting.run import ExportResult, export

__all__ = ["FLAVOURS", "ExportResult", "export"]
