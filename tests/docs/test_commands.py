"""Every document, followed literally: its files, its edits, its commands and what they print.

``pytest tests/docs --update-docs`` puts the present figures into the output that documents show;
where other words are printed, the failure says so. A command that is not to be run as it stands is
in one of the two tables below, with the reason.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.docs import sandbox
from tests.docs.outputs import Comparison, compare
from tests.docs.sandbox import ROOT, Sandbox
from tests.docs.steps import Command, Edit, NewFile, steps_of

DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/README.md"))
)
FOLLOWED = [
    document for document in DOCUMENTS if steps_of((ROOT / document).read_text(encoding="utf-8"))
]
CHANGE_MCUGEN = ("docs/add-an-operator.md", "docs/add-a-board.md", "docs/add-a-protocol.md")
"""Followed in a copy of the checkout, not in a folder of a user."""

SHOWN_WITH_GCC = "12.2.1"
"""Figures in documents are this arm-none-eabi-gcc's (Debian 12); with others, any figures do."""


@dataclass(frozen=True)
class Instead:
    """What is run in place of a part of a command, and why that is not run.

    It prints something else, so what the document shows is not held against it; with
    ``only_unshown`` it takes the place of commands alone whose output is not shown.
    """

    pattern: str
    replacement: str
    why: str
    only_unshown: bool = False


BOARD = "port-of-a-board"
"""A virtual board that has the build of the folder, started where a command needs it."""

INSTEAD = (
    Instead(
        r"^make (\w+)$",
        f"make -n -C {ROOT} \\1 > dry-run.txt",
        "it is what runs this test, or runs for minutes; this sees that the target exists",
    ),
    Instead(r"^mcugen verify --sim$", "mcugen verify --sim --count 1", "seven inputs less", True),
    Instead(
        r"^(mcugen eval (?!.*--limit).*)$", r"\1 --limit 10 --board 1", "10,000 pictures take long"
    ),
    Instead(r"/dev/ttyACM0", BOARD, "no hardware; a virtual board is on this port"),
)

WITH_DATA = Path("/usr/share/datasets/fashion-mnist")
"""Commands on this data set, a Debian package, are run where it is installed."""

NOT_RUN = (
    (r"^apt-get install", "changes the machine"),
    (r"^python3\.11 -m venv|/pip install", "downloads TensorFlow"),
    (r"^openocd ", "needs a board and its debug probe"),
    (r"/train\.py$", "trains for an hour, and needs TensorFlow"),
    *(() if WITH_DATA.exists() else ((str(WITH_DATA), "not installed here"),)),
)
"""Patterns of commands that are not run, each with the reason."""


@cache
def figures_are_ours() -> bool:
    asked = subprocess.run(
        ["arm-none-eabi-gcc", "-dumpfullversion"], capture_output=True, text=True, check=True
    )
    return asked.stdout.strip() == SHOWN_WITH_GCC


@pytest.fixture(scope="module")
def example_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example model for the default board: what `build` is in a document."""
    place = sandbox.folder_with_examples(tmp_path_factory.mktemp("example") / "folder")
    status, output = place.run("mcugen build model.tflite --target stm32f7")
    assert status == 0, output
    return place.folder / "build"


@pytest.fixture
def place(document: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    if document in CHANGE_MCUGEN:
        made = sandbox.copy_of_the_checkout(tmp_path / "checkout")
    else:
        made = sandbox.folder_with_examples(tmp_path / "folder")
        shutil.copytree(request.getfixturevalue("example_build"), made.folder / "build")
        (made.folder / "other").mkdir()
        (made.folder / "other" / "build").symlink_to(made.folder / "build")
    yield made
    made.end()


@pytest.mark.parametrize("document", FOLLOWED)
def test_document(document: str, place: Sandbox, request: pytest.FixtureRequest) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    outdated: list[tuple[Command, Comparison]] = []
    for step in steps_of(text):
        if isinstance(step, NewFile):
            place.create(step)
        elif isinstance(step, Edit):
            place.edit(step)
        elif not any(re.search(pattern, step.text) for pattern, _ in NOT_RUN):
            command = in_place_of(step)
            output = run(command, place, f"{document}:{step.line + 1}")
            if step.shown and command == step.text:
                found = compare(step.shown, output, same_numbers=figures_are_ours())
                if found.missing is not None or found.refreshed != step.shown:
                    outdated.append((step, found))
    if request.config.getoption("--update-docs"):
        (ROOT / document).write_text(refreshed(text, outdated), encoding="utf-8")
        outdated = [(step, found) for step, found in outdated if found.missing is not None]
    if outdated:
        pytest.fail(
            f"{document}: `pytest tests/docs --update-docs` puts new figures in\n\n"
            + "\n\n".join(described(step, found) for step, found in outdated)
        )


def in_place_of(step: Command) -> str:
    """The command, or what is run instead."""
    command = step.text
    for instead in INSTEAD:
        if step.shown is None or not instead.only_unshown:
            command = re.sub(instead.pattern, instead.replacement, command)
    return command


def run(command: str, place: Sandbox, where: str) -> str:
    """What a command prints; it must succeed."""
    if BOARD in command and not (place.folder / BOARD).exists():
        status, output = place.run(f"mcugen board --target stm32f7 --link {BOARD} &")
        assert status == 0, output
    status, output = place.run(command)
    assert status == 0, f"{where}: `{command}` ended with status {status}:\n{output}"
    return output


def refreshed(text: str, outdated: list[tuple[Command, Comparison]]) -> str:
    """The document with what its commands print now."""
    lines = text.splitlines()
    for step, found in reversed(outdated):
        new = [f"{step.indent}{line}".rstrip() for line in found.refreshed]
        lines[step.output : step.output + len(step.shown or ())] = new
    return "\n".join(lines) + "\n"


def described(step: Command, found: Comparison) -> str:
    if found.missing is not None:
        printed = f"does not print `{found.missing}` there, but\n{found.printed}"
    else:
        printed = "should be shown to print\n" + "\n".join(found.refreshed)
    return f"line {step.line + 1}: `{step.text}` {printed}"


def all_commands() -> list[str]:
    texts = [(ROOT / document).read_text(encoding="utf-8") for document in FOLLOWED]
    return [step.text for text in texts for step in steps_of(text) if isinstance(step, Command)]


@pytest.mark.parametrize("pattern", [*(i.pattern for i in INSTEAD), *(p for p, _ in NOT_RUN)])
def test_the_tables_have_nothing_that_no_document_has(pattern: str) -> None:
    assert any(re.search(pattern, command) for command in all_commands())


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_in_running_text(document: str) -> None:
    """`mcugen x --y` within a sentence: the command and its options exist."""
    from mcugen.cli import cli

    text = (ROOT / document).read_text(encoding="utf-8")
    for span in re.findall(r"`(mcugen [a-z][^`]*)`", " ".join(text.split())):
        _, name, *words = span.split()
        assert name in cli.commands, span
        known = {option for one in cli.commands[name].params for option in one.opts}
        options = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert options <= known | {"--help", "-h"}, span
