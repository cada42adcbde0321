"""Data sets: three layouts, what is refused of each, and pictures that are what files are."""

from __future__ import annotations

import gzip
import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from mcugen.datasets import DataSet, load_dataset
from mcugen.datasets.idx import read_idx
from mcugen.errors import UsageError
from mcugen.inputs import load_input
from mcugen.ir import DType, Quant, Tensor

PICTURES, CLASSES = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
SIGNED, UNSIGNED = Quant((1 / 127.5,), (-1,)), Quant((1 / 255,), (0,))


def grey(count: int = 5, height: int = 4, width: int = 6) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (count, height, width), np.uint8)


def idx(values: NDArray[np.uint8]) -> bytes:
    sizes = struct.pack(f">{values.ndim}I", *values.shape)
    return bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes()


def write_idx(
    folder: Path, pictures: NDArray[np.uint8], classes: list[int], zipped: bool = True
) -> Path:
    folder.mkdir()
    for name, values in (PICTURES, pictures), (CLASSES, np.array(classes, np.uint8)):
        data = idx(values)
        path = folder / (f"{name}.gz" if zipped else name)
        path.write_bytes(gzip.compress(data) if zipped else data)
    return folder


def write_folders(root: Path, sizes: dict[str, int]) -> Path:
    for number, (name, count) in enumerate(sizes.items()):
        (root / name).mkdir(parents=True)
        for index in range(count):
            Image.new("L", (3, 3), 10 * number + index).save(root / name / f"{index}.png")
    return root


def refusal(action: Callable[[], object]) -> UsageError:
    with pytest.raises(UsageError) as caught:
        action()
    return caught.value


def pixels(dataset: DataSet) -> NDArray[np.uint8]:
    assert not isinstance(dataset.pictures, tuple)
    return dataset.pictures


@pytest.mark.parametrize("zipped", [True, False])
def test_idx_files_are_read(tmp_path: Path, zipped: bool) -> None:
    dataset = load_dataset(write_idx(tmp_path / "mnist", grey(), [0, 3, 1, 2, 0], zipped), 4)
    assert dataset.classes == (0, 3, 1, 2, 0)
    assert np.array_equal(pixels(dataset), grey())
    assert dataset.name(3) == "3"


def test_the_digest_is_of_pictures_and_classes(tmp_path: Path) -> None:
    def digest(name: str, pictures: NDArray[np.uint8], last: int, zipped: bool = True) -> str:
        return load_dataset(write_idx(tmp_path / name, pictures, [0, last], zipped), 4).sha256

    pictures, other = grey(2), grey(2)
    other[1, 3, 5] ^= 1
    first = digest("first", pictures, 1)
    assert digest("plain", pictures, 1, zipped=False) == first
    turned = pictures.reshape(2, 6, 4)
    assert (
        len({first, digest("a", other, 1), digest("b", pictures, 2), digest("c", turned, 1)}) == 4
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "does not begin"),
        (b"\0\0\x08", "does not begin"),
        (b"\x01\0\x08\x03" + bytes(12), "does not begin"),
        (b"\0\0\x0d\x03" + bytes(12), "type 13 with 3 axes"),
        (b"\0\0\x08\x02" + bytes(8), "type 8 with 2 axes"),
        (b"\0\0\x08\x03" + bytes(5), "ends after 5 of 12 bytes"),
        (idx(grey())[:-1], "ends after 119 of 120 bytes"),
        (idx(grey()) + b"\0", "more follows the 120 values"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "claims 79,228,162,458,924,105,385,300,197,375 values"),
        (b"\0\0\x08\x01" + b"\xff" * 4, "claims 4,294,967,295 values"),
        (b"\0\0\x08\x01\x7f" + b"\xff" * 3, "ends after 0 of 2,147,483,647 bytes"),
        (gzip.compress(b"\0\0\x08\x01\x7f" + b"\xff" * 3, mtime=0), "67,108,864 are the most"),
        (gzip.compress(idx(grey()))[:-9], "ended before"),
        (b"\x1f\x8bnothing of it", "Unknown compression"),
        (gzip.compress(idx(grey()))[:-8] + bytes(8), "CRC check failed"),
    ],
)
def test_a_damaged_idx_file_is_told(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    error = refusal(lambda: read_idx(path))
    assert error.code == "U001"
    assert reason in error.details[0]
    assert error.where == str(path)


@given(data=st.data())
def test_whatever_the_bytes_an_idx_file_is_an_array_or_an_error(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = idx(grey(2, 2, 2))
    if data.draw(st.booleans(), "zipped"):
        whole = gzip.compress(whole)
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)), "length")])
    for _ in range(data.draw(st.integers(0, 3), "changes") if damaged else 0):
        damaged[data.draw(st.integers(0, len(damaged) - 1), "place")] = data.draw(
            st.integers(0, 255), "byte"
        )
    path = tmp_path_factory.getbasetemp() / "fuzzed"
    path.write_bytes(damaged)
    try:
        values = read_idx(path)
    except UsageError:
        return
    assert values.dtype == np.uint8
    assert values.ndim in (1, 3)


