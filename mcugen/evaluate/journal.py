"""Outcomes on disk as they come, so that an interrupted evaluation goes on where it stopped."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcugen import files
from mcugen.errors import UsageError
from mcugen.evaluate.work import Outcome
from mcugen.verify.compare import Difference

FOLDER = "eval"
"""In the build folder, beside what the manifest lists."""


@dataclass(frozen=True)
class Journal:
    """A line for each chunk that is done: its digest, and the outcome as JSON.

    ``key`` is the task's. It goes into the digests, so a line is worth nothing for another task.
    """

    folder: Path
    key: str

    @property
    def path(self) -> Path:
        return self.folder / FOLDER / f"{self.key}.jsonl"

    def read(self) -> dict[range, Outcome]:
        """What is done, by picture numbers; a line that was cut short or edited counts for nothing.

        Raises UsageError U001 when the file is there and cannot be read.
        """
        try:
            exists = self.path.exists()
            data = files.read_bytes(self.path, files.JOURNAL_BYTES) if exists else b""
        except OSError as error:
            raise UsageError(
                "U001",
                f"the journal cannot be read: {error.strerror}",
                where=str(self.path),
                hint="remove it: it only saves doing again what was done",
            ) from error
        lines = (line.rstrip(b"\r\n") for line in io.BytesIO(data))
        outcomes = [outcome for line in lines if (outcome := self._parsed(line)) is not None]
        return {covered(outcome): outcome for outcome in outcomes}

    def append(self, outcome: Outcome) -> None:
        """Raises UsageError U005 when the build folder cannot be written."""
        text = json.dumps(dataclasses.asdict(outcome), separators=(",", ":"))
        line = f"{self._digest(text.encode())} {text}"
        try:
            self.path.parent.mkdir(exist_ok=True)
            with self.path.open("ab") as file:
                # A line of its own, whatever was cut short before.
                file.write(f"\n{line}\n".encode())
        except OSError as error:
            raise self._unwritable(error) from error

    def forget(self) -> None:
        """Raises UsageError U005 when the file cannot be removed."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def _digest(self, text: bytes) -> str:
        return hashlib.sha256(self.key.encode() + text).hexdigest()

    def _parsed(self, line: bytes) -> Outcome | None:
        digest, _, text = line.partition(b" ")
        if not text:
            return None
        return _outcome(json.loads(text)) if digest == self._digest(text).encode() else None

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(
            "U005",
            f"the journal cannot be written: {error.strerror}",
            where=str(self.path),
            hint="make the build folder writable, or copy it to where it is",
        )


def covered(outcome: Outcome) -> range:
    """The numbers of the outcome's pictures."""
    return range(outcome.first, outcome.first + len(outcome.classes))


def _outcome(fields: Mapping[str, Any]) -> Outcome:
    difference = fields["difference"]
    return Outcome(
        **{
            **fields,
            "classes": tuple(fields["classes"]),
            "reference_classes": tuple(fields["reference_classes"]),
            "difference": difference
            and Difference(**{**difference, "index": tuple(difference["index"])}),
        }
    )
