"""Templates and firmware are found in a checkout, an editable install and a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcugen import resources
from mcugen.errors import ToolchainError

ROOT = Path(__file__).parents[2]


def test_checkout() -> None:
    assert resources.templates_dir() == ROOT / "templates"
    assert resources.firmware_dir() == ROOT / "firmware"
    assert (resources.templates_dir() / "model.c.j2").is_file()
    assert list((resources.firmware_dir() / "boards").glob("*.toml"))


def test_wheel_comes_before_what_lies_beside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "mcugen"
    for folder in ("mcugen/_data/templates", "templates", "firmware"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert resources.templates_dir() == package / "_data" / "templates"
    assert resources.firmware_dir() == tmp_path / "firmware"


def test_incomplete_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "mcugen")
    with pytest.raises(ToolchainError, match="T007") as caught:
        resources.firmware_dir()
    assert "`firmware` is missing" in caught.value.what
