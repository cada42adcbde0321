"""``manifest.json`` is believed only as it was written."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcugen.errors import UsageError
from mcugen.manifest import (
    FILE_NAME,
    BackendRecord,
    Manifest,
    read_manifest,
    sha256,
    write_manifest,
)
from tests.manifests import layer, manifest_of


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """Written into ``tmp_path``, where it lists no files."""
    made = replace(
        manifest_of((layer("conv", "int8", (1, 2), 2),)),
        backends=(BackendRecord("CMSIS-NN", "4.0.0", "somewhere", {}),),
        product_id=None,
        loader_bytes=None,
        files={},
    )
    write_manifest(tmp_path, made)
    return made


def test_what_is_written_is_read(tmp_path: Path, manifest: Manifest) -> None:
    assert read_manifest(tmp_path) == manifest
    before = sha256(tmp_path / FILE_NAME)
    write_manifest(tmp_path, manifest)
    assert sha256(tmp_path / FILE_NAME) == before


@pytest.mark.usefixtures("manifest")
@pytest.mark.parametrize("text", ["", "null", "5", '"x"', "[]", "{}", '{"schema":2}', "[" * 10**5])
def test_what_is_no_manifest(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    assert refusal(tmp_path) == "U003"


@pytest.mark.usefixtures("manifest")
@pytest.mark.parametrize(
    "edit",
    [
        lambda fields: {**fields, "ram_bytes": 1},
        lambda fields: {**fields, "ram_bytes": "1"},
        lambda fields: {**fields, "layers": []},
        lambda fields: {**fields, "files": []},
        lambda fields: {**fields, "board": None},
        lambda fields: {**fields, "more": 1},
        lambda fields: {key: fields[key] for key in fields if key != "chip"},
        lambda fields: {**fields, "input": {**fields["input"], "bytes": 2}},
    ],
)
def test_what_was_edited(tmp_path: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(json.dumps(edit(json.loads(path.read_text()))))
    assert refusal(tmp_path) == "U003"


def test_layout_does_not_matter(tmp_path: Path, manifest: Manifest) -> None:
    path = tmp_path / FILE_NAME
    turned = dict(reversed(json.loads(path.read_text()).items()))
    path.write_text(json.dumps(turned))
    assert read_manifest(tmp_path) == manifest


def refusal(folder: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_manifest(folder)
    return caught.value.code
