"""The IDX files of MNIST and its kin (yann.lecun.com/exdb/mnist), plain or gzipped.

A file is 0, 0, the type (8: unsigned bytes), the number of axes, a big-endian 32-bit size for each
axis, and the values.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from mcugen import files
from mcugen.datasets.dataset import DataSet, dataset_of_pixels, largest_unpacked
from mcugen.errors import UsageError

_PICTURES = "t10k-images-idx3-ubyte"
_CLASSES = "t10k-labels-idx1-ubyte"
_ENDINGS = ("", ".gz")

_BYTES = 8
_PIECE = 2**20


def idx_files(folder: Path) -> tuple[Path, Path] | None:
    """Pictures and classes of the test split, None where ``folder`` has neither.

    Raises UsageError U001 when it has but one of them.
    """
    pictures, classes = _find(folder, _PICTURES), _find(folder, _CLASSES)
    if pictures and classes:
        return pictures, classes
    if pictures or classes:
        missing = _CLASSES if pictures else _PICTURES
        raise UsageError("U001", f"the data set lacks `{missing}[.gz]`", where=str(folder))
    return None


def _find(folder: Path, name: str) -> Path | None:
    paths = (folder / f"{name}{end}" for end in _ENDINGS)
    return next((path for path in paths if path.is_file()), None)


def read_idx_pair(root: Path, pictures: Path, classes: Path) -> DataSet:
    """The data set of two files below ``root``.

    Raises UsageError U001 when one is damaged, U002 when they do not belong together.
    """
    return dataset_of_pixels(root, read_idx(pictures), read_idx(classes))


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array in a file. Raises UsageError U001 when it is damaged, OSError when unreadable."""
    try:
        with files.open_file(path, files.DATA_SET_BYTES) as file:
            zipped = file.read(2) == b"\x1f\x8b"
            size = file.seek(0, 2)
            file.seek(0)
            if not zipped:
                return _parse(file, path, files.DATA_SET_BYTES)
            with cast(BinaryIO, gzip.GzipFile(fileobj=file)) as stream:
                return _parse(stream, path, largest_unpacked(size))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged(path, str(error)) from None


def _parse(stream: BinaryIO, path: Path, most: int) -> NDArray[np.uint8]:
    """``most`` are the values that it may have."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise _damaged(path, "it does not begin as an IDX file does")
    kind, axes = magic[2:]
    if kind != _BYTES or axes not in (1, 3):
        raise _damaged(path, f"type {kind} with {axes} axes is neither pictures nor classes")
    shape = tuple(np.frombuffer(_read(stream, 4 * axes, path), ">u4").tolist())
    size = math.prod(shape)
    if size > most:
        raise _damaged(path, f"its header claims {size:,} values, {most:,} are the most")
    values = _read(stream, size, path)
    if stream.read(1):
        raise _damaged(path, f"more follows the {size:,} values of its header")
    return np.frombuffer(values, np.uint8).reshape(shape)


def _read(stream: BinaryIO, size: int, path: Path) -> bytearray:
    """Piece by piece, so that a header that lies about the size asks for no memory."""
    data = bytearray()
    while len(data) < size:
        piece = stream.read(min(_PIECE, size - len(data)))
        if not piece:
            raise _damaged(path, f"it ends after {len(data):,} of {size:,} bytes")
        data += piece
    return data


def _damaged(path: Path, reason: str) -> UsageError:
    return UsageError(
        "U001",
        "the IDX file is damaged",
        where=str(path),
        details=(reason,),
        hint="copy or download it again",
    )
