"""The answer of ``build`` as text, from what ``--json`` prints."""

from __future__ import annotations

from mcugen.manifest import FIRMWARE
from mcugen.report.arena import arena_of
from mcugen.report.arena_text import Glyphs, bar, draw_arena
from mcugen.report.layout import Block, Column, Table
from mcugen.report.words import Answer, millions


def render_build(
    result: Answer, glyphs: Glyphs, screen: int, *, details: bool
) -> tuple[Block, ...]:
    """Memory against what the board has, where the files are, and in the last line what matters.

    ``details`` are the layers and the arena, whose picture may be ``screen`` characters wide.
    """
    return (
        f"{_models(result)} for {result['target']} ({result['board']})",
        "",
        *(_details(result, glyphs, screen) if details else ()),
        _sizes(result, glyphs),
        "",
        _tried(result),
        *_program(result),
        f"wrote {result['output']}; {result['report']} shows it, `-v` layers and arena",
        "",
        _summary(result),
        *(line for model in (result, *result.get("others", ())) for line in _faster(model)),
    )


def _is_core(result: Answer) -> bool:
    """Whether there is a library and no firmware."""
    return FIRMWARE not in result["files"]


def _tried(result: Answer) -> str:
    if not _is_core(result):
        return f"firmware for {result['board']} was tried so far: {result['tried']}"
    names = " and ".join(f"{name}/" for name in result["models"])
    return (
        f"a library and no firmware: take {names} from {result['output']}, or `mcugen export`;"
        f" tried on: {result['tried']}"
    )


def _models(result: Answer) -> str:
    return " and ".join(model["model"] for model in (result, *result.get("others", ())))


def _program(result: Answer) -> tuple[Block, ...]:
    """What a debug probe has to do besides."""
    part = result["external"]
    if part is None:
        return ()
    return (
        f"the weights go into {part['memory']} first, in {result['output']}: {part['program']}",
    )


def _faster(result: Answer) -> tuple[Block, ...]:
    """What fast kernels would take, where that is less."""
    cost, fast = result["cost"], result["fast_cost"]
    if fast >= cost:
        return ()
    of = f" for {result['name']}" if len(result["models"]) > 1 else ""
    return (f"`--kernels fast`: about {millions(fast)} instructions{of}, not {millions(cost)}",)


def _summary(result: Answer) -> str:
    ram, flash = (
        result[f"{kind}_bytes"] / result[f"{kind}_available"] for kind in ("ram", "flash")
    )
    macs = sum(model["macs"] for model in (result, *result.get("others", ())))
    return f"fits {result['board']}: {ram:.0%} of RAM, {flash:.0%} of flash, {macs:,} MACs"


def _details(result: Answer, glyphs: Glyphs, screen: int) -> tuple[Block, ...]:
    return (
        _build_layers(result),
        f"* binds: {_binding(result)}",
        "",
        f"arena, addresses up, steps across; {glyphs.input} input, {glyphs.scratch} scratch, "
        "numbers: the layer that writes",
        "",
        *draw_arena(arena_of(result), glyphs, screen),
        "",
    )


def _binding(result: Answer) -> str:
    """What a layer with most bytes alive means; by rows it binds only where it runs as it does."""
    if any(step["rows"] for step in result["steps"]):
        return "most bytes are alive at this layer"
    return "no plan needs less than what is alive at this layer"


def _build_layers(result: Answer) -> Table:
    bound = max(layer["live_bytes"] for layer in result["layers"])
    columns = (
        Column("#", number=True),
        Column("layer"),
        Column("operator", spare=True),
        Column("kernel"),
        Column("input", spare=True),
        Column("output"),
        Column("MACs", number=True),
        Column("scratch", number=True, spare=True),
        Column("alive ", number=True),
    )
    return Table(
        columns,
        tuple(
            (
                str(index),
                layer["name"],
                layer["op"],
                layer["kernel"],
                layer["input"],
                layer["output"],
                f"{layer['macs']:,}",
                f"{layer['scratch_bytes']:,}",
                f"{layer['live_bytes']:,}{'*' if layer['live_bytes'] == bound else ' '}",
            )
            for index, layer in enumerate(result["layers"])
        ),
    )


def _sizes(result: Answer, glyphs: Glyphs) -> Table:
    models = (result, *result.get("others", ()))
    of = [f" of {model['name']}" if len(models) > 1 else "" for model in models]
    weights = tuple(
        (f"  weights{whose}", f"{model['weights_bytes']:,}", "")
        for whose, model in zip(of, models, strict=True)
    )
    outside = result["external"]
    return Table(
        (Column("memory"), Column("bytes", number=True), Column("")),
        (
            *(
                (f"arena{whose}", f"{model['arena_bytes']:,}", _verdict(model))
                for whose, model in zip(of, models, strict=True)
            ),
            ("RAM", f"{result['ram_bytes']:,}", _share(result, "ram", glyphs)),
            ("flash", f"{result['flash_bytes']:,}", _share(result, "flash", glyphs)),
            *(weights if outside is None else ()),
            ("  code", f"{result['code_bytes']:,}", ""),
            *(() if outside is None else (_external(outside, glyphs), *weights)),
            *(() if _is_core(result) else (("loader", *_loader(result["loader_bytes"])),)),
        ),
    )


def _verdict(model: Answer) -> str:
    arena, bound = model["arena_bytes"], model["arena_lower_bound"]
    verdict = "the lower bound" if arena == bound else f"lower bound {bound:,}"
    owner = model["arena"][0]["symbol"].rpartition("_arena")[0]
    whose = "" if owner == model["name"] else f", in that of {owner}"
    return f"{verdict}{whose}{_memories(model)}"


def _memories(model: Answer) -> str:
    """Where the arena was to lie; nothing where it lies with the other variables."""
    if [array["memory"] for array in model["arena"]] == ["RAM"]:
        return ""
    told = (
        f"{array['bytes']:,} of {array['available']:,} in {array['memory']}"
        for array in model["arena"]
    )
    return f"; {' and '.join(told)}"


def _external(part: Answer, glyphs: Glyphs) -> tuple[str, str, str]:
    """Weights outside the chip."""
    used = part["bytes"] / part["available"]
    share = f"{bar(used, glyphs)} {used:.0%} of {part['available']:,}"
    return (part["memory"], f"{part['bytes']:,}", share)


def _loader(size: int | None) -> tuple[str, str]:
    if size is None:
        return "none", "mcugen has no resident loader for this family"
    return f"{size:,}", "before the application, in firmware-full.bin"


def _share(result: Answer, kind: str, glyphs: Glyphs) -> str:
    used, available = result[f"{kind}_bytes"], result[f"{kind}_available"]
    return f"{bar(used / available, glyphs)} {used / available:.0%} of {available:,}"
