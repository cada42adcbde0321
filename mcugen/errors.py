"""Every error a user can meet: a code, what happened, where, and how to mend it.

The families below fix the exit status; ``docs/errors.md`` lists every code, and a test holds the
two against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class McugenError(Exception):
    """An error with a way out. Anything else that escapes mcugen is a bug in it.

    ``code`` is one of the family's ``codes``; ``what`` says what happened in one line, ``where``
    names the place (file, operator, step), ``hint`` how to mend it, and ``details`` are further
    lines such as a table or a list of all reasons.
    """

    exit_status: ClassVar[int]
    codes: ClassVar[Mapping[str, str]]

    def __init__(
        self,
        code: str,
        what: str,
        *,
        where: str = "",
        hint: str = "",
        details: tuple[str, ...] = (),
    ) -> None:
        if code not in self.codes:
            raise ValueError(f"{type(self).__name__} has no code {code}")
        super().__init__(code, what)
        self.code = code
        self.what = what
        self.where = where
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        lines = [f"error[{self.code}]: {self.what}"]
        if self.where:
            lines.append(f"  where: {self.where}")
        lines.extend(f"  {line}" for line in self.details)
        if self.hint:
            lines.extend(("", f"hint: {self.hint}"))
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """The error as it stands in a ``--json`` answer."""
        return {
            "code": self.code,
            "what": self.what,
            "where": self.where,
            "details": list(self.details),
            "hint": self.hint,
        }


class UsageError(McugenError):
    """The command line, an input file or a build folder is not what it should be."""

    exit_status = 2
    codes: ClassVar[Mapping[str, str]] = {
        "U001": "a file cannot be read",
        "U002": "an input does not suit the model",
        "U003": "the folder is not a build of mcugen, or is incomplete",
        "U004": "a file of the build folder was changed after the build",
        "U005": "the output folder cannot be written",
        "U006": "an option has a value that is not allowed",
        "U007": "the command line cannot be understood",
        "U008": "temporary files cannot be written",
        "U009": "the ELF file is not a program for the build's board",
        "U010": "the program does not hold the library of the build",
        "U011": "what is to be checked was never measured",
    }


class ModelError(McugenError):
    """The model is broken, or is not something mcugen can compile exactly."""

    exit_status = 2
    codes: ClassVar[Mapping[str, str]] = {
        "M001": "the file is not a TFLite model",
        "M002": "the model file is corrupt or truncated",
        "M003": "the model uses what mcugen does not support",
        "M004": "the graph is inconsistent",
        "M005": "the model's input does not come in rows",
    }


class BoardError(McugenError):
    """A board description is wrong, or no board has that name."""

    exit_status = 2
    codes: ClassVar[Mapping[str, str]] = {
        "B001": "no board or target has that name",
        "B002": "a board file is malformed",
        "B003": "this cannot be done for this board",
        "B004": "the board has no memory of that name",
    }


class FitError(McugenError):
    """The model does not fit the board."""

    exit_status = 1
    codes: ClassVar[Mapping[str, str]] = {
        "F001": "the model needs more RAM than the board has",
        "F002": "the firmware needs more flash than the board has",
        "F003": "no plan of the model fits the arena that was asked for",
    }


class BudgetError(McugenError):
    """A build takes more than it may."""

    exit_status = 1
    codes: ClassVar[Mapping[str, str]] = {
        "C001": "the build is over its limits",
    }


class DifferenceError(McugenError):
    """Two executions of the model disagree."""

    exit_status = 1
    codes: ClassVar[Mapping[str, str]] = {
        "V001": "outputs differ",
        "V002": "the firmware wrote where it must not",
        "V003": "the stack went deeper than what is reserved",
        "V004": "the program's constants are not those of the build",
    }


class ToolchainError(McugenError):
    """A compiler, the CMSIS-NN sources or an emulator is missing or failed."""

    exit_status = 3
    codes: ClassVar[Mapping[str, str]] = {
        "T001": "a program is not installed",
        "T002": "the compiler or linker failed",
        "T003": "the CMSIS-NN sources are missing",
        "T004": "the CMSIS-NN sources are not a release mcugen knows",
        "T005": "no reference interpreter is installed",
        "T006": "the reference interpreter refused the model",
        "T007": "the installation of mcugen is incomplete",
        "T008": "worker processes cannot be used, or were lost",
        "T009": "this system lacks what the command needs",
    }


class DeviceError(McugenError):
    """A board, real or virtual, did not do what it should."""

    exit_status = 3
    codes: ClassVar[Mapping[str, str]] = {
        "D001": "the board did not answer in time",
        "D002": "the board answered something else",
        "D003": "the firmware crashed",
        "D004": "another model is on the board",
        "D005": "there is no such port",
        "D006": "the port is in use",
        "D007": "no permission to use the port",
        "D008": "the connection to the board broke",
        "D009": "the build is for another chip or board",
        "D010": "nothing can flash this board over this port",
        "D011": "the chip's flash is protected",
        "D012": "the flash does not hold what was written",
        "D013": "the bootloader refuses a command",
        "D014": "the weights outside the chip are not the firmware's",
    }


class InternalError(McugenError):
    """mcugen itself went wrong: what ``cli.main`` makes of any other exception."""

    exit_status = 70
    codes: ClassVar[Mapping[str, str]] = {
        "X001": "a bug in mcugen",
    }


FAMILIES: tuple[type[McugenError], ...] = (
    UsageError,
    ModelError,
    BoardError,
    FitError,
    BudgetError,
    DifferenceError,
    ToolchainError,
    DeviceError,
    InternalError,
)
