"""What a flash did."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from mcugen.manifest import ExternalPart


@dataclass(frozen=True)
class Attempt:
    """A way of flashing that did not work, and why."""

    via: str
    why: str


@dataclass(frozen=True)
class Outcome:
    """Sectors by number. ``erased`` were written anew, ``kept`` were found right; in a dry run,
    would be and are. Both are empty where another program did the work and says no more."""

    via: str
    bytes_written: int
    erased: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    started: bool = False


@dataclass(frozen=True)
class FlashResult:
    """``attempts`` are the ways that were tried before and did not work. ``external`` is what a
    debug probe must put into flash outside the chip, which none of the ways does."""

    outcome: Outcome
    port: str
    board: str
    model: str
    image_bytes: int
    dry_run: bool
    attempts: tuple[Attempt, ...]
    external: ExternalPart | None = None

    @property
    def nothing_to_do(self) -> bool:
        """The image was in flash already."""
        return self.outcome.bytes_written == 0

    def as_json(self) -> dict[str, object]:
        return {
            "status": "ok",
            "via": self.outcome.via,
            "port": self.port,
            "board": self.board,
            "model": self.model,
            "image_bytes": self.image_bytes,
            "dry_run": self.dry_run,
            "nothing_to_do": self.nothing_to_do,
            "sectors_erased": list(self.outcome.erased),
            "sectors_kept": list(self.outcome.kept),
            "bytes_written": self.outcome.bytes_written,
            "started": self.outcome.started,
            "external": None if self.external is None else asdict(self.external),
            "attempts": [{"via": one.via, "why": one.why} for one in self.attempts],
        }
