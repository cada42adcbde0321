"""The compilers as mcugen calls them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcugen.errors import ToolchainError
from mcugen.packages import how_to_install
from mcugen.toolchain import Compiler, Unit, require


def test_missing_program_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ToolchainError) as caught:
        require("arm-none-eabi-gcc")
    assert caught.value.code == "T001"
    assert "https://developer.arm.com/downloads" in caught.value.hint


@pytest.mark.parametrize(
    ("program", "system", "manager", "hint"),
    [
        (
            *("arm-none-eabi-gcc", "linux", "apt-get"),
            "on Debian and Ubuntu: `apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi`",
        ),
        ("cc", "linux", "dnf", "on Fedora: `dnf install gcc`"),
        (
            *("arm-none-eabi-objcopy", "linux", "pacman"),
            "on Arch: `pacman -S arm-none-eabi-gcc arm-none-eabi-newlib`",
        ),
        (
            *("arm-none-eabi-gcc", "darwin", "brew"),
            "with Homebrew: `brew install --cask gcc-arm-embedded`",
        ),
        ("cc", "darwin", "", "`xcode-select --install`"),
        (
            *("arm-none-eabi-gcc", "win32", "winget"),
            "`winget install Arm.GnuArmEmbeddedToolchain`, then open a new terminal",
        ),
        ("cc", "win32", "winget", "install a C compiler that can be called as `cc`"),
        ("qemu-system-arm", "linux", "", "https://www.qemu.org/download has `qemu-system-arm`"),
        ("st-flash", "linux", "apt-get", "install `st-flash` and put it on PATH"),
    ],
)
def test_how_to_install_a_program(program: str, system: str, manager: str, hint: str) -> None:
    def which(name: str) -> str | None:
        return name if name == manager else None

    assert how_to_install(program, system, which) == hint


def test_the_toolchain_without_a_package_manager() -> None:
    hint = how_to_install("arm-none-eabi-gcc", "sunos5", lambda name: None)
    assert "@xpack-dev-tools/arm-none-eabi-gcc" in hint


def test_failed_compilation_says_what_the_compiler_said(tmp_path: Path) -> None:
    (tmp_path / "bad.c").write_text("int main(void) { return nothing; }\n")
    with pytest.raises(ToolchainError) as caught:
        Compiler("cc", ()).compile(tmp_path, [Unit("bad.c")], tmp_path / "objects")
    assert caught.value.code == "T002"
    assert any("nothing" in line for line in caught.value.details)


def test_objects_do_not_depend_on_the_folder(tmp_path: Path) -> None:
    built = []
    for name in ("one", "another"):
        root = tmp_path / name
        root.mkdir()
        (root / "a.c").write_text("const char *where(void) { return __FILE__; }\n")
        (built_object,) = Compiler("cc", ("-g",)).compile(root, [Unit("a.c")], root / "objects")
        built.append(built_object.read_bytes())
    assert built[0] == built[1]


def test_cache_gives_the_same_object_and_notices_changes(tmp_path: Path) -> None:
    cache, objects = tmp_path / "cache", tmp_path / "objects"
    compiler = Compiler("cc", (), cache)
    source, header = tmp_path / "a.c", tmp_path / "a.h"
    header.write_text("#define ANSWER 1\n")
    source.write_text('#include "a.h"\nint answer(void) { return ANSWER; }\n')
    (first,) = compiler.compile(tmp_path, [Unit("a.c")], objects)
    before = first.read_bytes()
    assert len(list(cache.iterdir())) == 1
    compiler.compile(tmp_path, [Unit("a.c")], objects)
    assert len(list(cache.iterdir())) == 1
    assert first.read_bytes() == before
    header.write_text("#define ANSWER 2\n")
    compiler.compile(tmp_path, [Unit("a.c")], objects)
    assert len(list(cache.iterdir())) == 2
    assert first.read_bytes() != before


def test_cache_notices_headers_behind_headers_and_no_others(tmp_path: Path) -> None:
    cache, objects = tmp_path / "cache", tmp_path / "objects"
    compiler = Compiler("cc", ("-Iinner",), cache)
    inner, stranger = tmp_path / "inner" / "b.h", tmp_path / "stranger.h"
    inner.parent.mkdir()
    (tmp_path / "a.h").write_text("#  include <b.h>\n")
    (tmp_path / "a.c").write_text('#include "a.h"\nint answer(void) { return ANSWER; }\n')
    for answer, seen, objects_kept in ((1, 1, 1), (1, 2, 1), (2, 2, 2)):
        inner.write_text(f"#define ANSWER {answer}\n")
        stranger.write_text(f"#define SEEN {seen}\n")
        compiler.compile(tmp_path, [Unit("a.c")], objects)
        assert len(list(cache.iterdir())) == objects_kept
