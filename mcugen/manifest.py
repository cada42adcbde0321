"""``manifest.json``: what a build folder holds, from which model, and where every layer stands."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcugen import files
from mcugen.errors import UsageError

FILE_NAME = "manifest.json"
FIRMWARE, FIRMWARE_ELF = "firmware.bin", "firmware.elf"
LIBRARY_ELF = "library.elf"
"""What a build for a core without a board has instead."""

SCHEMA = 6

_DIGEST = "manifest_sha256"


@dataclass(frozen=True)
class Edge:
    """The model's input or output."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int


@dataclass(frozen=True)
class Candidate:
    """A kernel that could have run a layer, and the instructions that it is estimated to take."""

    kernel: str
    cost: int


@dataclass(frozen=True)
class Layer:
    """An operator of the generated code.

    ``cost`` estimates the instructions of ``kernel``; ``others`` would have run the layer as well.
    ``tensor`` is the id of its output in the .tflite file and ``shape`` its shape there; ``input``
    and ``output`` are shapes as people read them. ``left_out`` are (channel, value) of that output
    that are not in the arena: channels of one value, whatever the input is. ``reads`` are the
    layers whose outputs it reads, -1 for the model's input; ``weights_bytes`` are all constants
    that its kernel reads from flash.
    """

    name: str
    op: str
    kernel: str
    cost: int
    others: tuple[Candidate, ...]
    macs: int
    tensor: int
    shape: tuple[int, ...]
    left_out: tuple[tuple[int, int], ...]
    dtype: str
    offset: int
    bytes: int
    scratch_bytes: int
    live_bytes: int
    weights_bytes: int
    reads: tuple[int, ...]
    input: str
    output: str


@dataclass(frozen=True)
class Step:
    """Layers ``first`` to ``last`` run together, ``rows`` of their outputs at a time; 0 rows for a
    layer that runs in one call. ``live_bytes`` are alive at once. It takes ``moments``: calls, rows
    that slide, and rows of a call that overtakes what it reads.
    """

    first: int
    last: int
    rows: int
    live_bytes: int
    moments: int


@dataclass(frozen=True)
class Piece:
    """``bytes`` of a layer's output from ``offset`` on, as they stand in the arena from ``at`` on
    when the hook is told of them. ``before`` are the spans of the arena that are written on the way
    to it besides: rows that slide in their line buffers, and rows of the input that arrive.
    """

    layer: int
    offset: int
    bytes: int
    at: int
    before: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Writes:
    """The spans of the arena that may be written until the next piece of ``layer`` is done."""

    layer: int
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class ArenaBuffer:
    """Bytes of the arena that are alive in the half-open interval of steps [``start``, ``end``).

    ``kind`` is "tensor", "line" for a window on some rows of a tensor, or "scratch". ``layer`` is
    the one that writes it, None for the model's input; ``offset`` is from the arena's start.
    ``spans`` are (low, high, start, end): addresses [low, high) that are needed in the moments
    [start, end), counted from the first step on; no two spans of an arena meet. An input that the
    first moment writes over has none.
    """

    name: str
    kind: str
    layer: int | None
    offset: int
    bytes: int
    start: int
    end: int
    spans: tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True)
class ImagePart:
    """A piece of the image where it lies in flash: "code", "weights" or "footer"."""

    kind: str
    address: int
    bytes: int


@dataclass(frozen=True)
class ArenaArray:
    """A C array of the arena: ``bytes`` of it from ``offset`` on, in ``memory`` at ``address``, of
    which ``available`` could be the arena's."""

    symbol: str
    memory: str
    address: int
    offset: int
    bytes: int
    available: int


@dataclass(frozen=True)
class ExternalPart:
    """What must be in a flash outside the chip: ``bytes`` at ``address``, which ``file`` of the
    build holds as raw bytes and ``hex_file`` with addresses. ``program`` is a command that puts it
    there, in the build folder."""

    memory: str
    address: int
    bytes: int
    available: int
    file: str
    hex_file: str
    program: str


