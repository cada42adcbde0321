"""What a verification found, as an object for people and for ``--json``."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from mcugen.errors import DifferenceError, McugenError
from mcugen.inputs import Input
from mcugen.manifest import Manifest
from mcugen.protocol.messages import Counts
from mcugen.verify.compare import Difference, Pair
from mcugen.verify.own import OwnElf
from mcugen.verify.timing import Timing

EXECUTIONS = {
    "reference": "reference",
    "host": "host build",
    "board": "virtual board",
    "core": "virtual core, not booted",
    "qemu": "QEMU",
    "elf": "program of one's own",
    "port": "board at the port",
    "virtual port": "virtual board at the port",
    "own program": "program of one's own at the port",
    "virtual own program": "program of one's own on a virtual board at the port",
}
"""What ran the model, by its name in an answer."""


def misbehaviour(
    stray_writes: tuple[str, ...] | None, stack_bytes: int | None, stack_reserved: int
) -> DifferenceError | None:
    """What is wrong with an execution whatever it answered: V002 or V003; None: not observed."""
    if stray_writes:
        return DifferenceError(
            "V002",
            "a layer stores to what the plan does not let it write",
            where=stray_writes[0],
            details=stray_writes[1:],
            hint="this is a bug in mcugen or in a kernel: please report it with the model",
        )
    if stack_bytes is not None and stack_bytes > stack_reserved:
        return DifferenceError(
            "V003",
            f"the stack went {stack_bytes:,} bytes deep, {stack_reserved:,} are reserved",
            hint="raise `stack_bytes` in the board file",
        )
    return None


@dataclass(frozen=True)
class VerifyReport:
    """``instructions`` and ``cycles`` have the most of any input for each layer, () where nothing
    counted them. ``clock_hz`` is what the board at a port runs at, ``port_counts`` what it counts,
    ``port_board`` what it calls itself; None without one. ``own`` is a program of somebody's own
    that ran the model, too. ``timing`` estimates
    the time on the board. ``reference_undefined`` counts the inputs
    for which TFLite has no answer at some layer, and mcugen's definition stood in."""

    manifest: Manifest
    inputs: tuple[Input, ...]
    references: tuple[str, ...]
    reference_disagreements: int
    reference_undefined: int
    timing: Timing
    pairs: tuple[Pair, ...]
    difference: Difference | None
    instructions: tuple[int, ...]
    instructions_total: int | None
    cycles: tuple[int, ...]
    cycles_total: int | None
    clock_hz: int | None
    port_counts: Counts | None
    port_board: str | None
    own: OwnElf | None
    stack_bytes: int | None
    stray_writes: tuple[str, ...] | None
    answers: tuple[tuple[dict[str, object], ...], ...]
    dump: tuple[str, ...]

    @property
    def error(self) -> McugenError | None:
        """What makes the answer no, if anything does."""
        if self.difference is not None:
            return self._difference_error(self.difference)
        return (
            misbehaviour(self.stray_writes, self.stack_bytes, self.manifest.stack_reserved)
            or self._changed_error()
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "status": "ok" if self.error is None else "different",
            "board": self.manifest.board,
            "model": self.manifest.model,
            "inputs": [
                {"name": one.name, "note": one.note, "sha256": sha256(one.data).hexdigest()}
                for one in self.inputs
            ],
            "layers": len(self.manifest.layers),
            "reference": list(self.references),
            "reference_disagreements": self.reference_disagreements,
            "reference_undefined": self.reference_undefined,
            "instructions": self.instructions_total,
            "longest_step": self._longest_step(),
            "cycles": self.cycles_total,
            "clock_hz": self.clock_hz,
            "port_counts": self.port_counts and self.port_counts.name.lower(),
            "port_board": self.port_board,
            "estimates": [one.as_json() for one in self.timing.estimates],
            "estimate_note": self.timing.note,
            "elf": self.own and self.own.as_json(),
            "stack_bytes": self.stack_bytes,
            "stack_reserved": self.manifest.stack_reserved,
            "stray_writes": None if self.stray_writes is None else len(self.stray_writes),
            "pairs": [pair.as_json() for pair in self.pairs],
            "layer_details": self._layer_details(),
            "answers": [
                {"input": one.name, "top": list(top)}
                for one, top in zip(self.inputs, self.answers, strict=True)
            ],
            "first_difference": self.difference and dataclasses.asdict(self.difference),
            "dump": list(self.dump),
        }

    def _longest_step(self) -> dict[str, int] | None:
        """What ``model_step`` can take at most; None where no instructions were counted."""
        if not self.instructions:
            return None
        costs = {
            (step.first, step.last): sum(self.instructions[step.first : step.last + 1])
            for step in self.manifest.steps
        }
        first, last = max(costs, key=lambda step: costs[step])
        return {"first": first, "last": last, "instructions": costs[first, last]}

    def _layer_details(self) -> list[dict[str, Any]]:
        return [
            {
                "name": layer.name,
                "op": layer.op,
                "kernel": layer.kernel,
                "macs": layer.macs,
                "instructions": self.instructions[index] if self.instructions else None,
                "cycles": self.cycles[index] if self.cycles else None,
                "equal": all(pair.equal[index] for pair in self.pairs),
            }
            for index, layer in enumerate(self.manifest.layers)
        ]

    def _difference_error(self, found: Difference) -> DifferenceError:
        same = [
            f"same:  {EXECUTIONS[pair.b]} agrees with the {EXECUTIONS[pair.a]}"
            for pair in self.pairs
            if pair.a == found.a and pair.same
        ]
        return found.error(
            f"input `{self.inputs[found.input].name}`",
            details=(*same, *self._changed),
            hint=f"rerun with `{'' if found.index else '--sim '}--dump-layer {found.layer}`",
        )

    @property
    def _changed(self) -> tuple[str, ...]:
        return () if self.own is None else self.own.changed

    def _changed_error(self) -> DifferenceError | None:
        """Inputs that do not show it prove nothing: the program is not what was built."""
        if not self._changed:
            return None
        return DifferenceError(
            "V004",
            "the program's constants are not those of the build",
            where=self._changed[0],
            details=self._changed[1:],
            hint="build the program again from the library as `mcugen build` wrote it",
        )
