"""Does the model fit the board? Asked before anything is written."""

from __future__ import annotations

from mcugen.boards import Board, all_boards
from mcugen.boards.places import NOWHERE_ELSE, Places
from mcugen.emit_layers import shape_text
from mcugen.errors import FitError
from mcugen.memory.plan import Plan
from mcugen.memory.rows.plan import Arena
from mcugen.memory.rows.sections import WHOLE
from mcugen.program import Program

_WORST_LAYERS = 5


def check(
    program: Program,
    board: Board,
    arena: Arena | None = None,
    room: int | None = None,
    places: Places = NOWHERE_ELSE,
) -> None:
    """Raises FitError F001 or F002, F003 where ``arena`` bytes were asked for and do not do, with a
    table of the layers that need the most. ``room`` is what other models' arenas leave of the
    ``places``; all of it otherwise.

    The linker has the last word on the flash that code takes.
    """
    room = places.arena_limit(board) if room is None else room
    if program.plan.arena_bytes > room:
        raise _ram_error(program, board, room, places)
    if isinstance(arena, int) and program.plan.arena_bytes > arena:
        raise _arena_error(program, arena)
    if program.weights_bytes > places.weights_limit(board):
        raise _weights_error(program, board, places)


def _weights_error(program: Program, board: Board, places: Places) -> FitError:
    weights, available = program.weights_bytes, places.weights_limit(board)
    flash, other = "flash", _larger_boards(program)
    if places.weights is not None:
        flash, other = places.weights.name, "leave `--place weights=...` out"
    return FitError(
        "F002",
        f"the weights alone are {weights - available:,} bytes more than {board.name} has {flash}",
        where=f"{weights:,} bytes of weights, {available:,} bytes of {flash}",
        hint=f"{other}, or a smaller model",
    )


def _larger_boards(program: Program) -> str:
    """The known boards, emulators aside, that have room for arena and weights."""
    names = [
        f"`{board.id}`"
        for board in sorted(all_boards(), key=lambda one: (one.ram.size, one.id))
        if board.chip.product_id is not None
        and program.plan.arena_bytes <= board.arena_limit
        and program.weights_bytes <= board.application_flash.size
    ]
    if not names:
        return (
            "no board that mcugen knows has room for it: choose another in a board file, compare it"
            " on this machine with `mcugen verify MODEL.tflite --sim=host`"
        )
    return f"it fits with `--target` {' or '.join(names)}"


def _ram_error(program: Program, board: Board, room: int, places: Places) -> FitError:
    arena = program.plan.arena_bytes
    name, live = _binding(program)
    ram, size, other = "RAM", board.ram.size, _larger_boards(program)
    if places.arena:
        ram, size = f"room in {' and '.join(one.name for one in places.arena)}", room
        known = ", ".join(f"{one.name} ({one.size // 1024:,} KB)" for one in board.memory)
        other = f"other memories, or several, with `--arena-in`: {known}"
    return FitError(
        "F001",
        f"the model needs {arena - room:,} bytes more {ram} than {board.name} has",
        where=f"{name} binds: {live:,} bytes alive, "
        f"{room:,} of {size:,} bytes are left for the arena",
        hint=f"{other}, or a smaller model or input",
        details=_worst(program, room),
    )


def _arena_error(program: Program, room: int) -> FitError:
    arena = program.plan.arena_bytes
    name, live = _binding(program)
    return FitError(
        "F003",
        f"no plan was found within {room:,} bytes: the least takes {arena:,}",
        where=f"{name} binds: {live:,} bytes alive",
        hint=f"`--arena {arena}`, or a smaller model or input",
        details=_worst(program, room),
    )


def _binding(program: Program) -> tuple[str, int]:
    """The step that needs the most bytes, and how many."""
    place = program.plan.binding_step
    first, last, rows = _steps(program)[place]
    steps, live = program.schedule.steps, program.plan.live[place]
    if first == last:
        named = f"layer {first} `{steps[first].name}`"
    else:
        named = f"layers {first} `{steps[first].name}` to {last} `{steps[last].name}`"
    return f"{named}{_at_a_time(rows)}", live


def _at_a_time(rows: int) -> str:
    return "" if rows == WHOLE else f", {_rows(rows)} at a time,"


def _rows(count: int) -> str:
    return "a row" if count == 1 else f"{count} rows"


def _steps(program: Program) -> tuple[tuple[int, int, int], ...]:
    """First layer, last layer and rows at a time of each step."""
    plan = program.plan
    if isinstance(plan, Plan):
        return tuple((step.index, step.index, WHOLE) for step in program.schedule.steps)
    return tuple((section.first, section.last, section.strip) for section in plan.sections)


def _worst(program: Program, room: int) -> tuple[str, ...]:
    """A table of the steps with the most bytes alive."""
    found, live = _steps(program), program.plan.live
    rows = [("layer", "writes", "alive", "over by")]
    for place in sorted(range(len(found)), key=lambda n: (-live[n], n))[:_WORST_LAYERS]:
        first, last, strip = found[place]
        steps = program.schedule.steps
        over = live[place] - room
        shape = shape_text(program.schedule.tensor(steps[last].output).shape)
        over_text = f"{over:,}" if over > 0 else "fits"
        names = f"{first} {steps[first].name}"
        if first != last:
            names += f" to {last} {steps[last].name}"
        named = names if strip == WHOLE else f"{names}, {_rows(strip)} at a time"
        rows.append((named, shape, f"{live[place]:,}", over_text))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return tuple(
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
