"""Pictures with known classes: IDX files, ``.npz`` archives, folders with one folder a class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mcugen.datasets.dataset import DataSet, check_classes
from mcugen.datasets.folders import read_folders
from mcugen.datasets.idx import idx_files, read_idx_pair
from mcugen.datasets.npz import Range, read_npz
from mcugen.errors import UsageError

__all__ = ["DataSet", "load_dataset"]


def load_dataset(
    path: Path, classes: int, labels: Sequence[str] = (), pixels: Range | None = None
) -> DataSet:
    """The data set at ``path`` for a model that tells ``classes`` classes apart.

    Where classes are folders, ``labels`` give the folders' names in the order of the model's
    outputs; ``pixels`` are what arrays of floats mean by black and white. Raises UsageError U001
    when it cannot be read, U002 when it does not suit the model.
    """
    dataset = _read(path, classes, labels, pixels)
    check_classes(dataset, classes, path)
    return dataset


def _read(path: Path, classes: int, labels: Sequence[str], pixels: Range | None) -> DataSet:
    try:
        if path.is_file():
            return read_npz(path, pixels)
        if not path.is_dir():
            raise UsageError(
                "U001",
                f"there is no data set `{path}`",
                hint="`mcugen eval --help` says what a data set is",
            )
        pair = idx_files(path)
        return read_idx_pair(path, *pair) if pair else read_folders(path, classes, labels)
    except OSError as error:
        raise UsageError(
            "U001",
            f"the data set cannot be read: {error.strerror or error}",
            where=str(error.filename or path),
        ) from error
