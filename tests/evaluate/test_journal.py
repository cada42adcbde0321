"""What is done is kept, and believed only where it is of this very evaluation."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcugen.errors import UsageError
from mcugen.evaluate import evaluate, run
from tests.evaluate.evaluations import (
    PICTURES,
    InterruptedOnPurposeError,
    evaluated,
    here,
    write_dataset,
)


def test_what_is_done_is_not_done_again(folder: Path, dataset: Path) -> None:
    ran: list[range] = []
    with pytest.raises(InterruptedOnPurposeError):
        evaluate(folder, dataset=dataset, runner=here(ran, stop_after=2))
    (journal,) = folder.glob("eval/*.jsonl")
    whole = journal.read_bytes()
    journal.write_bytes(whole[: len(whole) - 9])  # the second line is cut short
    again: list[range] = []
    resumed = evaluated(folder, dataset, again)
    assert again == [range(20, 40), range(40, 50)]
    third: list[range] = []
    assert evaluated(folder, dataset, third) == resumed
    assert third == []
    fresh: list[range] = []
    assert evaluated(folder, dataset, fresh, fresh=True) == resumed
    assert fresh == [range(0, 20), range(20, 40), range(40, 50)]


OUTCOME = (
    b'{"first":"0","classes":[9],"reference_classes":["a"],"mismatches":"0","disagreements":null,'
    b'"difference":[]}'
)


@pytest.mark.parametrize(
    "line",
    [b"[1]", b"{}", b"null", b"\xff\xfe", b"{", b"7", b"[" * 10**5, OUTCOME, b"0 " + OUTCOME],
)
def test_a_line_that_is_no_outcome_counts_for_nothing(
    folder: Path, dataset: Path, line: bytes
) -> None:
    first = evaluated(folder, dataset, [])
    (journal,) = folder.glob("eval/*.jsonl")
    journal.write_bytes(line)
    ran: list[range] = []
    assert evaluated(folder, dataset, ran) == first
    assert len(ran) == 3


def test_an_edited_line_counts_for_nothing(folder: Path, dataset: Path) -> None:
    first = evaluated(folder, dataset, [])
    (journal,) = folder.glob("eval/*.jsonl")
    edited = journal.read_bytes().replace(b'"first":20,', b'"first":0,')
    journal.write_bytes(edited.replace(b'"mismatches":0', b'"mismatches":1', 1))
    ran: list[range] = []
    assert evaluated(folder, dataset, ran) == first
    assert ran == [range(0, 20), range(20, 40)]


def test_the_journal_of_another_evaluation_counts_for_nothing(
    folder: Path, dataset: Path, tmp_path: Path
) -> None:
    """Even under the right name."""
    other = write_dataset(tmp_path / "other.npz", PICTURES, seed=6)
    evaluated(folder, other, [])
    (theirs,) = folder.glob("eval/*.jsonl")
    expected = evaluated(folder, dataset, [])
    (ours,) = set(folder.glob("eval/*.jsonl")) - {theirs}
    ours.write_bytes(theirs.read_bytes())
    ran: list[range] = []
    assert evaluated(folder, dataset, ran) == expected
    assert len(ran) == 3


def test_another_pillow_is_another_evaluation(
    folder: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It resizes the pictures."""
    ran: list[range] = []
    evaluated(folder, dataset, ran)
    monkeypatch.setattr(run, "version", lambda name: {"pillow": "0.1"}[name])
    evaluated(folder, dataset, ran)
    assert len(ran) == 6


@pytest.mark.parametrize("fresh", [False, True])
def test_a_journal_that_cannot_be_used_is_told(folder: Path, dataset: Path, fresh: bool) -> None:
    evaluated(folder, dataset, [])
    (journal,) = folder.glob("eval/*.jsonl")
    journal.unlink()
    journal.mkdir()
    ran: list[range] = []
    try:
        with pytest.raises(UsageError) as caught:
            evaluated(folder, dataset, ran, fresh=fresh)
    finally:
        journal.rmdir()
    assert (caught.value.code, ran) == ("U005" if fresh else "U001", [])
    assert caught.value.hint


def test_a_larger_limit_goes_on(folder: Path, dataset: Path) -> None:
    ran: list[range] = []
    assert evaluated(folder, dataset, ran, limit=25)["pictures"] == 25
    assert evaluated(folder, dataset, ran, limit=1000)["pictures"] == PICTURES
    assert ran == [range(0, 20), range(20, 25), range(20, 40), range(40, 50)]


def test_other_pictures_are_another_evaluation(folder: Path, dataset: Path, tmp_path: Path) -> None:
    ran: list[range] = []
    first = evaluated(folder, dataset, ran)
    other = evaluated(folder, write_dataset(tmp_path / "other.npz", PICTURES, seed=6), ran)
    assert len(ran) == 6
    assert first["dataset_sha256"] != other["dataset_sha256"]
