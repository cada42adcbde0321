"""A folder of pictures for each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mcugen import files
from mcugen.datasets.dataset import SPLITS, DataSet, dataset_of_files
from mcugen.errors import UsageError

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".npy")
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"\x93NUMPY")

_LAYOUTS = (
    "t10k-images-idx3-ubyte[.gz] and t10k-labels-idx1-ubyte[.gz], or one folder of pictures a class"
)


def read_folders(root: Path, classes: int, labels: Sequence[str]) -> DataSet:
    """The data set below ``root``, with the classes by turns, so that its first part has all.

    The folders' names are the model's ``labels``; without those, the folders in order are classes
    0, 1, ... Where they are splits instead, such as ``train`` and ``val``, it is the data set of
    the best one to test with. Hidden files are left out, and what is no picture is skipped. Raises
    UsageError U001, U002.
    """
    folders = [one for one in _visible(root) if one.is_dir()]
    split = _split(folders, labels)
    if split:
        return read_folders(split, classes, labels)
    if not folders:
        raise UsageError(
            "U001", f"`{root}` holds no data set", hint=f"a folder of one has {_LAYOUTS}"
        )
    numbers = _numbers([folder.name for folder in folders], classes, labels, root)
    found = {folder: _visible(folder) for folder in folders}
    pictures = [
        (turn, number, path)
        for number, folder in zip(numbers, folders, strict=True)
        for turn, path in enumerate(filter(_is_picture, found[folder]))
    ]
    if not pictures:
        raise UsageError("U001", f"the folders below `{root}` hold no pictures")
    beside = [path for path in _visible(root) if path not in found]
    skipped = [path for paths in found.values() for path in paths if not _is_picture(path)]
    ordered = [(number, path) for _, number, path in sorted(pictures)]
    return dataset_of_files(root, ordered, [*beside, *skipped])


def _split(folders: Sequence[Path], labels: Sequence[str]) -> Path | None:
    """The split to use, where the folders are splits and no classes: they hold folders again."""
    names = {folder.name.lower(): folder for folder in folders}
    if not names or not names.keys() <= set(SPLITS) or names.keys() & set(labels):
        return None
    best = next(names[name] for name in SPLITS if name in names)
    return best if any(one.is_dir() for one in _visible(best)) else None


def _is_picture(path: Path) -> bool:
    """By its name, so that a damaged picture is told and not skipped; or else by how it begins."""
    if path.suffix.lower() in _SUFFIXES:
        return True
    try:
        with files.open_file(path, files.INPUT_BYTES) as file:
            return file.read(8).startswith(_MAGIC)
    except OSError:
        return False


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