@dataclass(frozen=True)
class BackendRecord:
    """A family of kernels that was compiled: SHA-256 sums by path in the build's copy."""

    name: str
    version: str
    origin: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Manifest:
    """All sizes are bytes; ``files`` maps paths in the build folder to SHA-256 sums.

    ``name`` is the library's: its folder's and its header's, and before every name in it;
    ``models`` are the names of all libraries of the firmware. ``arena`` are the C arrays of the
    arena, which another library may own, and ``external`` the weights if they lie outside the chip.

    ``input_row_bytes`` is None where the input does not come in rows. ``labels`` are the names of
    the classes, () where they have none.

    ``product_id`` is the chip's number in the ROM bootloader's answer, ``sectors`` are the erase
    sectors of its flash as it leaves the factory. ``loader_bytes`` is None where no resident loader
    was made, because mcugen has none for the board. ``tried`` says where firmware for the board has
    run. ``kernels`` is how each layer's was chosen, ``cost`` estimates the instructions of a run.
    ``pieces`` are the outputs as the hook is told of them. ``buffers`` are all that the arena ever
    holds; ``image_parts`` are the whole image, in the order of their addresses.
    """

    mcugen: str
    name: str
    models: tuple[str, ...]
    arena: tuple[ArenaArray, ...]
    model: str
    model_sha256: str
    board: str
    target: str
    board_name: str
    chip: str
    clock_hz: int
    tried: str
    toolchain: str
    input: Edge
    output: Edge
    input_row_bytes: int | None
    labels: tuple[str, ...]
    layers: tuple[Layer, ...]
    steps: tuple[Step, ...]
    pieces: tuple[Piece, ...]
    buffers: tuple[ArenaBuffer, ...]
    kernels: str
    macs: int
    cost: int
    arena_bytes: int
    arena_lower_bound: int
    weights_bytes: int
    code_bytes: int
    flash_bytes: int
    flash_available: int
    ram_bytes: int
    ram_available: int
    stack_reserved: int
    product_id: int | None
    application_start: int
    footer_crc32: int
    loader_bytes: int | None
    flash_base: int
    sectors: tuple[int, ...]
    image_parts: tuple[ImagePart, ...]
    backends: tuple[BackendRecord, ...]
    files: Mapping[str, str]
    external: ExternalPart | None = None

    @property
    def has_firmware(self) -> bool:
        """Whether there is anything to flash: a core without a board only has a library."""
        return FIRMWARE in self.files

    @property
    def elf(self) -> str:
        """The file in which the library is linked."""
        return FIRMWARE_ELF if self.has_firmware else LIBRARY_ELF

    @property
    def image(self) -> str:
        """The file that stands for all that the build computes."""
        return FIRMWARE if self.has_firmware else LIBRARY_ELF

    @property
    def writes(self) -> tuple[Writes, ...]:
        """What each piece may write: itself, what it moves and its layer's scratch."""
        scratch = {
            buffer.layer: (buffer.offset, buffer.offset + buffer.bytes)
            for buffer in self.buffers
            if buffer.kind == "scratch"
        }
        return tuple(
            Writes(
                piece.layer,
                (
                    (piece.at, piece.at + piece.bytes),
                    *piece.before,
                    *((scratch[piece.layer],) if piece.layer in scratch else ()),
                ),
            )
            for piece in self.pieces
        )

    @property
    def number(self) -> int:
        """The model's in the firmware, as the console counts them."""
        return self.models.index(self.name)

    @property
    def model_file(self) -> str:
        """The file in the build folder that the library was made of."""
        return f"{self.name}.tflite"

    def own(self, file_name: str) -> str:
        """A file of the build folder that each model has: of the first one by its usual name."""
        return _own(file_name, self.name, self.models)

    def as_json(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **dataclasses.asdict(self)}


def sha256(path: Path) -> str:
    """SHA-256 of a file of a build, or of a model. Raises OSError."""
    return files.sha256(path, files.BUILT_BYTES)


def sha256_of_json(value: object) -> str:
    """SHA-256 of a value as JSON, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def hash_files(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below ``folder``, by path, sorted."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in paths}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """With a digest of itself: nothing else would tell that it was edited."""
    fields = manifest.as_json()
    text = json.dumps({**fields, _DIGEST: sha256_of_json(fields)}, indent=2, sort_keys=True)
    (folder / manifest.own(FILE_NAME)).write_text(f"{text}\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a build whose files are as they were built; of several models the first
    one's. Raises UsageError U003, U004."""
    manifest = _read(folder, FILE_NAME)
    _check_files(folder, manifest)
    return manifest


