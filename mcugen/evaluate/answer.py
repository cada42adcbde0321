"""What an evaluation found, as an object for people and for ``--json``."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.datasets import DataSet
from mcugen.errors import DifferenceError
from mcugen.evaluate.work import Outcome
from mcugen.manifest import Manifest
from mcugen.verify.compare import Difference, Pair
from mcugen.verify.report import misbehaviour

_WRONG_SHOWN = 10
"""Misclassified pictures that are named."""

_CONFUSIONS_SHOWN = 5


@dataclass(frozen=True)
class BoardSample:
    """Pictures that the virtual board ran too; the input in ``difference`` is such a number.

    ``stack_bytes`` is the deepest stack, ``stray_writes`` are stores that are not a layer's own.
    """

    pictures: tuple[int, ...]
    pair: Pair
    difference: Difference | None
    stack_bytes: int | None
    stray_writes: tuple[str, ...] | None

    def misbehaviour(self, manifest: Manifest) -> DifferenceError | None:
        return misbehaviour(self.stray_writes, self.stack_bytes, manifest.stack_reserved)

    def as_json(self) -> dict[str, Any]:
        return {
            "pictures": list(self.pictures),
            **self.pair.as_json(),
            "stack_bytes": self.stack_bytes,
            "stray_writes": None if self.stray_writes is None else len(self.stray_writes),
        }


@dataclass(frozen=True)
class Evaluation:
    """``outcomes`` in the order of the data set, ``labels`` are () where the classes have no names,
    ``input_note`` says how the first picture was prepared."""

    manifest: Manifest
    dataset: DataSet
    labels: tuple[str, ...]
    classes: int
    references: tuple[str, ...]
    input_note: str
    outcomes: tuple[Outcome, ...]
    sample: BoardSample | None

    @property
    def error(self) -> DifferenceError | None:
        """What makes the answer no, if anything does."""
        found, sample = self._first_difference, self.sample
        if found is None:
            return None if sample is None else sample.misbehaviour(self.manifest)
        return found.error(
            f"picture {self.dataset.name(found.input)}",
            details=(f"in all, {self._mismatches:,} of {self._values:,} values of the host build",),
            hint="this is a bug in mcugen, a kernel or a compiler: please report it with the model",
        )

    def as_json(self) -> dict[str, Any]:
        confusion = self._confusion
        right, reference_right = int(np.trace(confusion)), self._right(self._reference_classes)
        pictures = len(self._truth)
        return {
            "status": "ok" if self.error is None else "different",
            "board": self.manifest.board,
            "model": self.manifest.model,
            "model_sha256": self.manifest.model_sha256,
            "dataset": self.dataset.title,
            "dataset_sha256": self.dataset.sha256,
            "dataset_pictures": len(self.dataset.classes),
            "skipped": list(self.dataset.skipped),
            "input": self.input_note,
            "pictures": pictures,
            "right": right,
            "accuracy": right / pictures,
            "reference_right": reference_right,
            "reference_accuracy": reference_right / pictures,
            "reference": list(self.references),
            "reference_disagreements": sum(one.disagreements for one in self.outcomes),
            "reference_undefined": sum(one.undefined for one in self.outcomes),
            "layers": len(self.manifest.layers),
            "values": self._values,
            "mismatches": self._mismatches,
            "labels": list(self.labels),
            "confusion": confusion.tolist(),
            "classes": _class_details(confusion),
            "confusions": _confusions(confusion),
            "wrong": self._wrong(),
            "board_sample": self.sample and self.sample.as_json(),
            "first_difference": self._first_difference
            and dataclasses.asdict(self._first_difference),
        }

    def thumbnails(self) -> tuple[bytes | None, ...]:
        """Those of the wrong pictures that are named, as small PNG files; None for what is none."""
        return tuple(map(self.dataset.thumbnail, self._wrong_numbers))

    @property
    def _first_difference(self) -> Difference | None:
        """The earliest layer's, in the earliest picture."""
        found = [one.difference for one in self.outcomes]
        if self.sample:
            found.append(self.sample.difference)
        return min(
            (difference for difference in found if difference is not None),
            key=lambda difference: (difference.layer, difference.input),
            default=None,
        )

    @property
    def _truth(self) -> tuple[int, ...]:
        return self.dataset.classes[: sum(len(one.classes) for one in self.outcomes)]

    @property
    def _classes(self) -> tuple[int, ...]:
        return tuple(found for one in self.outcomes for found in one.classes)

    @property
    def _reference_classes(self) -> tuple[int, ...]:
        return tuple(found for one in self.outcomes for found in one.reference_classes)

    def _right(self, classes: tuple[int, ...]) -> int:
        return sum(found == truth for found, truth in zip(classes, self._truth, strict=True))

    @property
    def _values(self) -> int:
        """Values that the generated C and the reference were compared in: all of every layer."""
        return len(self._truth) * sum(math.prod(layer.shape) for layer in self.manifest.layers)

    @property
    def _mismatches(self) -> int:
        return sum(one.mismatches for one in self.outcomes)

    @property
    def _confusion(self) -> NDArray[np.int64]:
        """Pictures by true class (down) and class that the generated C gives (across)."""
        counts = np.zeros((self.classes, self.classes), np.int64)
        np.add.at(counts, (self._truth, self._classes), 1)
        return counts

    def _wrong(self) -> list[dict[str, Any]]:
        truth, found = self._truth, self._classes
        return [
            {
                "picture": self.dataset.name(number),
                "class": truth[number],
                "taken_for": found[number],
            }
            for number in self._wrong_numbers
        ]

    @property
    def _wrong_numbers(self) -> tuple[int, ...]:
        pairs = enumerate(zip(self._truth, self._classes, strict=True))
        return tuple(islice((n for n, (truth, found) in pairs if truth != found), _WRONG_SHOWN))


def _class_details(confusion: NDArray[np.int64]) -> list[dict[str, Any]]:
    """``recall`` is the part of a class that was recognised, ``precision`` the part of the answers
    with this class that were right; None where there are none."""
    return [
        {
            "class": number,
            "pictures": int(row.sum()),
            "right": int(row[number]),
            "recall": _part(row[number], row.sum()),
            "precision": _part(row[number], confusion[:, number].sum()),
        }
        for number, row in enumerate(confusion)
    ]


def _part(count: np.int64, total: np.int64) -> float | None:
    return int(count) / int(total) if total else None


def _confusions(confusion: NDArray[np.int64]) -> list[dict[str, int]]:
    """The most common mistakes, the most common one first."""
    mistakes = confusion - np.diag(np.diag(confusion))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:_CONFUSIONS_SHOWN]
    places = zip(*np.unravel_index(order, mistakes.shape), strict=True)
    return [
        {"class": int(truth), "taken_for": int(found), "pictures": int(mistakes[truth, found])}
        for truth, found in places
        if mistakes[truth, found]
    ]
