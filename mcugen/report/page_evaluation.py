"""What the HTML report shows of evaluations: how often the model is right, and where it is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from mcugen.report.words import Answer, percentage

_LARGEST_MATRIX = 16
"""Classes whose confusion matrix is still read."""


@dataclass(frozen=True)
class Cell:
    """``kind`` is "right", "wrong" or "none"; ``share`` is its percentage of the row's class."""

    text: str
    kind: str
    share: float


@dataclass(frozen=True)
class MatrixRow:
    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class EvaluationRow:
    dataset: str
    pictures: str
    accuracy: str
    reference: str
    exact: bool


@dataclass(frozen=True)
class ClassRow:
    name: str
    pictures: str
    recall: str
    bar: float
    precision: str


@dataclass(frozen=True)
class WrongRow:
    """``image`` is a PNG file in base 64, "" where there is none."""

    picture: str
    truth: str
    answer: str
    image: str


@dataclass(frozen=True)
class EvaluationView:
    """``rows`` has every evaluation; the rest is the last one's. ``classes`` are the names of the
    matrix' columns, () where it is too large."""

    rows: tuple[EvaluationRow, ...]
    text: str
    classes: tuple[str, ...]
    matrix: tuple[MatrixRow, ...]
    recalls: tuple[ClassRow, ...]
    confusions: tuple[tuple[str, str, str], ...]
    wrong: tuple[WrongRow, ...]


def evaluation_view(evaluations: Sequence[Answer]) -> EvaluationView | None:
    if not evaluations:
        return None
    last = evaluations[-1]
    shown = range(len(last["confusion"]) if len(last["confusion"]) <= _LARGEST_MATRIX else 0)
    return EvaluationView(
        rows=tuple(map(_row, evaluations)),
        text=f"Of the {last['pictures']:,} pictures of `{last['dataset']}`, {last['input']}, the "
        f"generated C gets {last['right']:,} right and the reference {last['reference_right']:,}.",
        classes=tuple(map(str, shown)),
        matrix=tuple(_matrix_row(last, number) for number in shown),
        recalls=tuple(_recalls(last)),
        confusions=tuple(
            (_named(last, one["class"]), _named(last, one["taken_for"]), f"{one['pictures']:,}")
            for one in last["confusions"]
        ),
        wrong=tuple(_wrong_rows(last)),
    )


def _row(one: Answer) -> EvaluationRow:
    return EvaluationRow(
        dataset=one["dataset"],
        pictures=f"{one['pictures']:,} of {one['dataset_pictures']:,}",
        accuracy=f"{one['accuracy']:.2%}",
        reference=f"{one['reference_accuracy']:.2%}",
        exact=one["status"] == "ok",
    )


def _named(one: Answer, number: int) -> str:
    return f"{number} {one['labels'][number]}" if one["labels"] else str(number)


def _matrix_row(one: Answer, number: int) -> MatrixRow:
    row = one["confusion"][number]
    total = sum(row)
    return MatrixRow(
        _named(one, number),
        tuple(
            Cell(
                f"{count:,}" if count else "",
                "none" if not count else "right" if place == number else "wrong",
                percentage(count, total),
            )
            for place, count in enumerate(row)
        ),
    )


def _recalls(one: Answer) -> Iterator[ClassRow]:
    """The worst class first, without those that no picture is of."""
    seen = [each for each in one["classes"] if each["recall"] is not None]
    for each in sorted(seen, key=lambda entry: (entry["recall"], entry["class"])):
        yield ClassRow(
            _named(one, each["class"]),
            f"{each['pictures']:,}",
            _percent(each["recall"]),
            round(100 * each["recall"], 2),
            _percent(each["precision"]),
        )


def _wrong_rows(one: Answer) -> Iterator[WrongRow]:
    for wrong, image in zip_longest(one["wrong"], one["thumbnails"]):
        truth, answer = _named(one, wrong["class"]), _named(one, wrong["taken_for"])
        yield WrongRow(str(wrong["picture"]), truth, answer, image or "")


def _percent(part: float | None) -> str:
    return "" if part is None else f"{part:.1%}"
