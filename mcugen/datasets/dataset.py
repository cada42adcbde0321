"""What every kind of data set is read into."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen import files
from mcugen.errors import UsageError
from mcugen.inputs import AS_IT_COMES, Input, Preparation, load_input, picture_input
from mcugen.ir import Tensor

_CHANNELS = (1, 3, 4)

SPLITS = ("test", "testing", "val", "valid", "validation", "train", "training")
"""Folders that hold a part of a data set each; what a model should be tried with comes first."""

_LEAST_UNPACKED = 64 * 2**20
_LARGEST_RATIO = 50
"""Pictures shrink to a third or so, drawings in black and white to a twentieth; a bomb to a
thousandth."""


@dataclass(frozen=True)
class DataSet:
    """``pictures``, as pixels (pictures, height, width[, 1, 3 or 4]) or as files.

    ``root`` is where it was found, ``classes`` are the true ones, ``sha256`` is of the raw pictures
    and their classes, ``skipped`` are files that are no pictures, by their paths in ``root``.
    """

    root: Path
    pictures: NDArray[np.uint8] | tuple[Path, ...]
    classes: tuple[int, ...]
    sha256: str
    skipped: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What it is called: its folder's name, with the one above where that is a split's."""
        place = self.root.resolve()
        is_split = place.name.lower() in SPLITS
        return f"{place.parent.name}/{place.name}" if is_split else place.name

    def name(self, number: int) -> str:
        """How people find picture ``number``: the file's path in the data set, or the number."""
        if isinstance(self.pictures, tuple):
            return self.pictures[number].relative_to(self.root).as_posix()
        return str(number)

    def thumbnail(self, number: int) -> bytes | None:
        """Picture ``number`` as a small PNG file; None where it is an array in a file."""
        from mcugen.pictures import thumbnail  # Pillow is slow to import

        try:
            return thumbnail(self.pictures[number])
        except UsageError:
            return None

    def input(self, number: int, tensor: Tensor, prepare: Preparation = AS_IT_COMES) -> Input:
        """Picture ``number`` as the model takes it. Raises UsageError U001, U002, U006."""
        if isinstance(self.pictures, tuple):
            return load_input(self.pictures[number], tensor, prepare)
        try:
            return picture_input(f"picture {number}", self.pictures[number], tensor, prepare)
        except UsageError as error:
            if error.code == "U002":
                takes_pictures = len(tensor.shape) == 4 and tensor.shape[3] in (1, 3)
                trained = ", or say what it was trained with: `--mean`, `--std`"
                error.hint = "make it a folder of .npy files for each class" + (
                    trained if takes_pictures else ""
                )
            raise


def dataset_of_files(
    root: Path, pictures: Sequence[tuple[int, Path]], skipped: Sequence[Path]
) -> DataSet:
    """A data set of files with their classes, which are read for their digest and nothing else."""
    digest = hashlib.sha256()
    for number, path in pictures:
        digest.update(f"{number} {files.sha256(path, files.INPUT_BYTES)}\n".encode())
    return DataSet(
        root,
        tuple(path for _, path in pictures),
        tuple(number for number, _ in pictures),
        digest.hexdigest(),
        tuple(path.relative_to(root).as_posix() for path in skipped),
    )


def dataset_of_pixels(root: Path, pixels: NDArray[np.uint8], classes: NDArray[Any]) -> DataSet:
    """A data set of arrays, ``classes`` integers of any type.

    Raises UsageError U002 when they are not pictures with classes.
    """
    if not _are_pictures(pixels):
        raise UsageError(
            "U002",
            f"an array of shape {list(pixels.shape)} is not a series of pictures",
            where=str(root),
            hint=_mend_shape(pixels.shape),
        )
    if classes.shape != pixels.shape[:1]:
        raise UsageError(
            "U002",
            f"there are {len(pixels):,} pictures and classes of shape {list(classes.shape)}",
            where=str(root),
            hint=_mend_classes(classes.shape, len(pixels)),
        )
    digest = hashlib.sha256(f"{pixels.shape}\n".encode())
    digest.update(classes.astype("<i8").tobytes())
    digest.update(np.ascontiguousarray(pixels).data)
    return DataSet(root, pixels, tuple(classes.tolist()), digest.hexdigest())


def _mend_shape(shape: tuple[int, ...]) -> str:
    if len(shape) == 4 and shape[1] in _CHANNELS:
        return "the channels stand before height and width: save `x.transpose(0, 2, 3, 1)`"
    return "give (pictures, height, width), or a last axis of 1, 3 or 4 channels with it"


def _mend_classes(shape: tuple[int, ...], pictures: int) -> str:
    if len(shape) == 2 and shape[0] == pictures:
        return "the classes are one-hot: save `y.argmax(axis=1)`"
    return "every picture needs one class number"


def _are_pictures(pixels: NDArray[np.uint8]) -> bool:
    return pixels.size > 0 and (
        pixels.ndim == 3 or (pixels.ndim == 4 and pixels.shape[3] in _CHANNELS)
    )


def largest_unpacked(size: int) -> int:
    """Bytes that a packed file of ``size`` bytes may become, so that a small one fills no memory"""
    return min(max(_LEAST_UNPACKED, _LARGEST_RATIO * size), files.DATA_SET_BYTES)


def check_classes(dataset: DataSet, classes: int, path: Path) -> None:
    """Raises UsageError U002 where a picture is of a class that the model does not know."""
    for number, found in enumerate(dataset.classes):
        if not 0 <= found < classes:
            raise UsageError(
                "U002",
                f"the model tells classes 0 to {classes - 1} apart, and picture "
                f"{dataset.name(number)} is of class {found}",
                where=str(path),
                hint="give the data set that the model was trained for",
            )
