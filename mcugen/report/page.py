"""What the HTML report shows, every number already as it is printed.

Made from the manifest, the last verification and the model's scales; the template only lays it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from shlex import quote

from mcugen.compare import Comparison
from mcugen.manifest import FIRMWARE, LIBRARY_ELF
from mcugen.report.arena import arena_of
from mcugen.report.arena_svg import NARROW, Figure, figure
from mcugen.report.estimates import estimated
from mcugen.report.flash_map import flash_map
from mcugen.report.page_checks import Checks, checks_of
from mcugen.report.page_comparison import ComparisonView, comparison_view
from mcugen.report.page_evaluation import EvaluationView, evaluation_view
from mcugen.report.page_graph import GRAPH_FRAMES, Graph, graph_of
from mcugen.report.page_kernels import KernelRow, kernel_rows
from mcugen.report.page_layers import LayerRow, ScalesRow, count_names, layer_rows, scales_row
from mcugen.report.page_memory import (
    BufferRow,
    SectorRow,
    arena_text,
    buffer_rows,
    rows_text,
    sector_row,
    totals,
)
from mcugen.report.page_shares import Shares, shares_of
from mcugen.report.quantisation import LayerScales
from mcugen.report.summary import clock, ran_image, summarise
from mcugen.report.verification import Verification
from mcugen.report.words import Answer, address, kib, percentage, plural, ratio

_KERNEL_CHOICES = {
    "cmsis-nn": "CMSIS-NN runs what it can.",
    "fast": "Each layer got the kernel that takes the fewest instructions.",
}
"""What ``build --kernels`` asked for."""


@dataclass(frozen=True)
class Verdict:
    """A statement; ``state`` is "yes", "no" or "open"."""

    state: str
    claim: str
    text: str


@dataclass(frozen=True)
class Tile:
    """A figure with what explains it; ``share``, from 0 to 100, is drawn as a bar."""

    name: str
    value: str
    unit: str
    lines: tuple[str, ...]
    share: float | None = None


@dataclass(frozen=True)
class Page:
    model: str
    board: str
    tried: str
    verdicts: tuple[Verdict, ...]
    tiles: tuple[Tile, ...]
    figures: tuple[tuple[str, Figure], ...]
    arena_text: str
    rows_text: str
    buffers: tuple[BufferRow, ...]
    sectors: tuple[SectorRow, ...]
    pieces: tuple[tuple[str, str, str], ...]
    count_names: tuple[str, ...]
    layers: tuple[LayerRow, ...]
    kernels: tuple[KernelRow, ...]
    kernel_choice: str
    left_out: int
    scales: tuple[ScalesRow, ...]
    shares: Shares
    graphs: tuple[Graph, ...]
    evaluation: EvaluationView | None
    comparison: ComparisonView | None
    checks: Checks | None
    note: str
    versions: tuple[tuple[str, str], ...]
    hashes: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


def page_of(
    build: Answer,
    verification: Verification,
    scales: Sequence[LayerScales],
    evaluations: Sequence[Answer] = (),
    comparison: Comparison | None = None,
) -> Page:
    """``build`` is the manifest as an object, ``scales`` has a row for each of its layers,
    ``evaluations`` are answers of ``eval``, the last one at the end, and ``comparison`` is with an
    older build."""
    found, arena, sectors = verification.answer, arena_of(build), flash_map(build)
    return Page(
        model=build["model"],
        board=_board(build),
        tried=build["tried"],
        verdicts=tuple(_verdicts(build, verification)),
        tiles=tuple(_tiles(build, found)),
        figures=(("wide", figure(arena)), ("narrow", figure(arena, NARROW))),
        arena_text=arena_text(build, arena),
        rows_text=rows_text(arena),
        buffers=tuple(buffer_rows(arena)),
        sectors=tuple(sector_row(one, max(build["sectors"])) for one in sectors),
        pieces=tuple(totals(sectors)),
        count_names=() if found is None else count_names(found),
        layers=tuple(layer_rows(build, found)),
        kernels=tuple(kernel_rows(build)),
        kernel_choice=_KERNEL_CHOICES[build["kernels"]],
        left_out=sum(len(layer["left_out"]) for layer in build["layers"]),
        scales=tuple(
            scales_row(index, layer["name"], one)
            for index, (layer, one) in enumerate(zip(build["layers"], scales, strict=True))
        ),
        shares=shares_of(build, found),
        graphs=tuple(graph_of(build, frame) for frame in GRAPH_FRAMES),
        evaluation=evaluation_view(evaluations),
        comparison=None if comparison is None else comparison_view(comparison),
        checks=None if found is None else checks_of(found),
        note=verification.note,
        versions=_versions(build),
        hashes=(
            ("model.tflite", build["model_sha256"]),
            (_image(build), build["files"][_image(build)]),
        ),
        commands=(
            f"mcugen build {quote(build['model'] + '.tflite')} --target {_target(build)}",
            "mcugen verify --sim",
            f"sha256sum build/{_image(build)}",
        ),
        files=tuple(sorted(build["files"].items())),
    )


def _image(build: Answer) -> str:
    return FIRMWARE if FIRMWARE in build["files"] else LIBRARY_ELF


def _board(build: Answer) -> str:
    if FIRMWARE not in build["files"]:
        return f"{build['board_name']} without a board"
    return f"{build['board_name']} ({build['chip']}, {build['clock_hz'] / 1e6:g} MHz)"


def _target(build: Answer) -> str:
    """As it is typed; a core is told its memory."""
    memory = (
        ""
        if FIRMWARE in build["files"]
        else (f" --ram {build['ram_available']} --flash {build['flash_available']}")
    )
    return f"{build['board']}{memory}"


def _verdicts(build: Answer, verification: Verification) -> Iterator[Verdict]:
    summary = summarise(build, verification)
    yield Verdict(
        "yes",
        "It fits.",
        f"{build['ram_bytes']:,} of {build['ram_available']:,} bytes of RAM, "
        f"{build['flash_bytes']:,} of {build['flash_available']:,} bytes of flash.",
    )
    verdict = str(summary["verdict"])
    text = f"{verdict[:1].upper()}{verdict[1:]}"
    match verification.answer:
        case None:
            yield Verdict("open", "Not verified.", f"{text} `mcugen verify --sim` does it.")
        case {"status": "ok"} as found if ran_image(found):
            yield Verdict("yes", "Bit-exact.", f"{text}.")
        case {"status": "ok"}:
            yield Verdict("open", "The C is exact.", f"{text}. The image itself was not run.")
        case _ if summary["exact"]:
            yield Verdict("no", "Equal, but not safe.", f"{text}.")
        case _:
            yield Verdict("no", "Not exact.", f"{text}.")


def _tiles(build: Answer, found: Answer | None) -> Iterator[Tile]:
    yield _memory_tile("RAM", build, "ram", (("arena", "arena_bytes"), ("stack", "stack_reserved")))
    weights = () if build["external"] else (("weights", "weights_bytes"),)
    yield _memory_tile("Flash", build, "flash", (*weights, ("code", "code_bytes")))
    if build["external"]:
        yield _external_tile(build["external"])
    clock_hz = clock(build, found)
    if found is not None and found["cycles"] is not None:
        yield Tile(
            "Time an inference",
            f"{1000 * found['cycles'] / clock_hz:,.1f}",
            "ms",
            (
                f"{found['cycles']:,} cycles at {clock_hz / 1e6:g} MHz, at most",
                "as the board at the port counts",
            ),
        )
    if found is not None and found["instructions"] is not None:
        yield Tile(
            "Instructions an inference",
            *_millions(found["instructions"]),
            (
                f"{ratio(found['instructions'], build['macs'])} a MAC; counted in simulation",
                estimated(found["estimates"])
                if found["estimates"]
                else "time is not modelled: a board at a port counts cycles",
            ),
        )
    if found is not None and found["instructions"] is not None:
        yield _longest_step(build, found)
    yield Tile(
        "Multiply-accumulates",
        *_millions(build["macs"]),
        (
            plural(len(build["layers"]), "layer"),
            f"{_edge(build['input'])} to {_edge(build['output'])}",
        ),
    )


def _longest_step(build: Answer, found: Answer) -> Tile:
    """The most that runs without the program's having a say, with ``model_step``."""
    layers = found["layer_details"]

    def cost(step: Answer) -> int:
        part = layers[step["first"] : step["last"] + 1]
        return sum(layer["instructions"] for layer in part)

    longest = max(build["steps"], key=cost)
    first, last = longest["first"], longest["last"]
    of = f"layer {first}" if first == last else f"layers {first} to {last}"
    names = layers[first]["name"]
    if first != last:
        names = f"{names} to {layers[last]['name']}"
    lines = (f"instructions, {of}", names)
    return Tile("Longest step", *_millions(cost(longest)), lines)


