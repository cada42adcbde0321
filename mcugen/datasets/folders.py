"""A folder of pictures for each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mcugen.datasets.dataset import DataSet, dataset_of_files
from mcugen.errors import UsageError

_LAYOUTS = (
    "t10k-images-idx3-ubyte[.gz] and t10k-labels-idx1-ubyte[.gz], or one folder of pictures a class"
)


def read_folders(root: Path, classes: int, labels: Sequence[str]) -> DataSet:
    """The data set below ``root``, with the classes by turns, so that its first part has all.

    The folders' names are the model's ``labels``; without those, the folders in order are classes
    0, 1, ... Hidden files are left out. Raises UsageError U001, U002.
    """
    folders = [one for one in _visible(root) if one.is_dir()]
    if not folders:
        raise UsageError(
            "U001", f"`{root}` holds no data set", hint=f"a folder of one has {_LAYOUTS}"
        )
    numbers = _numbers([folder.name for folder in folders], classes, labels, root)
    files = [
        (turn, number, path)
        for number, folder in zip(numbers, folders, strict=True)
        for turn, path in enumerate(_visible(folder))
    ]
    if not files:
        raise UsageError("U001", f"the folders below `{root}` are empty")
    return dataset_of_files(root, [(number, path) for _, number, path in sorted(files)])


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _numbers(
    names: Sequence[str], classes: int, labels: Sequence[str], root: Path
) -> tuple[int, ...]:
    """The class of each folder."""
    if not labels:
        if len(names) != classes:
            raise UsageError(
                "U002",
                f"there are {len(names)} folders for {classes} classes of the model",
                where=str(root),
                hint="say with `--labels` which classes these are",
            )
        return tuple(range(classes))
    for name in names:
        if labels.count(name) != 1:
            has = "several" if name in labels else "none"
            raise UsageError(
                "U002",
                f"the folder `{name}` has {has} of the labels as its name",
                where=str(root),
                details=(f"labels: {', '.join(labels[:10])}{', ...' if len(labels) > 10 else ''}",),
                hint="rename the folder, or mend the labels",
            )
    return tuple(labels.index(name) for name in names)
