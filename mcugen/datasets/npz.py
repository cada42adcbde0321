"""``.npz`` archives: ``x_test`` and ``y_test`` as Keras has them, or ``images`` and ``labels``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZipInfo

import numpy as np
from numpy.typing import NDArray

from mcugen import files
from mcugen.datasets.dataset import DataSet, dataset_of_pixels, largest_unpacked
from mcugen.errors import UsageError

_NAMES = (("x_test", "y_test"), ("images", "labels"))
Range = tuple[float, float]
"""What black and white are."""

_SLACK = 0.5
"""Of a level: what rounding a range may leave outside."""

_ZIP_MAGIC = b"PK\x03\x04"


def read_npz(path: Path, range_: Range | None = None) -> DataSet:
    """The data set in a file; ``range_`` are black and white of pictures in floats.

    Raises UsageError U001 when damaged, U002 when it is no data set.
    """
    pixels, classes = _arrays(path)
    if pixels.dtype.kind == "f" and range_ is not None:
        pixels = _to_bytes(pixels, range_, path)
    if pixels.dtype != np.uint8:
        floats = pixels.dtype.kind == "f"
        raise UsageError(
            "U002",
            f"the pictures are {pixels.dtype}, not uint8",
            where=str(path),
            hint="say what black and white are in it, such as `--pixels 0..1`"
            if floats
            else "give pixels of 0 to 255, before any scaling",
        )
    if classes.dtype.kind not in "iu":
        raise UsageError(
            "U002", f"the classes are {classes.dtype}, not whole numbers", where=str(path)
        )
    # Keras keeps the classes of CIFAR as a column.
    column = classes.ndim == 2 and classes.shape[1] == 1
    return dataset_of_pixels(path, pixels, classes[:, 0] if column else classes)


def _to_bytes(pixels: NDArray[Any], range_: Range, path: Path) -> NDArray[np.uint8]:
    """The nearest of 256 levels, picture by picture. Raises UsageError U002 for what is beyond."""
    low, high = range_
    levels = np.empty(pixels.shape, np.uint8)
    for number, picture in enumerate(pixels):
        scaled = (picture.astype(np.float64) - low) * (255 / (high - low))
        if not ((scaled >= -_SLACK) & (scaled <= 255 + _SLACK)).all():
            raise UsageError(
                "U002",
                f"picture {number} holds {picture.min():g} to {picture.max():g}, not "
                f"{low:g} to {high:g}",
                where=str(path),
                hint="name another range with `--pixels`, or give pixels of 0 to 255 as uint8",
            )
        levels[number] = np.clip(np.rint(scaled), 0, 255)
    return levels


def _arrays(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    with files.open_file(path, files.DATA_SET_BYTES) as file:
        if file.read(len(_ZIP_MAGIC)) != _ZIP_MAGIC:
            raise UsageError(
                "U001",
                f"`{path}` is not an .npz file",
                hint="give an .npz file, or a folder of IDX files or of folders of pictures",
            )
        file.seek(0)
        try:
            arrays = _wanted(file)
        except Exception as error:  # zipfile and numpy raise almost anything on damaged data
            raise UsageError(
                "U001", f"`{path}` is not a sound .npz file", details=(str(error).split("\n")[0],)
            ) from None
    if arrays is None:
        raise UsageError(
            "U002",
            "the archive has neither `x_test` and `y_test` nor `images` and `labels`",
            where=str(path),
        )
    return arrays


def _wanted(file: BinaryIO) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Raises ValueError for an array that is larger than any data set, or than it can be."""
    with np.load(file, allow_pickle=False) as archive:
        for names in _NAMES:
            if all(name in archive for name in names):
                for name in names:
                    _check_size(archive.zip.getinfo(f"{name}.npy"))
                pictures, classes = (archive[name] for name in names)
                return pictures, classes
    return None


def _check_size(member: ZipInfo) -> None:
    most = largest_unpacked(member.compress_size)
    if member.file_size > most:
        raise ValueError(
            f"`{member.filename}` claims {member.file_size:,} bytes, {most:,} are the most"
        )