def test_half_an_idx_data_set_is_told(tmp_path: Path) -> None:
    folder = write_idx(tmp_path / "mnist", grey(), [0] * 5)
    (folder / f"{CLASSES}.gz").unlink()
    error = refusal(lambda: load_dataset(folder, 4))
    assert (error.code, error.what) == ("U001", f"the data set lacks `{CLASSES}[.gz]`")


def test_pictures_and_classes_belong_together(tmp_path: Path) -> None:
    folder = write_idx(tmp_path / "mnist", grey(), [0] * 4)
    error = refusal(lambda: load_dataset(folder, 4))
    assert (error.code, error.what) == ("U002", "there are 5 pictures and classes of shape [4]")
    swapped = tmp_path / "swapped"
    swapped.mkdir()
    (swapped / PICTURES).write_bytes(idx(np.zeros(5, np.uint8)))
    (swapped / CLASSES).write_bytes(idx(grey()))
    assert refusal(lambda: load_dataset(swapped, 4)).code == "U002"


def test_no_pictures_are_no_data_set(tmp_path: Path) -> None:
    assert refusal(lambda: load_dataset(write_idx(tmp_path / "0", grey(0), []), 4)).code == "U002"


def test_a_class_beyond_the_outputs_is_told(tmp_path: Path) -> None:
    folder = write_idx(tmp_path / "mnist", grey(), [0, 3, 4, 1, 9])
    error = refusal(lambda: load_dataset(folder, 4))
    assert error.code == "U002"
    assert error.what == "the model tells classes 0 to 3 apart, and picture 2 is of class 4"


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (("x_test", "y_test"), np.array([0, 1, 2, 3, 0], np.uint8)),
        (("x_test", "y_test"), np.array([[0], [1], [2], [3], [0]], np.int64)),
        (("images", "labels"), np.array([0, 1, 2, 3, 0], np.int32)),
    ],
)
def test_npz_files_are_read(
    tmp_path: Path, names: tuple[str, str], classes: NDArray[np.integer[Any]]
) -> None:
    pictures = grey().reshape(5, 4, 2, 3)
    path = npz(tmp_path / "a.npz", **{names[0]: pictures, names[1]: classes})
    dataset = load_dataset(path, 4)
    assert dataset.classes == (0, 1, 2, 3, 0)
    assert np.array_equal(pixels(dataset), pictures)


@pytest.mark.parametrize(
    ("arrays", "code", "words"),
    [
        ({"x_train": grey(), "y_train": np.zeros(5, np.uint8)}, "U002", "neither `x_test`"),
        ({"x_test": grey() / 255, "y_test": np.zeros(5, np.uint8)}, "U002", "float64, not uint8"),
        ({"x_test": grey(), "y_test": np.zeros(5)}, "U002", "not whole numbers"),
        ({"x_test": grey(), "y_test": np.zeros((5, 4), int)}, "U002", "classes of shape [5, 4]"),
        ({"x_test": grey(), "y_test": np.full(5, -1)}, "U002", "picture 0 is of class -1"),
        (
            {"x_test": grey(), "y_test": np.full(5, 2**64 - 1, np.uint64)},
            "U002",
            "picture 0 is of class 18446744073709551615",
        ),
        ({"x_test": grey()[0], "y_test": np.zeros(4, int)}, "U002", "[4, 6] is not a series"),
        (
            {"x_test": grey().reshape(5, 4, 3, 2), "y_test": np.zeros(5, int)},
            "U002",
            "not a series",
        ),
        ({"x_test": grey(), "y_test": np.array([None] * 5)}, "U001", "not a sound .npz file"),
    ],
)
def test_what_an_npz_file_must_not_hold(
    tmp_path: Path, arrays: dict[str, Any], code: str, words: str
) -> None:
    error = refusal(lambda: load_dataset(npz(tmp_path / "a.npz", **arrays), 4))
    assert error.code == code
    assert words in error.what


def test_a_damaged_npz_file_is_told(tmp_path: Path) -> None:
    whole = io.BytesIO()
    np.savez(whole, x_test=grey(), y_test=np.zeros(5, np.uint8))
    path = tmp_path / "a.npz"
    for data in (b"", b"PK\x03\x04", whole.getvalue()[:300], b"\x93NUMPY"):
        path.write_bytes(data)
        assert refusal(lambda: load_dataset(path, 4)).code == "U001"


def test_folders_come_by_turns(tmp_path: Path) -> None:
    root = write_folders(tmp_path / "set", {"bag": 3, "coat": 1, "shoe": 2})
    (root / ".hidden").mkdir()
    (root / "bag" / ".DS_Store").touch()
    dataset = load_dataset(root, 3)
    assert dataset.classes == (0, 1, 2, 0, 2, 0)
    names = [dataset.name(number) for number in range(6)]
    assert names == [
        *("bag/0.png", "coat/0.png", "shoe/0.png", "bag/1.png", "shoe/1.png", "bag/2.png")
    ]


