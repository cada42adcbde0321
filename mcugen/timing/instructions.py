"""Thumb instructions as a disassembler writes them, and what they do to registers and memory."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

_CONDITION = "(?:eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?"
_LOAD = re.compile(rf"(?:v?ldr(?:b|h|sb|sh|ex|exb|exh|t)?){_CONDITION}")
_STORE = re.compile(rf"(?:v?str(?:b|h|ex|exb|exh|t)?){_CONDITION}")
_LOAD_MANY = re.compile(rf"(?:ldrd|v?ldm(?:ia|db|fd|ea)?|v?pop){_CONDITION}")
_STORE_MANY = re.compile(rf"(?:strd|v?stm(?:ia|db|fd|ea)?|v?push){_CONDITION}")
_DIVIDE = re.compile(rf"[su]div{_CONDITION}")
_FLOAT_DIVIDE = re.compile(rf"v(?:div|sqrt){_CONDITION}")
_FLOAT_MULTIPLY_ADD = re.compile(rf"v(?:mla|mls|nmla|nmls|fma|fms|fnma|fnms){_CONDITION}")
_MULTIPLY = re.compile(r"(?:mul|mla|mls|sml|smm|smu|umu|uml|uma)\w*")
_BRANCH = re.compile(rf"(?:b|bl|bx|blx){_CONDITION}|cbn?z|tb[bh]")
_NO_RESULT = re.compile(rf"(?:cmp|cmn|tst|teq|it[te]*|nop|dsb|dmb|isb|vcmpe?|pld){_CONDITION}")
_LONG_RESULT = re.compile(r"(?:smull|umull|smlal\w*|umlal|umaal|smlsld\w*|ldrd)\w*")

_RANGE = re.compile(r"\b([rsd])(\d+)-\1?(\d+)")
_REGISTER = re.compile(r"\b(?:[rsd]\d+|sp|lr|pc|ip|fp|sl)\b")
_LINE = re.compile(r"\s*([0-9a-f]+):\t([a-z]\w*(?:\.\w+)*)(?:\t([^@;\n]*))?")
_WIDE_FLOAT = 2
"""Words in a register d0 to d31."""


@dataclass(frozen=True)
class Instruction:
    """``name`` is the mnemonic without its suffixes; ``operands`` is text."""

    name: str
    operands: str = ""

    @cached_property
    def loads(self) -> bool:
        """One register from memory."""
        return _LOAD.fullmatch(self.name) is not None

    @cached_property
    def stores(self) -> bool:
        """One register to memory."""
        return _STORE.fullmatch(self.name) is not None

    @cached_property
    def words_loaded(self) -> int:
        """By an instruction that loads several registers; 0 for any other."""
        return self._words() if _LOAD_MANY.fullmatch(self.name) else 0

    @cached_property
    def words_stored(self) -> int:
        """By an instruction that stores several registers; 0 for any other."""
        return self._words() if _STORE_MANY.fullmatch(self.name) else 0

    @cached_property
    def divides(self) -> bool:
        return _DIVIDE.fullmatch(self.name) is not None

    @cached_property
    def divides_floats(self) -> bool:
        """Or takes a square root."""
        return _FLOAT_DIVIDE.fullmatch(self.name) is not None

    @cached_property
    def adds_float_products(self) -> bool:
        return _FLOAT_MULTIPLY_ADD.fullmatch(self.name) is not None

    @cached_property
    def multiplies(self) -> bool:
        """Whole numbers."""
        return _MULTIPLY.fullmatch(self.name) is not None

    @cached_property
    def branches(self) -> bool:
        return _BRANCH.fullmatch(self.name) is not None

    @cached_property
    def has_index_register(self) -> bool:
        """Its address is the sum of two registers."""
        return len(_REGISTER.findall(self._address)) > 1

    @cached_property
    def address_registers(self) -> frozenset[str]:
        return frozenset(_REGISTER.findall(self._address))

    @cached_property
    def written(self) -> frozenset[str]:
        """The registers that it changes, but for those that only an address moves along."""
        registers = _registers(self.operands)
        if self.stores or self.words_stored or self.branches or _NO_RESULT.fullmatch(self.name):
            return frozenset()
        if self.words_loaded and not _LONG_RESULT.fullmatch(self.name):
            return frozenset(_registers(self.operands.partition("{")[2]))
        return frozenset(registers[: 2 if _LONG_RESULT.fullmatch(self.name) else 1])

    @cached_property
    def read(self) -> frozenset[str]:
        """The registers that it needs: of those that it also writes, all that might be needed."""
        registers = _registers(self.operands)
        keeps = self.name.startswith(("mla", "mls", "sml", "uml", "uma", "movt", "bfi", "vmla"))
        first = 0 if keeps or not self.written else len(registers) and 1
        if _LONG_RESULT.fullmatch(self.name) and not keeps:
            first = 2
        short = len(registers) == 1 or ("[" not in self.operands and self._operand_count == 2)
        moves = self.name.startswith(("mov", "mvn", "uxt", "sxt", "rev", "clz", "rbit", "v", "neg"))
        if short and not moves and not self.loads:
            first = 0  # adds r3, #1: reads what it writes
        return frozenset(registers[first:])

    @property
    def _address(self) -> str:
        return self.operands.partition("[")[2].partition("]")[0]

    @property
    def _operand_count(self) -> int:
        return self.operands.count(",") + 1

    def _words(self) -> int:
        """4-byte words that several registers take."""
        if self.name.startswith(("ldrd", "strd")):
            return 2
        listed = _registers(self.operands.partition("{")[2])
        return sum(_WIDE_FLOAT if name[0] == "d" else 1 for name in listed)


def instruction(text: str) -> Instruction:
    """From assembler: ``ldr.w r0, [r1, #4]``."""
    name, _, operands = text.strip().partition(" ")
    return Instruction(name.partition(".")[0], operands.strip())


@dataclass(frozen=True)
class Code:
    """A program's instructions by address."""

    instructions: Mapping[int, Instruction] = field(repr=False)

    @cached_property
    def _addresses(self) -> Mapping[int, int]:
        """Where the next instruction is, by the one before it."""
        ordered = sorted(self.instructions)
        return MappingProxyType(dict(itertools.pairwise(ordered)))

    def block(self, address: int, size: int) -> tuple[Instruction, ...]:
        """What stands in ``size`` bytes from ``address`` on; nothing where that is no code."""
        found = []
        at: int | None = address
        while at is not None and at < address + size and at in self.instructions:
            found.append(self.instructions[at])
            at = self._addresses.get(at)
        return tuple(found)


def read_disassembly(lines: Iterable[str]) -> Code:
    """What ``objdump -d --no-show-raw-insn`` prints; data between functions is left out."""
    found = {}
    for line in lines:
        match = _LINE.match(line)
        if match is not None:
            name, operands = match[2].partition(".")[0], (match[3] or "").strip()
            found[int(match[1], 16)] = Instruction(name, operands)
    return Code(MappingProxyType(found))


def _registers(operands: str) -> tuple[str, ...]:
    """All of a text, those of a range ``{r4-r7}`` too, in their order."""
    spelt = _RANGE.sub(
        lambda found: ", ".join(
            f"{found[1]}{number}" for number in range(int(found[2]), int(found[3]) + 1)
        ),
        operands,
    )
    return tuple(_REGISTER.findall(spelt))
