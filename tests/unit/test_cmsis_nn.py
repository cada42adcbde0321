"""Finding CMSIS-NN, telling its release, and taking only what a build calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcugen.errors import ToolchainError
from mcugen.kernels.cmsis_nn.release import RELEASES
from mcugen.kernels.cmsis_nn.sources import find, select


def fake_release(root: Path, revision: str) -> Path:
    (root / "Include").mkdir(parents=True)
    (root / "Source").mkdir()
    (root / "Include/arm_nnfunctions.h").write_text(f"/* $Revision:    V.{revision} */\n")
    (root / "Source/arm_one.c").write_text("int arm_one(int a)\n{\n    return arm_two(a);\n}\n")
    (root / "Source/arm_two.c").write_text("int arm_two(int a)\n{\n    return a;\n}\n")
    (root / "Source/arm_three.c").write_text("int arm_three(int a)\n{\n    return a;\n}\n")
    return root


def test_bakenn_ships_4_0_0() -> None:
    found = find(None)
    assert found.origin == "bakenn"
    assert found.release.version == "4.0.0"
    assert found.core_include is not None


@pytest.mark.parametrize("revision", RELEASES)
def test_release_is_read_from_the_header(tmp_path: Path, revision: str) -> None:
    assert find(fake_release(tmp_path / "nn", revision)).release is RELEASES[revision]


def test_order_of_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packs = tmp_path / "packs"
    fake_release(packs / "ARM/CMSIS-NN/6.0.0", "16.0.0")
    fake_release(packs / "ARM/CMSIS-NN/10.0.0", "18.0.0")
    monkeypatch.setenv("CMSIS_PACK_ROOT", str(packs))
    assert find(None).root.name == "10.0.0"
    variable = fake_release(tmp_path / "variable", "12.4.0")
    monkeypatch.setenv("MCUGEN_CMSIS_NN", str(variable))
    assert find(None).root == variable
    explicit = fake_release(tmp_path / "explicit", "11.3.0")
    assert find(explicit).root == explicit


def test_unknown_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError) as caught:
        find(fake_release(tmp_path / "nn", "99.0.0"))
    assert caught.value.code == "T004"
    assert "99.0.0" in caught.value.what


def test_folder_without_sources_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError) as caught:
        find(tmp_path)
    assert caught.value.code == "T003"


def test_selection_is_the_closure_of_calls(tmp_path: Path) -> None:
    sources = find(fake_release(tmp_path / "nn", "11.2.0"))
    paths = [file.path for file in select(sources, ["arm_one"])]
    assert paths == ["Include/arm_nnfunctions.h", "Source/arm_one.c", "Source/arm_two.c"]


def test_missing_function_is_named(tmp_path: Path) -> None:
    sources = find(fake_release(tmp_path / "nn", "11.2.0"))
    with pytest.raises(ToolchainError, match="arm_gone") as caught:
        select(sources, ["arm_gone"])
    assert caught.value.code == "T003"
