"""Labels, and the highest outputs with their scores."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from mcugen.errors import UsageError
from mcugen.ir import DType, Quant, Tensor
from mcugen.labels import read_labels
from mcugen.verify.answers import top_classes


def output(dtype: DType, quant: Quant | None = None, classes: int = 5) -> Tensor:
    return Tensor(0, "scores", (1, classes), dtype, quant)


def labels_in(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "labels.txt"
    path.write_bytes(content)
    return path


def test_a_label_a_line(tmp_path: Path) -> None:
    path = labels_in(tmp_path, "ant\r\n Bär \n\n\ncat\n".encode())
    assert read_labels(path, 3) == ("ant", "Bär", "cat")


@pytest.mark.parametrize(("content", "found"), [(b"ant\nbee\n", 2), (b"", 0), (b"a\nb\nc\nd", 4)])
def test_wrong_number_of_labels(tmp_path: Path, content: bytes, found: int) -> None:
    with pytest.raises(UsageError) as caught:
        read_labels(labels_in(tmp_path, content), 3)
    assert caught.value.code == "U002"
    assert caught.value.what == f"{found} labels for 3 outputs"
    assert "one name a line" in caught.value.hint


def test_labels_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_labels(tmp_path / "missing.txt", 3)
    assert caught.value.code == "U001"
    assert caught.value.where.endswith("missing.txt")


def test_labels_that_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a text file"):
        read_labels(labels_in(tmp_path, b"\xff\xfe\x80"), 3)


def test_int8_scores_are_real_values() -> None:
    tensor = output(DType.INT8, Quant((1 / 256,), (-128,)))
    top = top_classes(struct.pack("<5b", -128, 127, 0, -128, 64), tensor, "abcde")
    assert top == (
        {"index": 1, "label": "b", "score": 255 / 256},
        {"index": 4, "label": "e", "score": 192 / 256},
        {"index": 2, "label": "c", "score": 128 / 256},
    )


def test_uint8_is_not_taken_for_int8() -> None:
    tensor = output(DType.UINT8, Quant((1 / 256,), (0,)))
    top = top_classes(bytes((0, 200, 100, 0, 50)), tensor, ())
    assert [(one["index"], one["score"]) for one in top] == [
        (1, 200 / 256),
        (2, 100 / 256),
        (4, 50 / 256),
    ]
    assert [one["label"] for one in top] == ["", "", ""]


def test_float_scores_are_the_values() -> None:
    top = top_classes(struct.pack("<5f", 0.25, -3.5, 0.5, 1e-9, 0.0), output(DType.FLOAT32), ())
    assert [(one["index"], one["score"]) for one in top] == [
        (2, 0.5),
        (0, 0.25),
        (3, pytest.approx(1e-9)),
    ]


def test_integers_without_a_quantisation_are_their_own_scores() -> None:
    top = top_classes(struct.pack("<5b", 1, 2, 3, -4, 5), output(DType.INT8), ())
    assert [one["score"] for one in top] == [5.0, 3.0, 2.0]


def test_of_equals_the_first_comes_first() -> None:
    tensor = output(DType.INT8, Quant((1.0,), (0,)))
    top = top_classes(struct.pack("<5b", 3, 7, 7, 3, 3), tensor, ())
    assert [one["index"] for one in top] == [1, 2, 0]


def test_fewer_classes_than_are_shown() -> None:
    tensor = output(DType.INT8, Quant((1.0,), (0,)), classes=2)
    assert [one["index"] for one in top_classes(b"\x01\x02", tensor, ())] == [1, 0]
