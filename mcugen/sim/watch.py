"""Looks over the model's shoulder while it runs on the virtual board.

The firmware marks where a picture begins, and where the model's own code goes on and ends
(``port_watch``; at ``mcugen_on_piece`` it pauses): only between them a store is a fault of the
model's, if it is to anything but the stack, what the running layer may write of the arena, and the
place of rows that come.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcugen.boards import Region
from mcugen.errors import DeviceError
from mcugen.image import Image
from mcugen.manifest import Manifest, Writes
from mcugen.names import DEFAULT_NAME
from mcugen.sim.cpu import Cpu
from mcugen.sim.trace import StrayWrite

PieceCallback = Callable[[int, int, bytes], None]
"""Told the layer's index, and bytes of its output with their offset in it."""

Span = tuple[int, int]
"""A half-open range."""

_MOST_STRAYS = 64


@dataclass(frozen=True)
class Library:
    """A generated library of a firmware: ``name``, the C arrays of its ``arena`` with the offsets
    at which they begin, its ``number`` for the console, and the spans of the arena that it may
    write for each piece of output, in bytes from its start; without them everything may be
    written."""

    name: str = DEFAULT_NAME
    arena: tuple[tuple[str, int], ...] = ((f"{DEFAULT_NAME}_arena", 0),)
    number: int = 0
    writes: Sequence[Writes] = ()


def library_of(manifest: Manifest) -> Library:
    """That which a manifest is of."""
    arena = tuple((array.symbol, array.offset) for array in manifest.arena)
    return Library(manifest.name, arena, manifest.number, manifest.writes)


class ModelWatch:
    """Collects each layer's output and the stores that are not its own, from a run to the next.

    The model may write its part of the arena, the ``stack`` and what its library remembers, and
    nothing else that is ``writable``.
    """

    def __init__(
        self,
        cpu: Cpu,
        image: Image,
        writable: Sequence[Region],
        library: Library,
        stack: Span,
        on_piece: PieceCallback | None = None,
    ) -> None:
        self._pieces = 0
        self._gathered: dict[int, bytearray] = {}
        self.strays: list[StrayWrite] = []
        self._cpu = cpu
        self._image = image
        self._on_piece = on_piece
        self._model_runs = False
        self._arena = [(offset, _place(image, symbol)) for symbol, offset in library.arena]
        arrays = [place for _, place in self._arena]
        self._writes = library.writes
        self._store_hooks: list[Callable[[], None]] = []
        everything = [(region.base, region.end) for region in writable]
        own = (*arrays, stack, *_state(image, library))
        for begin, end in _outside(everything, own):
            cpu.on_store(begin, end, self._stored)

    @property
    def outputs(self) -> tuple[bytes, ...]:
        """Of each layer what it has written so far."""
        return tuple(bytes(self._gathered[layer]) for layer in sorted(self._gathered))

    @property
    def crcs(self) -> tuple[int, ...]:
        """The CRC-32 of each."""
        return tuple(zlib.crc32(output) for output in self.outputs)

    def follow_marks(self) -> None:
        """From here on the firmware's own marks say what the model does."""
        self._cpu.on_execution(self._image.address_of("port_watch"), self._moment)
        self._cpu.on_execution(self._image.address_of("mcugen_on_piece"), self.piece_ends)

    def begin(self) -> None:
        """Forgets the run before."""
        self._forget_outputs()
        self.strays.clear()
        self.stops()

    def _forget_outputs(self) -> None:
        self._pieces = 0
        self._gathered.clear()

    def _moment(self) -> None:
        """``enum mcugen_moment``."""
        (self._forget_outputs, self.runs, self.stops)[self._cpu.argument(0)]()

    def runs(self) -> None:
        """The model's own code goes on, with the piece of output that comes next."""
        self.stops()
        self._model_runs = True
        if self._pieces < len(self._writes):
            own = [self._place_of(span) for span in self._writes[self._pieces].spans]
            self._store_hooks = [
                self._cpu.on_store(begin, end, self._stored)
                for begin, end in _outside([place for _, place in self._arena], own)
            ]

    def _place_of(self, span: Span) -> Span:
        """The addresses of a span of the arena, which lies in one of its arrays."""
        offset, (start, _) = max(one for one in self._arena if one[0] <= span[0])
        return start + span[0] - offset, start + span[1] - offset

    def stops(self) -> None:
        """Others go on."""
        self._model_runs = False
        for forget in self._store_hooks:
            forget()
        self._store_hooks.clear()

    def piece_ends(self) -> None:
        """The processor is at the first instruction of the model's hook."""
        self.stops()
        layer, offset, start, size = (self._cpu.argument(index) for index in (1, 2, 3, 4))
        data = self._cpu.read(start, size)
        self._pieces += 1
        gathered = self._gathered.setdefault(layer, bytearray())
        if offset != len(gathered):
            raise DeviceError(
                "D002",
                f"byte {offset} of layer {layer} comes after byte {len(gathered)}",
                hint="a layer that runs out of order is a bug in mcugen: please report it",
            )
        gathered += data
        if self._on_piece is not None:
            self._on_piece(layer, offset, data)

    @property
    def layer(self) -> int:
        """The layer that runs; behind the last one after all pieces."""
        if self._pieces < len(self._writes):
            return self._writes[self._pieces].layer
        return len(self._gathered)

    def _stored(self, address: int, size: int) -> None:
        if not self._model_runs or len(self.strays) >= _MOST_STRAYS:
            return
        describe, pc = self._image.describe, self._cpu.pc
        self.strays.append(
            StrayWrite(address, size, pc, describe(address), describe(pc), self.layer)
        )


def _place(image: Image, name: str) -> Span:
    symbol = image.symbol(name)
    return symbol.address, symbol.address + symbol.size


def _state(image: Image, library: Library) -> tuple[Span, ...]:
    """What the library itself remembers while a picture comes in rows."""
    name = f"{library.name}_stream"
    return (_place(image, name),) if name in image.symbols else ()


def _outside(spans: Sequence[Span], allowed: Sequence[Span]) -> list[Span]:
    """The parts of ``spans`` that belong to none of the allowed ranges."""
    parts = list(spans)
    for low, high in allowed:
        parts = [
            part
            for begin, end in parts
            for part in ((begin, min(end, low)), (max(begin, high), end))
            if part[0] < part[1]
        ]
    return parts
