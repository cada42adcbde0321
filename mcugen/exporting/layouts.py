"""What each build system's folder holds, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from mcugen.exporting.sources import CONSOLE, Sources
from mcugen.exporting.texts import render
from mcugen.manifest import Manifest


@dataclass(frozen=True)
class Flavour:
    """``make`` gives the folder; ``tried`` says how far mcugen's own tests go, ``use`` what to do
    with the folder."""

    name: str
    make: Callable[[Sources, Manifest], dict[str, str]]
    use: str
    tried: str


def _cmake(sources: Sources, manifest: Manifest) -> dict[str, str]:
    own = render("cmake/CMakeLists.txt", manifest, folders=(*sources.libraries, CONSOLE))
    return {**sources.tree, "CMakeLists.txt": own}


def _flat(sources: Sources, _manifest: Manifest) -> dict[str, str]:
    return {**sources.flat(), **sources.licences()}


def _below(folder: str, tree: Mapping[str, str]) -> dict[str, str]:
    return {f"{folder}/{path}": text for path, text in tree.items()}


def _arduino(sources: Sources, manifest: Manifest) -> dict[str, str]:
    return {
        **_below("src", sources.flat()),
        **sources.licences(),
        "library.properties": render("arduino/library.properties", manifest),
        "examples/Console/Console.ino": render("arduino/Console.ino", manifest),
    }


def _platformio(sources: Sources, manifest: Manifest) -> dict[str, str]:
    return {
        **_below("src", sources.flat()),
        **sources.licences(),
        "library.json": render("platformio/library.json", manifest),
    }


def _zephyr(sources: Sources, manifest: Manifest) -> dict[str, str]:
    """Public headers apart: the application sees no header of CMSIS-NN's."""
    return {
        **_divided(sources, "include", "src"),
        **sources.licences(),
        **{
            f"zephyr/{name}": render(
                f"zephyr/{name}",
                manifest,
                console=sorted(_names(path for path in _console_c(sources))),
                library=sorted(
                    _names(path for path in sources.c_files if path not in _console_c(sources))
                ),
            )
            for name in ("module.yml", "Kconfig", "CMakeLists.txt")
        },
    }


def _cubeide(sources: Sources, _manifest: Manifest) -> dict[str, str]:
    """Two folders, one to add to the include paths, and names that a makefile can hold: the headers
    of CMSIS must not hide those of the project's HAL."""
    return {**_divided(sources, "Inc", "Src"), **sources.licences()}


def _divided(sources: Sources, public: str, private: str) -> dict[str, str]:
    shown = set(_names(sources.public))
    flat = sources.flat()
    return {f"{public if name in shown else private}/{name}": text for name, text in flat.items()}


def _console_c(sources: Sources) -> list[str]:
    return [path for path in sources.c_files if path.startswith(f"{CONSOLE}/")]


def _names(paths: Iterable[str]) -> list[str]:
    return [path.rpartition("/")[2] for path in paths]


_ARM_GCC = "compiled with arm-none-eabi-gcc by mcugen's tests"

FLAVOURS = {
    flavour.name: flavour
    for flavour in (
        Flavour(
            "cmake",
            _cmake,
            "add_subdirectory(DIR), then link `{name}` or, with the console, `{console}`",
            "configured, built and run by mcugen's tests",
        ),
        Flavour(
            "flat",
            _flat,
            "compile every .c, with DIR as an include path",
            _ARM_GCC,
        ),
        Flavour(
            "arduino",
            _arduino,
            'copy it into `libraries` of the sketch book, then #include "{name}.h"',
            f"all of src and the sketch {_ARM_GCC}, library.properties checked against the"
            " specification's rules; the Arduino IDE was not tried",
        ),
        Flavour(
            "platformio",
            _platformio,
            'copy it into `lib` of the project, then #include "{name}.h"',
            f"all of src {_ARM_GCC}, library.json checked against the schema's rules; PlatformIO"
            " was not tried",
        ),
        Flavour(
            "zephyr",
            _zephyr,
            "add its path to ZEPHYR_EXTRA_MODULES and CONFIG_MCUGEN_{NAME}=y to prj.conf",
            "CMakeLists.txt run and compiled by mcugen's tests with stand-ins for Zephyr's"
            " functions, module.yml and Kconfig checked against their rules; Zephyr was not tried",
        ),
        Flavour(
            "cubeide",
            _cubeide,
            "copy it into the project, add Inc to the include paths and Src to the source folders",
            f"Src {_ARM_GCC} as the IDE's makefiles would; STM32CubeIDE was not tried",
        ),
    )
}