def test_labels_give_folders_their_classes(tmp_path: Path) -> None:
    root = write_folders(tmp_path / "set", {"bag": 1, "shoe": 1})
    assert load_dataset(root, 3, ("shoe", "coat", "bag")).classes == (0, 2)
    error = refusal(lambda: load_dataset(root, 3, ("boot", "coat", "bag")))
    assert (error.code, error.what) == (
        "U002",
        "the folder `shoe` has none of the labels as its name",
    )
    error = refusal(lambda: load_dataset(root, 3, ("shoe", "bag", "shoe")))
    assert error.what == "the folder `shoe` has several of the labels as its name"


def test_folders_without_labels_are_all_classes(tmp_path: Path) -> None:
    root = write_folders(tmp_path / "set", {"bag": 1, "shoe": 1})
    error = refusal(lambda: load_dataset(root, 3))
    assert (error.code, error.what) == ("U002", "there are 2 folders for 3 classes of the model")


def test_what_holds_no_data_set_is_told(tmp_path: Path) -> None:
    assert refusal(lambda: load_dataset(tmp_path / "absent", 3)).code == "U001"
    assert refusal(lambda: load_dataset(tmp_path, 3)).code == "U001"
    assert refusal(lambda: load_dataset(write_folders(tmp_path, {"a": 0}), 1)).code == "U001"


@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize(
    ("dtype", "quant"),
    [(DType.INT8, SIGNED), (DType.UINT8, UNSIGNED), (DType.FLOAT32, SIGNED)],
)
def test_a_picture_is_the_same_input_as_its_file(
    tmp_path: Path, channels: tuple[int, ...], depth: int, dtype: DType, quant: Quant
) -> None:
    pictures = np.random.default_rng(2).integers(0, 256, (2, 28, 28, *channels), np.uint8)
    tensor = Tensor(0, "input", (1, 40, 32, depth), dtype, quant)
    dataset = load_dataset(npz(tmp_path / "a.npz", images=pictures, labels=[0, 0]), 1)
    path = tmp_path / "picture.png"
    Image.fromarray(pictures[1].squeeze()).save(path)
    found, expected = dataset.input(1, tensor), load_input(path, tensor)
    assert (found.data, found.note) == (expected.data, expected.note)
    assert len(found.data) == tensor.nbytes


def test_pixels_for_a_model_that_takes_none(tmp_path: Path) -> None:
    """The hint is something that works."""
    dataset = load_dataset(npz(tmp_path / "a.npz", images=grey(), labels=[0] * 5), 1)
    tensor = Tensor(0, "input", (1, 4), DType.INT8, SIGNED)
    error = refusal(lambda: dataset.input(3, tensor))
    assert (error.code, error.where) == ("U002", "picture 3")
    assert error.hint == "make it a folder of .npy files for each class"
    folder = tmp_path / "set" / "only"
    folder.mkdir(parents=True)
    np.save(folder / "0.npy", np.arange(4, dtype=np.int8))
    assert load_dataset(folder.parent, 1).input(0, tensor).data == bytes(range(4))


def test_pictures_in_folders_are_files(tmp_path: Path) -> None:
    root = write_folders(tmp_path / "set", {"bag": 1, "shoe": 1})
    tensor = Tensor(0, "input", (1, 3, 3, 1), DType.UINT8, Quant((1.0,), (0,)))
    assert load_dataset(root, 2).input(1, tensor).data == bytes([10] * 9)
    (root / "shoe" / "0.png").write_bytes(b"none")
    assert refusal(lambda: load_dataset(root, 2).input(1, tensor)).code == "U001"


def test_a_grey_picture_is_prepared_as_the_example_was_trained(tmp_path: Path) -> None:
    """``prepare`` and ``to_int8`` of ``examples/fashion/train.py``."""
    picture = grey(1, 28, 28)
    tensor = Tensor(0, "input", (1, 128, 128, 3), DType.INT8, SIGNED)
    dataset = load_dataset(write_idx(tmp_path / "mnist", picture, [0]), 1)
    resized = Image.fromarray(picture[0]).convert("RGB").resize((128, 128), Image.BILINEAR)
    expected = (np.asarray(resized).astype(np.int16) - 128).astype(np.int8)
    assert dataset.input(0, tensor).data == expected.tobytes()


def test_thumbnails(tmp_path: Path) -> None:
    """Of files and of pixels, in proportion; an array in a file has none."""
    wide = np.random.default_rng(2).integers(0, 256, (100, 200, 3), np.uint8)
    Image.fromarray(wide).save(tmp_path / "a.png")
    np.save(tmp_path / "b.npy", np.zeros((1, 4, 4, 3), np.int8))
    files = DataSet(tmp_path, (tmp_path / "a.png", tmp_path / "b.npy"), (0, 1), "")
    small = files.thumbnail(0)
    assert small is not None
    assert Image.open(io.BytesIO(small)).size == (64, 32)
    assert files.thumbnail(1) is None
    for pixels in (grey(1), grey(1)[..., None]):
        small = DataSet(tmp_path, pixels, (0,), "").thumbnail(0)
        assert small is not None
        shown = Image.open(io.BytesIO(small))
        assert np.array_equal(np.asarray(shown)[:, :, 1], grey(1)[0])
