"""Bounds checks that FlatBuffers' Python runtime leaves out.

The runtime follows whatever offsets a file holds: before the file's start, beyond its end, or into
a vector of 2^32 elements. Everything the reader takes from a file comes through here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mcugen.errors import ModelError

Generated = Any
"""An object of one of the ``tflite`` package's generated classes."""

T = TypeVar("T")

IDENTIFIER = b"TFL3"

# Each byte of a sound file is read about once, so a file that claims more is nested into itself.
_BYTES_READ_PER_BYTE = 4

# Ten times what the largest networks have; each is an object in memory.
_MOST_TABLES = 200_000

# All that struct, numpy and FlatBuffers' own range checks raise on nonsense.
_NONSENSE = (struct.error, ValueError, TypeError, OverflowError, IndexError, AssertionError)

# An empty vtable (size 4, table of 4 bytes) and the table itself: every field has its default.
_EMPTY_TABLE = struct.pack("<HHi", 4, 4, 4)


class FlatFile:
    """The bytes of a file. All methods raise ModelError M002 where an offset or a length is bad.

    It counts what was read: overlapping vectors can make a small file claim to be a huge one.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name
        self._left = _BYTES_READ_PER_BYTE * len(data)
        self._tables_left = _MOST_TABLES

    def corrupt(self, what: str, position: int | None = None) -> ModelError:
        """The error for the table at ``position``."""
        where = self.name if position is None else f"{self.name}, byte {position} (0x{position:x})"
        return ModelError(
            "M002",
            what,
            where=where,
            hint="fetch or convert the model again: the file is damaged or incomplete",
        )

    def root(self, kind: Generated) -> Generated:
        """The file's root table. Raises ModelError M001 where it is no TFLite file."""
        found = self.data[4:8]
        if found != IDENTIFIER:
            reason = f"bytes 4 to 7 are {found!r} instead of {IDENTIFIER!r}"
            if len(found) < len(IDENTIFIER):
                reason = f"it has {len(self.data)} bytes only"
            raise ModelError(
                "M001",
                f"not a TFLite model: {reason}",
                where=self.name,
                hint="mcugen reads `.tflite` files, made by TensorFlow's TFLiteConverter",
            )
        return self._table(kind.GetRootAs(self.data, 0), "model")

    def _table(self, table: Generated, what: str) -> Generated:
        """``table`` itself, its vtable and all its fields known to lie inside the file."""
        position = table._tab.Pos
        if not 0 <= position <= len(self.data) - 4:
            raise self.corrupt(f"{what} lies outside the file", position)
        vtable = position - int(struct.unpack_from("<i", self.data, position)[0])
        if not 0 <= vtable <= len(self.data) - 4:
            raise self.corrupt(f"{what} has a vtable outside the file", position)
        vtable_size, size = struct.unpack_from("<HH", self.data, vtable)
        if vtable_size < 4 or vtable_size % 2 or vtable + vtable_size > len(self.data):
            raise self.corrupt(f"{what} has a damaged vtable", position)
        if size < 4 or position + size > len(self.data):
            raise self.corrupt(f"{what} reaches beyond the end of the file", position)
        fields = struct.unpack_from(f"<{(vtable_size - 4) // 2}H", self.data, vtable + 4)
        if any(offset >= size for offset in fields):
            raise self.corrupt(f"{what} has a field outside itself", position)
        self._count(vtable_size + size, what, position)
        return table

    def _count(self, size: int, what: str, position: int) -> None:
        self._left -= size
        if self._left < 0:
            raise self.corrupt(f"{what} overlaps other parts of the file", position)

    def _guarded(self, read: Callable[[], T], what: str, table: Generated) -> T:
        try:
            return read()
        except _NONSENSE as error:
            position = table._tab.Pos
            raise self.corrupt(f"{what} points outside the file", position) from error

    def field(self, table: Generated, name: str) -> Any:
        """A scalar field of a checked table."""
        return self._guarded(getattr(table, name), name, table)

    def child(self, table: Generated, name: str) -> Generated | None:
        """A field that is a table, checked, or None where it is left out."""
        found = self._guarded(getattr(table, name), name, table)
        return None if found is None else self._table(found, name)

    def options(self, operator: Generated | None, kind: Generated) -> Generated:
        """Builtin options as the generated class ``kind``; the defaults where there are none."""
        found, union = kind(), None
        if operator is not None:
            union = self._guarded(operator.BuiltinOptions, "BuiltinOptions", operator)
        if union is None:
            found.Init(_EMPTY_TABLE, 4)
            return found
        self._guarded(partial(found.Init, union.Bytes, union.Pos), kind.__name__, operator)
        return self._table(found, kind.__name__)

    def children(self, table: Generated, name: str) -> list[Generated]:
        """A vector of tables, each checked."""
        length = self._guarded(getattr(table, f"{name}Length"), name, table)
        self._count(4 * length, name, table._tab.Pos)
        self._tables_left -= length
        if self._tables_left < 0:
            raise self.corrupt(f"{name} makes it more than {_MOST_TABLES:,} tables")
        element = getattr(table, name)
        return [
            self._table(self._guarded(partial(element, index), name, table), f"{name}[{index}]")
            for index in range(length)
        ]

    def numbers(self, table: Generated, name: str) -> NDArray[Any]:
        """A vector of numbers, empty where it is left out."""
        found = self._guarded(getattr(table, f"{name}AsNumpy"), name, table)
        if isinstance(found, int):
            return np.empty(0, np.int32)
        array: NDArray[Any] = found
        self._count(array.nbytes, name, table._tab.Pos)
        return array

    def text(self, table: Generated, name: str) -> str:
        """A string of one line, empty where it is left out; what cannot be printed is replaced."""
        raw = self._guarded(getattr(table, name), name, table) or b""
        self._count(len(raw), name, table._tab.Pos)
        decoded = bytes(raw).decode("utf-8", "replace")
        return "".join(letter if letter.isprintable() else "?" for letter in decoded)


def option_fields(kind: Generated) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(scalar fields, vector fields) of a generated options class, by the schema's names."""
    methods = {
        name: method
        for name, method in vars(kind).items()
        if isinstance(method, FunctionType) and name != "Init"
    }
    vectors = tuple(name[: -len("AsNumpy")] for name in methods if name.endswith("AsNumpy"))
    accessors = {f"{name}{suffix}" for name in vectors for suffix in ("", "Length", "IsNone")}
    scalars = tuple(
        name
        for name, method in methods.items()
        if method.__code__.co_argcount == 1
        and not name.endswith("AsNumpy")
        and name not in accessors
    )
    return scalars, vectors
