"""QEMU's Cortex-M7 board, ``mps2-an500``, and Cortex-M55 board, ``mps3-an547``: a second emulator
that runs the same sources, built for them.

It shares no code with the virtual board, takes faults as a processor does, and knows no cycle
counter.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
from types import TracebackType

from mcugen.boards import Board
from mcugen.errors import BoardError, DeviceError
from mcugen.image import Image
from mcugen.protocol.session import Patience, Session
from mcugen.sim.trace import RunTrace
from mcugen.toolchain import require

PROGRAM = "qemu-system-arm"
MACHINES = ("mps2-an500", "mps3-an547")
_READ_BYTES = 65536

# Of util-linux: ends QEMU with the process that started it, however that ends.
_LEASH = ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()

# An emulator on a busy machine may be slow; a live one answers at once.
_PATIENCE = Patience(3, hello_seconds=20.0, answer_seconds=20.0, layer_seconds=120.0)


def _first_words(board: Board, image: Image) -> tuple[str, ...]:
    """Puts stack pointer and first instruction where the processor looks for them, if the flash
    does not begin there."""
    if board.application.start == 0:
        return ()
    path = image.elf.with_suffix(".reset")  # a file: QEMU resets the processor before it pokes data
    path.write_bytes(image.bin[:8])
    return ("-device", f"loader,addr=0,file={path},force-raw=on")


class QemuBoard:
    """An emulated board, switched on in ``with`` and gone after it. A port for ``Session``.

    ``model`` is the number of the one that runs.

    Raises ToolchainError T001 where QEMU is not installed, and BoardError B003 for a board that
    QEMU does not have.
    """

    def __init__(
        self, board: Board, image: Image, patience: Patience = _PATIENCE, model: int = 0
    ) -> None:
        if board.id not in MACHINES:
            raise BoardError(
                "B003", f"QEMU has no machine for {board.id}", hint=f"it has {', '.join(MACHINES)}"
            )
        self._command = (
            *_LEASH,
            *(require(PROGRAM), "-machine", board.id, "-kernel", str(image.elf)),
            *_first_words(board, image),
            *("-display", "none", "-monitor", "none", "-serial", "stdio", "-no-user-config"),
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._session = Session(self, patience, model)

    def __enter__(self) -> QemuBoard:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def write(self, data: bytes) -> None:
        """Bytes to the serial line. Raises DeviceError D001 when the emulator has ended."""
        stdin = self._running().stdin
        assert stdin is not None
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(stdin.fileno(), view) :]
        except BrokenPipeError:
            raise self._ended() from None

    def read(self, deadline_seconds: float) -> bytes:
        """What has arrived, or nothing after the deadline. Raises DeviceError D001 as above."""
        stdout = self._running().stdout
        assert stdout is not None
        ready, _, _ = select.select([stdout], [], [], deadline_seconds)
        if not ready:
            return b""
        data = os.read(stdout.fileno(), _READ_BYTES)
        if not data:
            raise self._ended()
        return data

    def run(self, data: bytes) -> RunTrace:
        """One inference over the console protocol. Raises DeviceError and UsageError."""
        result = self._session.run(data)
        return RunTrace(
            outputs=(),
            crcs=tuple(layer.crc32 for layer in result.layers),
            instructions=result.instructions,
            output=result.output,
            stack_bytes=0,
            stack_reserved=0,
            stray_writes=(),
        )

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("QemuBoard is used outside its `with` block")
        return self._process

    def _ended(self) -> DeviceError:
        return DeviceError(
            "D001", "QEMU ended by itself", where=" ".join(self._command), hint="try the command"
        )
