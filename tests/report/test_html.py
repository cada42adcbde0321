"""The HTML report without a browser: what it says, that it escapes, and that it never changes."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mcugen.compiler import build
from mcugen.manifest import Manifest, read_manifest
from mcugen.report.html import render_page, write_report
from mcugen.report.page import page_of
from mcugen.report.page_kernels import kernel_rows
from mcugen.report.quantisation import read_quantisation
from mcugen.report.verification import Verification, save_verification
from tests.report.answers import verified

EVIL = "<script>alert('x')</script>&\"<b>"


class Reader(HTMLParser):
    """The elements of a page, the text outside of style and script, and table rows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend((name, value or "") for name, value in attrs)

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] not in (["style"], ["script"]):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def written(folder: Path) -> str:
    write_report(folder)
    return (folder / "report.html").read_text("utf-8")


def page(folder: Path, manifest: Manifest, *runs: dict[str, Any]) -> Reader:
    scales = read_quantisation(folder, manifest)
    return Reader(render_page(page_of(manifest.as_json(), Verification(runs, "Not yet."), scales)))


def test_the_same_build_gives_the_same_bytes(
    small: Path, tmp_path: Path, object_cache: Path
) -> None:
    again = tmp_path / "elsewhere" / "build"
    model = small / "model.tflite"
    small_again = tmp_path / "small.tflite"
    small_again.write_bytes(model.read_bytes())
    build(small_again, target="stm32f7", output=again, object_cache=object_cache)
    first = written(small)
    assert first == written(small)
    assert first == written(again)
    for folder in (small, again):
        save_verification(folder, read_manifest(folder), verified(read_manifest(folder), "board"))
    assert written(small) == written(again) != first


def test_one_file_and_no_paths(small: Path, tmp_path: Path) -> None:
    save_verification(small, read_manifest(small), verified(read_manifest(small), "host"))
    text = written(small)
    assert str(tmp_path) not in text
    assert "://" not in text
    assert "/somewhere" not in text
    reader = Reader(text)
    links = [value for name, value in reader.attributes if name in ("src", "href")]
    assert {value[:1] for value in links if not value.startswith("data:")} == {"#"}
    targets = {value for name, value in reader.attributes if name == "id"}
    assert {value[1:] for value in links if value.startswith("#")} <= targets


