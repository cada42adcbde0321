"""The program at the other end of a line: it must run this build's model, or nothing counts.

That is the build's firmware, or somebody's own program with the library and the console in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from mcugen.boards import all_boards
from mcugen.errors import DeviceError
from mcugen.flash.port import SerialPort
from mcugen.image import read_image
from mcugen.manifest import Manifest
from mcugen.protocol.messages import Hello
from mcugen.protocol.session import Patience, Port, RefusedRequest, RunResult, Session

PortOpener = Callable[[], AbstractContextManager[Port]]
"""Opens the line when it is needed, so that what can be refused without a board is."""

_HASH_DIGITS = 12
_MOST_MODELS = 256
_CODE_ADDRESS = re.compile(r"0x[0-9a-f]{8}")


@dataclass(frozen=True)
class Device:
    """A board that runs the model of the build in ``folder``, and what it said of itself.

    ``own_firmware``: so far as that can be told, in the build's own firmware.
    """

    folder: Path
    session: Session
    hello: Hello
    own_firmware: bool

    def run(self, data: bytes) -> RunResult:
        """One inference. Raises DeviceError; a crash names the functions of the build."""
        try:
            return self.session.run(data)
        except DeviceError as error:
            if error.code != "D003" or not self.own_firmware:
                raise
            raise self._with_names(error) from error

    def _with_names(self, error: DeviceError) -> DeviceError:
        image = read_image(self.folder / "firmware.elf")

        def named(address: re.Match[str]) -> str:
            name = image.describe(int(address[0], 16) & ~1)
            return address[0] if name.startswith("0x") else f"{address[0]} {name}"

        return DeviceError(
            error.code,
            error.what,
            where=_CODE_ADDRESS.sub(named, error.where),
            details=error.details,
            hint="reset the board; if it happens again, report it with the model",
        )


def greet(port: Port, folder: Path, manifest: Manifest) -> Device:
    """Asks who is there. ``manifest`` is that of the build in ``folder``.

    A program of somebody's own may call its board what it likes, but not as another board of
    mcugen's. Raises DeviceError D001 to D003 where nobody answers sensibly, D004 for another model,
    D009 for another board.
    """
    session, hello = _find(port, manifest)
    if hello.board != manifest.board and hello.board in {board.id for board in all_boards()}:
        raise DeviceError(
            "D009",
            f"the board is a {hello.board}, the build is for {manifest.board}",
            hint=f"build for it with `--target {hello.board}`, or name the other board's port",
        )
    if hello.model_hash != manifest.model_sha256:
        raise DeviceError(
            "D004",
            "another model is on the board",
            where=f"the board runs `{hello.model}` {hello.model_hash[:_HASH_DIGITS]}, "
            f"the build is `{manifest.model}` {manifest.model_sha256[:_HASH_DIGITS]}",
            hint="put this build on it with `mcugen flash`, or name the folder of the other one",
        )
    _check_sizes(hello, manifest)
    return Device(folder, session, hello, own_firmware=hello.board == manifest.board)


def _find(port: Port, manifest: Manifest) -> tuple[Session, Hello]:
    """The model of the program that is the build's, or else its first one."""
    session = Session(port)
    first = hello = _hello(port, session)
    candidate = session
    for number in range(1, _MOST_MODELS):
        if hello.model_hash == manifest.model_sha256:
            return candidate, hello
        candidate = Session(port, model=number)
        try:
            hello = candidate.hello()
        except RefusedRequest:  # there are no more
            break
    return session, first


def _hello(port: Port, session: Session) -> Hello:
    try:
        hello = session.hello()
    except DeviceError as error:
        if error.code != "D001":
            raise
        raise DeviceError(
            error.code,
            "no firmware of mcugen answers at the port",
            details=(
                f"asked {Patience().attempts} times who is there{_how(port)}",
                "a board on which only the resident loader is says nothing either",
            ),
            hint="put the build on it with `mcugen flash`; is it powered, is this its port?",
        ) from error
    if hello.clock_hz == 0:
        raise DeviceError("D002", "the board says that its clock stands still")
    return hello


def _how(port: Port) -> str:
    """Where and how fast, for a line that has a name."""
    return f", {port.path} at {port.baud:,} baud" if isinstance(port, SerialPort) else ""


def _check_sizes(hello: Hello, manifest: Manifest) -> None:
    """The same model built by another mcugen may have other layers."""
    said = (hello.input_bytes, hello.output_bytes, hello.layers)
    built = (manifest.input.bytes, manifest.output.bytes, len(manifest.layers))
    if said != built:
        raise DeviceError(
            "D004",
            "another build of the model is on the board",
            where="input bytes, output bytes, layers: "
            f"{_numbers(said)} on the board, {_numbers(built)} in the build",
            hint="put this build on it with `mcugen flash`",
        )


def _numbers(values: tuple[int, ...]) -> str:
    return ", ".join(f"{value:,}" for value in values)
