"""Data sets as people have them: stray files, splits, floats, channels first, one-hot classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mcugen.datasets import load_dataset
from mcugen.errors import UsageError
from mcugen.inputs import Preparation, load_input, picture_input
from mcugen.ir import DType, Quant, Tensor
from tests.unit.test_datasets import SIGNED, grey, npz, refusal, write_folders


class TestFolders:
    def test_what_is_no_picture_is_skipped_and_named(self, tmp_path: Path) -> None:
        root = write_folders(tmp_path / "set", {"bag": 2, "coat": 1})
        (root / "README.txt").write_text("made last summer")
        (root / "bag" / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
        (root / "coat" / "raw").mkdir()
        (root / "coat" / "0.png").rename(root / "coat" / "picture-without-an-ending")
        dataset = load_dataset(root, 2)
        assert dataset.classes == (0, 1, 0)
        assert dataset.name(1) == "coat/picture-without-an-ending"
        assert dataset.skipped == ("README.txt", "bag/Thumbs.db", "coat/raw")

    def test_a_damaged_picture_is_told_and_not_skipped(self, tmp_path: Path) -> None:
        root = write_folders(tmp_path / "set", {"bag": 1})
        (root / "bag" / "0.png").write_bytes(b"no picture")
        tensor = Tensor(0, "input", (1, 3, 3, 1), DType.INT8, SIGNED)
        assert refusal(lambda: load_dataset(root, 1).input(0, tensor)).code == "U001"

    @pytest.mark.parametrize(
        ("splits", "used"),
        [
            (("train", "val"), "val"),
            (("train", "test", "val"), "test"),
            (("Train", "Validation"), "Validation"),
            (("training",), "training"),
        ],
    )
    def test_the_best_split_to_test_with_is_taken(
        self, tmp_path: Path, splits: tuple[str, ...], used: str
    ) -> None:
        for number, split in enumerate(splits):
            write_folders(tmp_path / "pets" / split, {"cat": 1 + number, "dog": 1})
        dataset = load_dataset(tmp_path / "pets", 2)
        assert dataset.title == f"pets/{used}"
        assert len(dataset.classes) == 2 + splits.index(used)

    def test_classes_may_be_called_as_splits_are(self, tmp_path: Path) -> None:
        root = write_folders(tmp_path / "toys", {"test": 1, "train": 2})
        dataset = load_dataset(root, 2)
        assert (dataset.title, dataset.classes) == ("toys", (0, 1, 1))
        nested = write_folders(tmp_path / "more" / "train", {"x": 1}).parent
        (nested / "train" / "0.png").touch()
        assert load_dataset(nested, 2, ("train", "car")).classes == (0,)


class TestArrays:
    def test_floats_need_to_be_told_what_white_is(self, tmp_path: Path) -> None:
        path = npz(tmp_path / "a.npz", images=grey() / np.float32(255), labels=[0] * 5)
        error = refusal(lambda: load_dataset(path, 1))
        assert error.what == "the pictures are float32, not uint8"
        assert error.hint == "say what black and white are in it, such as `--pixels 0..1`"

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    @pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)])
    def test_floats_become_the_pixels_that_they_were(
        self, tmp_path: Path, low: float, high: float, dtype: type
    ) -> None:
        floats = (low + grey().astype(np.float64) * (high - low) / 255).astype(dtype)
        path = npz(tmp_path / "a.npz", images=floats, labels=[0] * 5)
        assert np.array_equal(load_dataset(path, 1, pixels=(low, high)).pictures, grey())

    @pytest.mark.parametrize("value", [1.1, -0.1, np.nan, np.inf])
    def test_floats_of_another_range_are_told(self, tmp_path: Path, value: float) -> None:
        floats = grey() / np.float32(255)
        floats[3, 1, 1] = value
        path = npz(tmp_path / "a.npz", images=floats, labels=[0] * 5)
        error = refusal(lambda: load_dataset(path, 1, pixels=(0.0, 1.0)))
        assert error.what.startswith("picture 3 holds ")
        assert error.what.endswith("not 0 to 1")

    def test_channels_first_are_told_with_what_mends_it(self, tmp_path: Path) -> None:
        images = np.zeros((5, 3, 8, 6), np.uint8)
        path = npz(tmp_path / "a.npz", images=images, labels=[0] * 5)
        error = refusal(lambda: load_dataset(path, 1))
        assert "save `x.transpose(0, 2, 3, 1)`" in error.hint
        mended = npz(tmp_path / "b.npz", images=images.transpose(0, 2, 3, 1), labels=[0] * 5)
        assert len(load_dataset(mended, 1).classes) == 5

    def test_one_hot_classes_are_told_with_what_mends_it(self, tmp_path: Path) -> None:
        labels = np.eye(4, dtype=np.uint8)[[3, 1, 2, 0, 0]]
        error = refusal(
            lambda: load_dataset(npz(tmp_path / "a.npz", images=grey(), labels=labels), 4)
        )
        assert error.hint == "the classes are one-hot: save `y.argmax(axis=1)`"
        mended = npz(tmp_path / "b.npz", images=grey(), labels=labels.argmax(axis=1))
        assert load_dataset(mended, 4).classes == (3, 1, 2, 0, 0)


class TestPreparation:
    def test_cropped_or_squashed(self, tmp_path: Path) -> None:
        """A wide picture whose sides are black."""
        pixels = np.zeros((8, 16), np.uint8)
        pixels[:, 4:12] = 200
        Image.fromarray(pixels).save(tmp_path / "a.png")
        tensor = Tensor(0, "input", (1, 8, 8, 1), DType.UINT8, Quant((1.0,), (0,)))
        squashed = load_input(tmp_path / "a.png", tensor)
        cropped = load_input(tmp_path / "a.png", tensor, Preparation(crop=True))
        assert set(cropped.data) == {200}
        assert min(squashed.data) == 0
        assert squashed.note.startswith("16x8 grey resized to 8x8")
        assert cropped.note.startswith("16x8 grey cropped to 8x8")

    def test_the_same_proportions_are_not_cropped(self) -> None:
        pixels = grey(1, 16, 16)[0]
        tensor = Tensor(0, "input", (1, 8, 8, 1), DType.UINT8, Quant((1.0,), (0,)))
        one, other = (picture_input("p", pixels, tensor, Preparation(crop=c)) for c in (0, 1))
        assert one == other

    def test_mean_and_deviation_of_each_channel(self) -> None:
        """(pixel/255 - mean) / deviation, to the nearest step of the input's scale."""
        mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        pixels = np.random.default_rng(3).integers(0, 256, (4, 4, 3), np.uint8)
        tensor = Tensor(0, "input", (1, 4, 4, 3), DType.INT8, Quant((0.0187,), (-14,)))
        with pytest.raises(UsageError, match="how pixels map to that is not known"):
            picture_input("p", pixels, tensor)
        found = picture_input("p", pixels, tensor, Preparation(mean=mean, deviation=deviation))
        real = (pixels / 255 - mean) / deviation
        wanted = np.clip(np.floor(real / 0.0187 + 0.5) - 14, -128, 127)
        assert np.array_equal(np.frombuffer(found.data, np.int8).reshape(4, 4, 3), wanted)
        assert "(pixel/255 - 0.485,0.456,0.406) / 0.229,0.224,0.225" in found.note

    def test_one_number_is_for_all_channels(self) -> None:
        pixels = grey(1, 4, 4)[0]
        tensor = Tensor(0, "input", (1, 4, 4, 3), DType.FLOAT32, SIGNED)
        found = picture_input("p", pixels, tensor, Preparation(mean=(0.5,), deviation=(0.5,)))
        assert np.allclose(
            np.frombuffer(found.data, np.float32).reshape(4, 4, 3)[:, :, 0], pixels / 127.5 - 1
        )

    @pytest.mark.parametrize(
        "prepare",
        [Preparation(mean=(0.1, 0.2)), Preparation(deviation=(0.0,)), Preparation(deviation=(-1,))],
    )
    def test_numbers_that_do_not_suit(self, prepare: Preparation) -> None:
        tensor = Tensor(0, "input", (1, 4, 4, 3), DType.INT8, SIGNED)
        error = refusal(lambda: picture_input("p", grey(1, 4, 4)[0], tensor, prepare))
        assert error.code == "U006"

    def test_a_model_with_channels_first_is_told_so(self, tmp_path: Path) -> None:
        Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
        tensor = Tensor(0, "input", (1, 3, 4, 4), DType.INT8, SIGNED)
        error = refusal(lambda: load_input(tmp_path / "a.png", tensor))
        assert error.hint.endswith("or export the model with channels last")