def _external_tile(part: Answer) -> Tile:
    """Weights outside the chip."""
    value, unit = kib(part["bytes"]).split()
    used, available = part["bytes"], part["available"]
    lines = (f"{used / available:.0%} of {kib(available)}", "weights, outside the chip")
    return Tile(part["memory"], value, unit, lines, percentage(used, available))


def _memory_tile(name: str, build: Answer, kind: str, parts: tuple[tuple[str, str], ...]) -> Tile:
    used, available = build[f"{kind}_bytes"], build[f"{kind}_available"]
    value, unit = kib(used).split()
    return Tile(
        name,
        value,
        unit,
        (
            f"{used / available:.0%} of {kib(available)}",
            ", ".join(f"{part} {kib(build[key])}" for part, key in parts),
        ),
        percentage(used, available),
    )


def _millions(count: int) -> tuple[str, str]:
    """A number and its unit."""
    return (f"{count / 1e6:,.2f}", "million") if count >= 1e6 else (f"{count:,}", "")


def _edge(edge: Answer) -> str:
    return f"{edge['dtype']} {'x'.join(str(size) for size in edge['shape'])}"


def _versions(build: Answer) -> tuple[tuple[str, str], ...]:
    return (
        ("mcugen", build["mcugen"]),
        ("Compiler", build["toolchain"]),
        *(
            (backend["name"], f"{backend['version']}, from {backend['origin']}")
            for backend in build["backends"]
            if backend["origin"] != backend["name"]
        ),
        ("Target", f"{build['target']}, board {build['board']}"),
        ("Application starts at", address(build["application_start"])),
        *(
            (
                f"Arena in {array['memory']}",
                f"{array['bytes']:,} of {array['available']:,} bytes, "
                f"from {address(array['address'])} on",
            )
            for array in build["arena"]
            if array["memory"] != "RAM"
        ),
    )
