"""A document as what its reader does: writes files, edits files, runs commands.

The conventions read naturally, so that no document needs to explain them:

- ``Create `path`:`` before a fenced block: the block is the file.
- ``In `path`:`` before a ```` ```diff ```` block: the edit. Lines that begin with a space or ``-``
  must stand in the file exactly once, ``@@`` goes on to another place.
- In an indented block, or a fenced one for a shell, lines that begin with ``$`` are commands, and
  the others what they print; ``...`` stands for what is left out. In a block without ``$`` all
  lines are commands whose output is not shown, in one that may be anything only those that begin
  with the name of a program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SHELLS = ("console", "sh", "bash")
_PROGRAMS = re.compile(
    r"(apt|apt-get|arm-none-eabi-gcc|cat|cd|cmake|cp|docker|export|git|head|make|mcugen|mkdir|openocd"
    r"|pipx?|pyocd|pytest|python3?|qemu-system-arm|sh|st-flash|stm32flash|sudo) "
)
_COMMENT = re.compile(r"\s{2,}# .*$")


@dataclass(frozen=True)
class NewFile:
    """A file to create; ``line`` of the document, from 0, as in all steps."""

    line: int
    path: str
    text: str


@dataclass(frozen=True)
class Edit:
    """A change to a file: pairs of what stands there and what shall."""

    line: int
    path: str
    replacements: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Command:
    """A command line and the lines that it is shown to print, None where nothing is shown.

    ``shown`` begins at line ``output`` of the document, ``indent`` before each.
    """

    line: int
    text: str
    shown: tuple[str, ...] | None
    output: int
    indent: str = ""


Step = NewFile | Edit | Command


@dataclass(frozen=True)
class _Block:
    """Lines of an indented or fenced block, from line ``start`` on, without the indentation."""

    start: int
    lines: tuple[str, ...]
    language: str
    indent: str


def steps_of(document: str) -> tuple[Step, ...]:
    """All that the document tells its reader to do, in order."""
    lines = document.splitlines()
    return tuple(step for block in _blocks(lines) for step in _steps(lines, block))


def _blocks(lines: list[str]) -> Iterator[_Block]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("```"):
            end = next(i for i in range(at + 1, len(lines)) if lines[i] == "```")
            yield _Block(at + 1, tuple(lines[at + 1 : end]), line[3:].strip(), "")
            at = end + 1
        elif line.startswith("    ") and (at == 0 or not lines[at - 1].strip()):
            end = at
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            body = [text[4:] for text in lines[at:end]]
            while not body[-1].strip():
                body.pop()
            yield _Block(at, tuple(body), "", "    ")
            at = end
        else:
            at += 1


def _steps(lines: list[str], block: _Block) -> Iterator[Step]:
    before = " ".join(lines[max(0, block.start - 4) : block.start - (block.indent == "")])
    target = re.search(r"\b(Create|In) `([^`]+)`:\s*$", before)
    if target and target[1] == "Create":
        yield NewFile(block.start, target[2], "\n".join(block.lines) + "\n")
    elif block.language == "diff":
        assert target, f"line {block.start}: a diff without a file that it is for"
        yield Edit(block.start, target[2], tuple(_replacements(block.lines)))
    elif block.language in ("", *_SHELLS):
        yield from _commands(block)


def _replacements(lines: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for hunk in "\n".join(lines).split("@@\n"):
        kept = hunk.splitlines()
        old = [line[1:] for line in kept if line[:1] != "+"]
        new = [line[1:] for line in kept if line[:1] != "-"]
        yield "\n".join(old) + "\n", "\n".join(new) + "\n"


def _commands(block: _Block) -> Iterator[Command]:
    if not any(line.startswith("$ ") for line in block.lines):
        for number, line in enumerate(block.lines):
            if _PROGRAMS.match(line) or (block.language in _SHELLS and line.strip()):
                at = block.start + number
                yield Command(at, _COMMENT.sub("", line), None, at + 1, block.indent)
        return
    number = 0
    while number < len(block.lines):
        start = number
        text = block.lines[number]
        assert text.startswith("$ "), f"line {block.start + number + 1}: output of no command"
        while text.endswith("\\"):
            number += 1
            text = f"{text[:-1].rstrip()} {block.lines[number].strip()}"
        number += 1
        output = number
        while number < len(block.lines) and not block.lines[number].startswith("$ "):
            number += 1
        shown = list(block.lines[output:number])
        while shown and not shown[-1].strip():
            shown.pop()
        yield Command(
            block.start + start,
            _COMMENT.sub("", text[2:]),
            tuple(shown) or None,
            block.start + output,
            block.indent,
        )