def test_ids_are_unique_and_references_resolve(small: Path) -> None:
    reader = Reader(written(small))
    ids = [value for name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for name, value in reader.attributes:
        if name in ("aria-labelledby", "aria-describedby"):
            assert set(value.split()) <= set(ids)


def test_what_was_not_verified_is_not_called_exact(small: Path) -> None:
    text = Reader(written(small)).text
    assert "Not verified. It has not been verified since it was built." in text
    assert "xact." not in text
    assert "It fits." in text


@pytest.mark.parametrize(
    ("executions", "claim"),
    [
        (("host",), "The C is exact."),
        (("host", "qemu"), "The C is exact."),
        (("board",), "Bit-exact."),
        (("host", "port"), "Bit-exact."),
    ],
)
def test_only_an_image_that_ran_is_called_exact(
    small: Path, executions: tuple[str, ...], claim: str
) -> None:
    manifest = read_manifest(small)
    text = page(small, manifest, verified(manifest, *executions)).text
    assert claim in text
    assert ("The image itself was not run." in text) == (claim != "Bit-exact.")


def test_costs_say_what_they_are(small: Path) -> None:
    manifest = read_manifest(small)
    text = page(small, manifest, verified(manifest, "board", "port")).text
    assert "counted in simulation" in text
    assert "time is not modelled: a board at a port counts cycles" in text
    assert "18,000 cycles at 200 MHz, at most as the board at the port counts" in text
    without = page(small, manifest, verified(manifest, "host")).text
    assert "Instructions an inference" not in without


def test_a_difference(small: Path) -> None:
    manifest = read_manifest(small)
    answer = verified(manifest, "host", "board")
    answer["status"] = "different"
    answer["first_difference"] = {"layer": 2}
    answer["layer_details"][2]["equal"] = False
    answer["pairs"][1]["mismatches"] = 7
    answer["error"] = {
        "code": "V001",
        "what": "outputs differ at layer 2 `pw_1`",
        "where": "output[0,1] reference -17, board -16",
        "details": ["same:  host build agrees with the reference"],
        "hint": "",
    }
    found = page(small, manifest, answer)
    assert "Not exact. Outputs differ at layer 2 pw_1 ; output[0,1] reference -17" in found.text
    assert "V001: outputs differ" in found.text
    assert "same: host build agrees with the reference" in found.text
    assert found.text.count("differs") == 1
    assert "7 of 100 values" in found.text


def test_equal_but_out_of_bounds(small: Path) -> None:
    manifest = read_manifest(small)
    answer = verified(manifest, "board")
    answer |= {"status": "different", "stray_writes": 1}
    answer["error"] = {
        "code": "V002",
        "what": "a layer stores to what the plan does not let it write",
        "where": "",
        "details": [],
        "hint": "",
    }
    text = page(small, manifest, answer).text
    assert "Equal, but not safe. A layer stores to what the plan does not let it write." in text


def test_all_that_comes_from_files_is_escaped(small: Path) -> None:
    manifest = read_manifest(small)
    answer = verified(manifest, "board", label=EVIL)
    answer["inputs"][0] = {"name": EVIL, "note": EVIL, "sha256": EVIL}
    answer["reference"] = [EVIL]
    named = replace(
        manifest,
        model=EVIL,
        tried=EVIL,
        toolchain=EVIL,
        layers=tuple(replace(layer, name=EVIL) for layer in manifest.layers),
        buffers=tuple(replace(one, name=EVIL) for one in manifest.buffers),
        files={**manifest.files, EVIL: EVIL},
    )
    harmless, evil = page(small, manifest, answer), page(small, named, answer)
    assert evil.tags.count("script") == harmless.tags.count("script") == 1
    assert evil.tags.count("b") == harmless.tags.count("b")
    assert evil.text.count("alert('x')") > len(manifest.layers)


def test_what_controls_or_turns_text_is_spelt_out(small: Path) -> None:
    manifest = read_manifest(small)
    name = "a\x1b[31m\n`b`\u202ec\x00"
    answer = verified(manifest, "board", label=name)
    answer["inputs"][0] = {"name": name, "note": name, "sha256": name}
    answer["error"] = {"code": "V001", "what": name, "where": name, "details": [name]}
    answer["status"] = "different"
    answer["first_difference"] = {}
    scales = read_quantisation(small, manifest)
    text = render_page(page_of(manifest.as_json(), Verification((answer,), ""), scales))
    assert not {"\x1b", "\u202e", "\x00"} & set(text)
    assert r"<td>a\x1b[31m\n`b`\u202ec\x00</td>" in text
    assert r"<p>a\x1b[31m\n<code>b</code>\u202ec\x00</p>" in text


def test_the_layers_and_their_scales(small: Path) -> None:
    manifest = read_manifest(small)
    scales = read_quantisation(small, manifest)
    assert len(scales) == len(manifest.layers)
    first, add = (
        scales[0],
        next(row for row, layer in zip(scales, manifest.layers, strict=True) if layer.op == "ADD"),
    )
    assert first.inputs[0].lowest == 1 / 128
    assert first.inputs[0].zero_point == -1
    assert first.weights is not None
    assert (first.weights.channels, first.weights.zero_point) == (8, 0)
    assert 0.002 <= first.weights.lowest < first.weights.highest <= 0.004
    assert len(add.inputs) == 2
    assert add.weights is None
    assert add.output is not None
    assert add.output.zero_point == -100


def test_what_other_kernels_would_cost(small: Path) -> None:
    build = read_manifest(small).as_json()
    rows = list(kernel_rows(build))
    others = [{other.name for other in row.others} for row in rows]
    depthwise = next(row for row in rows if row.kernel == "arm_depthwise_conv_3x3_s8")
    assert {other.name for other in depthwise.others} >= {"rows_depthwise_row"}
    assert all(row.kernel not in names for row, names in zip(rows, others, strict=True))
    (cheaper,) = (one for one in depthwise.others if one.name == "rows_depthwise_row")
    assert float(cheaper.times) < 0.5
    assert not any(row.constant for row in rows)


def test_constant_channels_are_listed_or_counted(small: Path) -> None:
    build = read_manifest(small).as_json()
    few, many = build["layers"][:2]
    few["left_out"] = [(0, -128), (3, 5)]
    many["left_out"] = [(channel, 0) for channel in range(7)]
    constant = [row.constant for row in kernel_rows(build)]
    assert constant[:2] == ["0: -128, 3: 5", f"7 of {many['shape'][-1]}"]
    assert not any(constant[2:])


def test_the_parts_of_the_image_are_the_whole_image(small: Path) -> None:
    manifest = read_manifest(small)
    address = manifest.application_start
    for part in manifest.image_parts:
        assert part.address == address
        address += part.bytes
    assert address - manifest.application_start == manifest.flash_bytes
    by_kind: dict[str, int] = {}
    for part in manifest.image_parts:
        by_kind[part.kind] = by_kind.get(part.kind, 0) + part.bytes
    assert by_kind["footer"] == 32
    padding = by_kind["weights"] - manifest.weights_bytes
    assert 0 <= padding < 4 * 4 * len(manifest.layers)


def test_the_buffers_are_the_plan(small: Path) -> None:
    manifest = read_manifest(small)
    assert max(one.offset + one.bytes for one in manifest.buffers) == manifest.arena_bytes
    tensors = {one.layer: one for one in manifest.buffers if one.kind == "tensor"}
    for index, layer in enumerate(manifest.layers):
        assert (tensors[index].offset, tensors[index].bytes) == (layer.offset, layer.bytes)
        assert (tensors[index].name, tensors[index].start) == (layer.name, index)
    assert (tensors[None].name, tensors[None].bytes) == ("input", manifest.input.bytes)
    scratch = {one.layer: one.bytes for one in manifest.buffers if one.kind == "scratch"}
    assert scratch == {
        index: layer.scratch_bytes
        for index, layer in enumerate(manifest.layers)
        if layer.scratch_bytes
    }


def test_the_policy_lets_only_this_script_run(small: Path) -> None:
    text = written(small)
    script = text.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    assert "default-src 'none'" in text
