"""Which package has a program that is missing, on the system at hand."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable

ARM = "arm-none-eabi-"

_WITH_APT = {
    "cc": "gcc libc6-dev",
    "qemu-system-arm": "qemu-system-arm",
    ARM: "gcc-arm-none-eabi libnewlib-arm-none-eabi",
}
_WITH_DNF = {
    "cc": "gcc",
    "qemu-system-arm": "qemu-system-arm",
    ARM: "arm-none-eabi-gcc-cs arm-none-eabi-newlib",
}
_WITH_PACMAN = {
    "cc": "gcc",
    "qemu-system-arm": "qemu-system-arm",
    ARM: "arm-none-eabi-gcc arm-none-eabi-newlib",
}
_WITH_BREW = {"qemu-system-arm": "qemu", ARM: "--cask gcc-arm-embedded"}
_WITH_WINGET = {
    "qemu-system-arm": "SoftwareFreedomConservancy.QEMU",
    ARM: "Arm.GnuArmEmbeddedToolchain",
}
_MANAGERS = {
    "linux": (
        ("apt-get", "on Debian and Ubuntu: `apt-get install {}`", _WITH_APT),
        ("dnf", "on Fedora: `dnf install {}`", _WITH_DNF),
        ("pacman", "on Arch: `pacman -S {}`", _WITH_PACMAN),
    ),
    "darwin": (("brew", "with Homebrew: `brew install {}`", _WITH_BREW),),
    "win32": (("winget", "`winget install {}`, then open a new terminal", _WITH_WINGET),),
}
_OTHERWISE = {
    "cc": "install a C compiler that can be called as `cc`",
    ARM: "install the Arm GNU Toolchain from https://developer.arm.com/downloads, or with xpack: "
    "`npx xpm install --global @xpack-dev-tools/arm-none-eabi-gcc`, and put its `bin` on PATH",
    "qemu-system-arm": "https://www.qemu.org/download has `qemu-system-arm`",
}


def how_to_install(
    program: str,
    system: str = sys.platform,
    which: Callable[[str], str | None] = shutil.which,
) -> str:
    """What to type, as a hint; ``which`` finds the package managers of ``system``."""
    name = ARM if program.startswith(ARM) else program
    if (system, name) == ("darwin", "cc"):
        return "`xcode-select --install`"
    for manager, command, packages in _MANAGERS.get(system, ()):
        if which(manager) and name in packages:
            return command.format(packages[name])
    return _OTHERWISE.get(name, f"install `{program}` and put it on PATH")
