"""The library of a build in somebody's own program, found by its symbols."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from mcugen.errors import UsageError
from mcugen.image import Image, Symbol
from mcugen.linked import Program
from mcugen.manifest import Manifest

_DIGEST = re.compile(r"_(?:run|push)_([0-9a-f]{12})")
_CLONE = re.compile(r"\.(?:constprop|isra|part|cold)\b")
_LTO = "compile the library without link-time optimisation: `-fno-lto` for its files"


@dataclass(frozen=True)
class OwnLibrary:
    """Addresses of the library's functions; ``begin`` is None where the input comes whole, and
    ``set_arena`` where the arena is the library's own.

    ``input`` and ``output`` say where the two are, and are None where optimisation left no function
    of them. ``names`` are the program's, in which every symbol of the library has its own name.
    """

    run: int
    begin: int | None
    input: int | None
    output: int | None
    set_arena: int | None
    names: Image


def find_library(program: Program, built: Image, manifest: Manifest) -> OwnLibrary:
    """``built`` is the firmware of the build that ``manifest`` is of.

    Raises UsageError U010 where the program does not hold the very library of this build, whole.
    """
    if not program.names.symbols:
        raise UsageError(
            "U010",
            "the program has no symbols, so the library cannot be found in it",
            where=str(program.path),
            hint="give the ELF file as it was before `strip`, or link without `-s`",
        )
    name = manifest.name
    entry = _entry(built, name)
    names = _with_plain_names(program.names, name)
    if entry not in names.symbols:
        _refuse(program, name, entry)
    streamed = manifest.input_row_bytes is not None
    set_arena = _address(names, f"{name}_set_arena")
    arrays = [] if set_arena is not None else [array.symbol for array in manifest.arena]
    wanted = [*([f"{name}_begin"] if streamed else []), *arrays]
    missing = [one for one in wanted if one not in names.symbols]
    if missing:
        raise UsageError(
            "U010",
            f"the program has lost `{missing[0]}`, without which the model cannot be run",
            where=str(program.path),
            hint=f"the linker or the compiler left it out: call it from the program; or {_LTO}",
        )
    return OwnLibrary(
        run=names.address_of(entry),
        begin=names.address_of(f"{name}_begin") if streamed else None,
        input=_address(names, f"{name}_input"),
        output=_address(names, f"{name}_output"),
        set_arena=set_arena,
        names=names,
    )


def _address(names: Image, name: str) -> int | None:
    symbol = names.symbols.get(name)
    return symbol.address if symbol is not None and symbol.is_function else None


def changed_constants(program: Program, built: Image, manifest: Manifest) -> tuple[str, ...]:
    """What the layers' constants in the program differ in from those that were built."""
    layers = tuple(f"{manifest.name}_{layer.name}_" for layer in manifest.layers)
    found = []
    for symbol in built.symbols.values():
        mine = program.names.symbols.get(symbol.name)
        if mine is not None and not symbol.is_function and symbol.name.startswith(layers):
            if (expected := _built_bytes(built, symbol)) is None:
                continue
            found += _changed(symbol, expected, program.read(mine.address, symbol.size))
    return tuple(found)


def _built_bytes(built: Image, symbol: Symbol) -> bytes | None:
    """None for what start-up clears."""
    return next(
        (
            segment.data[symbol.address - segment.address :][: symbol.size]
            for segment in (*built.segments, *built.external)
            if 0 <= symbol.address - segment.address < len(segment.data)
        ),
        None,
    )


def _changed(symbol: Symbol, expected: bytes, actual: bytes | None) -> list[str]:
    if actual is None:
        return [f"`{symbol.name}` has no contents in the program"]
    places = [at for at, pair in enumerate(zip(expected, actual, strict=True)) if len({*pair}) > 1]
    if not places:
        return []
    first, several = places[0], f"{len(places):,} of {symbol.size:,} bytes"
    values = f"0x{actual[first]:02x}, built as 0x{expected[first]:02x}"
    return [f"`{symbol.name}` is not what was built: byte {first:,} is {values}; {several} differ"]


def _entry(built: Image, name: str) -> str:
    """The symbol that ties header and library of the build to each other."""
    return next(
        symbol
        for symbol in built.symbols
        if _DIGEST.fullmatch(symbol.removeprefix(name)) is not None
    )


def _with_plain_names(names: Image, library: str) -> Image:
    """Link-time optimisation gives what was static a name with a number behind it."""
    plain: dict[str, Symbol] = {}
    for name, symbol in names.symbols.items():
        base = name.partition(".lto_priv.")[0]
        if base != name and base.startswith(f"{library}_"):
            plain.setdefault(base, symbol)
    symbols: Mapping[str, Symbol] = {**plain, **names.symbols}
    return replace(names, symbols=symbols)


def _refuse(program: Program, name: str, entry: str) -> NoReturn:
    """Says why the function that runs the model is not there."""
    symbols = program.names.symbols
    where = str(program.path)
    if any(symbol.startswith(entry) and _CLONE.search(symbol) for symbol in symbols):
        raise UsageError(
            "U010",
            f"optimisation made another function of `{entry}`",
            where=where,
            hint=_LTO,
        )
    others = [
        found[1] for symbol in symbols if (found := _DIGEST.fullmatch(symbol.removeprefix(name)))
    ]
    if others:
        raise UsageError(
            "U010",
            f"the program has the library `{name}` of another build",
            where=f"{where}: {others[0]}, the build is {entry.rpartition('_')[2]}",
            hint=f"compile it with this build's `{name}/`, or name the folder of the other build",
        )
    if any(symbol.startswith(f"{name}_") for symbol in symbols):
        raise UsageError(
            "U010",
            f"the program has no function `{entry}`, though other parts of the library are there",
            where=where,
            hint=f"nothing calls it, so the linker removed it: call it, or link with"
            f" `-Wl,--undefined={entry}`; or {_LTO}",
        )
    raise UsageError(
        "U010",
        f"there is no library `{name}` in the program",
        where=where,
        hint=f"link it with the library, and call `{name}_run` somewhere: what nothing calls the"
        " linker leaves out",
    )
