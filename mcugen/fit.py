"""Does the model fit the board? Asked before anything is written."""

from __future__ import annotations

from mcugen.boards import Board, all_boards
from mcugen.emit import shape_text
from mcugen.errors import FitError
from mcugen.program import Program

_WORST_LAYERS = 5


def check(program: Program, board: Board) -> None:
    """Raises FitError F001 or F002, with a table of the layers that need the most.

    The linker has the last word on the flash that code takes.
    """
    if program.plan.arena_bytes > board.arena_limit:
        raise _ram_error(program, board)
    weights = _weights(program)
    available = board.application_flash.size
    if weights > available:
        raise FitError(
            "F002",
            f"the weights alone are {weights - available:,} bytes more than {board.name} has flash",
            where=f"{weights:,} bytes of weights, {available:,} bytes of flash",
            hint=f"{_larger_boards(program)}, or a smaller model",
        )


def _weights(program: Program) -> int:
    return sum(
        len(constant.data) for step in program.schedule.steps for constant in step.call.constants
    )


def _larger_boards(program: Program) -> str:
    """The known boards, emulators aside, that have room for arena and weights."""
    names = [
        f"`{board.id}`"
        for board in sorted(all_boards(), key=lambda one: (one.ram.size, one.id))
        if board.chip.product_id is not None
        and program.plan.arena_bytes <= board.arena_limit
        and _weights(program) <= board.application_flash.size
    ]
    if not names:
        return "no board that mcugen knows has room for it: choose another in a board file"
    return f"it fits with `--target` {' or '.join(names)}"


def _ram_error(program: Program, board: Board) -> FitError:
    steps, live = program.schedule.steps, program.plan.live
    binding = steps[program.plan.binding_step]
    worst = sorted(steps, key=lambda step: (-live[step.index], step.index))[:_WORST_LAYERS]
    rows = [("layer", "writes", "alive", "over by")]
    room, arena = board.arena_limit, program.plan.arena_bytes
    for step in worst:
        over = live[step.index] - room
        shape = shape_text(program.schedule.tensor(step.output).shape)
        over_text = f"{over:,}" if over > 0 else "fits"
        rows.append((f"{step.index} {step.name}", shape, f"{live[step.index]:,}", over_text))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    table = tuple(
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return FitError(
        "F001",
        f"the model needs {arena - room:,} bytes more RAM than {board.name} has",
        where=f"layer {binding.index} `{binding.name}` binds: {live[binding.index]:,} bytes alive, "
        f"{room:,} of {board.ram.size:,} bytes are left for the arena",
        hint=f"{_larger_boards(program)}, or a smaller model or input",
        details=table,
    )
