"""The reader of documents itself: what counts as a step, and what is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.outputs import compare
from tests.docs.sandbox import Sandbox
from tests.docs.steps import Command, Edit, NewFile, steps_of

DOCUMENT = """\
# Title

    mcugen ports        # which there are
    some picture -> of something

Create `a/b.py`:

```python
x = 1
```

In `a/b.py`:

```diff
-x = 1
+x = 2
```

```console
$ cat a/b.py \\
    a/b.py
x = 2
...

$ true
```

```c
make no_command;
```
"""


def test_what_a_document_tells() -> None:
    assert steps_of(DOCUMENT) == (
        Command(2, "mcugen ports", None, 3, "    "),
        NewFile(8, "a/b.py", "x = 1\n"),
        Edit(14, "a/b.py", (("x = 1\n", "x = 2\n"),)),
        Command(19, "cat a/b.py a/b.py", ("x = 2", "..."), 21),
        Command(24, "true", None, 25),
    )


def test_output_of_no_command() -> None:
    with pytest.raises(AssertionError, match="output of no command"):
        steps_of("```console\nprinted\n$ true\n```\n")


def test_an_edit_must_fit_exactly_once(tmp_path: Path) -> None:
    place = Sandbox(tmp_path)
    place.create(NewFile(0, "f", "one\ntwo\n"))
    place.edit(Edit(0, "f", (("two\n", "three\n"),)))
    assert (tmp_path / "f").read_text() == "one\nthree\n"
    with pytest.raises(AssertionError, match="has 0 times"):
        place.edit(Edit(0, "f", (("two\n", "three\n"),)))
    with pytest.raises(AssertionError, match="there already"):
        place.create(NewFile(0, "f", ""))


def test_commands_in_a_sandbox(tmp_path: Path) -> None:
    place = Sandbox(tmp_path)
    assert place.run("echo one; echo two >&2; exit 3") == (3, "one\ntwo\n")
    status, output = place.run("sh -c 'echo ready; exec sleep 60' &")
    assert (status, output) == (0, "ready\n")
    status, output = place.run("sh -c 'echo no; exit 4' &")
    assert (status, output) == (4, "no\n")
    place.end()


PRINTED = "name  value  \nram     100  bytes\nflash   200\n\ndone in 3 s\n"


@pytest.mark.parametrize(
    ("shown", "refreshed"),
    [
        (
            ("name  value", "ram     100  bytes", "..."),
            ("name  value", "ram     100  bytes", "..."),
        ),
        (("name  value", "ram 99 bytes", "..."), ("name  value", "ram     100  bytes", "...")),
        (("...", "flash 7", "..."), ("...", "flash   200", "...")),
        (("name  value",), ("name  value", "...")),
        (("...", "done in ..."), ("...", "done in ...")),
        (("...", "done in 4 ..."), ("...", "done in 3 ...")),
        (("...", "... in 4 s"), ("...", "... in 3 s")),
    ],
)
def test_shown_against_printed(shown: tuple[str, ...], refreshed: tuple[str, ...]) -> None:
    found = compare(shown, PRINTED, same_numbers=True)
    assert (found.refreshed, found.missing) == (refreshed, None)
    assert compare(refreshed, PRINTED, same_numbers=True) == found


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        (("ram     100  bytes", "..."), "ram     100  bytes"),
        (("name  value", "flash   200", "..."), "flash   200"),
        (("...", "rom 100 bytes"), "rom 100 bytes"),
        (("...", "flash   200", "ram     100  bytes", "..."), "ram     100  bytes"),
    ],
)
def test_shown_and_not_printed(shown: tuple[str, ...], missing: str) -> None:
    found = compare(shown, PRINTED, same_numbers=True)
    assert (found.missing, found.refreshed) == (missing, shown)


def test_the_most_similar_line_is_meant() -> None:
    rows = "".join(f"layer_{n}  {n}{n}\n" for n in range(5))
    assert compare(("...", "layer_3  99", "..."), rows, same_numbers=True).refreshed == (
        "...",
        "layer_3  33",
        "...",
    )


def test_other_figures_where_another_compiler_was_used() -> None:
    shown = ("name value", "ram     99  bytes", "...")
    assert compare(shown, PRINTED, same_numbers=False).refreshed == shown