def read_model_manifest(folder: Path, model: str | None = None) -> Manifest:
    """As ``read_manifest``, of the library called ``model``, which only a build of a single model
    can do without. Raises UsageError U006 too."""
    first = read_manifest(folder)
    if model == first.name or (model is None and len(first.models) == 1):
        return first
    if model is None or model not in first.models:
        raise UsageError(
            "U006",
            "the build holds several models" if model is None else f"the build has no `{model}`",
            where=str(folder),
            hint=f"choose with `--model`: {', '.join(first.models)}",
        )
    return _read(folder, _own(FILE_NAME, model, first.models))


def _own(file_name: str, model: str, models: Sequence[str]) -> str:
    path = Path(file_name)
    return file_name if model == models[0] else f"{path.stem}-{model}{path.suffix}"


def _read(folder: Path, name: str) -> Manifest:
    path = folder / name
    try:
        return _from_json(json.loads(files.read_text(path, files.ANSWER_BYTES)))
    except OSError as error:
        raise UsageError(
            "U003",
            "this is not a build of mcugen: it has no readable manifest.json",
            where=str(folder),
            hint="run `mcugen build MODEL --target BOARD` first, or name the build folder",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            "U003",
            "the manifest is damaged, edited or from another version of mcugen",
            where=str(path),
            hint="build again",
        ) from error


def _from_json(fields: dict[str, Any]) -> Manifest:
    if fields.pop(_DIGEST) != sha256_of_json(fields):
        raise ValueError("not as it was written")
    if fields.pop("schema") != SCHEMA:
        raise ValueError("another schema")
    fields["input"] = _edge(fields["input"])
    fields["output"] = _edge(fields["output"])
    fields["layers"] = tuple(_layer(layer) for layer in fields["layers"])
    fields["steps"] = tuple(Step(**step) for step in fields["steps"])
    fields["pieces"] = tuple(_piece(piece) for piece in fields["pieces"])
    fields["buffers"] = tuple(_buffer(buffer) for buffer in fields["buffers"])
    fields["arena"] = tuple(ArenaArray(**array) for array in fields["arena"])
    external = fields["external"]
    fields["external"] = None if external is None else ExternalPart(**external)
    fields["image_parts"] = tuple(ImagePart(**part) for part in fields["image_parts"])
    fields["sectors"] = tuple(fields["sectors"])
    fields["labels"] = tuple(fields["labels"])
    fields["models"] = tuple(fields["models"])
    fields["backends"] = tuple(BackendRecord(**backend) for backend in fields["backends"])
    return Manifest(**fields)


def _edge(fields: dict[str, Any]) -> Edge:
    return Edge(**{**fields, "shape": tuple(fields["shape"])})


def _piece(fields: dict[str, Any]) -> Piece:
    before = tuple((int(begin), int(end)) for begin, end in fields["before"])
    return Piece(**{**fields, "before": before})


def _buffer(fields: dict[str, Any]) -> ArenaBuffer:
    spans = tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in fields["spans"])
    return ArenaBuffer(**{**fields, "spans": spans})


def _layer(fields: dict[str, Any]) -> Layer:
    left_out = tuple((int(channel), int(value)) for channel, value in fields["left_out"])
    others = tuple(Candidate(**other) for other in fields["others"])
    shape, reads = tuple(fields["shape"]), tuple(fields["reads"])
    told = {"shape": shape, "left_out": left_out, "others": others, "reads": reads}
    return Layer(**{**fields, **told})


def _check_files(folder: Path, manifest: Manifest) -> None:
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise UsageError(
                "U003",
                f"`{name}` is missing from the build",
                where=str(folder),
                hint="build again",
            )
        if _sha256_if_readable(path) != expected:
            raise UsageError(
                "U004",
                f"`{name}` is not the file that was built",
                where=str(path),
                hint=f"build again; to change the C, copy `{manifest.name}/` out of the build",
            )


def _sha256_if_readable(path: Path) -> str:
    """ "" for what is larger than any file of a build."""
    try:
        return sha256(path)
    except OSError as error:
        if error.errno == errno.EFBIG:
            return ""
        raise UsageError(
            "U001", f"a file of the build cannot be read: {error.strerror}", where=str(path)
        ) from error
