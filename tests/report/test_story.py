"""Evaluation, shares, the network's graph and the comparison on the page: what data they show."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mcugen.cli import main
from mcugen.compare import compare_builds
from mcugen.manifest import read_manifest
from mcugen.report.evaluations import save_evaluation
from mcugen.report.page_comparison import comparison_view
from mcugen.report.page_evaluation import WrongRow, evaluation_view
from mcugen.report.page_graph import GRAPH_FRAMES, graph_of
from mcugen.report.page_shares import shares_of
from tests.builds_to_compare import NEW, OLD
from tests.report.answers import evaluated

BUILD: dict[str, Any] = {
    "input": {"shape": [1, 8, 8, 3]},
    "layers": [
        {
            "name": f"layer_{index}",
            "op": op,
            "cost": cost,
            "macs": cost // 2,
            "weights_bytes": weights,
            "reads": reads,
            "input": "8x8x3",
            "output": "8x8x3",
        }
        for index, (op, cost, weights, reads) in enumerate(
            (
                ("CONV_2D", 600, 100, [-1]),
                ("MAX_POOL_2D", 50, 0, [0]),
                ("CONV_2D", 300, 300, [1]),
                ("ADD", 40, 0, [2, 0]),
                ("ADD", 10, 0, [3, -1]),
            )
        )
    ],
}


def test_shares_are_of_all_and_bars_of_the_largest() -> None:
    found = shares_of(BUILD, None)
    assert not found.counted
    assert [(row.kind, row.layers) for row in found.kinds] == [
        ("CONV_2D", "2"),
        ("MAX_POOL_2D", "1"),
        ("ADD", "2"),
    ]
    assert [row.instructions.text for row in found.kinds] == ["900", "50", "50"]
    assert found.kinds[0].instructions.share == "90.0\u00a0%"
    assert found.kinds[1].instructions.bar == pytest.approx(5.56)
    assert [row.weights.share for row in found.layers] == [
        f"{share}\u00a0%" for share in ("25.0", "0.0", "75.0", "0.0", "0.0")
    ]
    assert [row.reads for row in found.layers] == ["input", "0", "1", "2, 0", "3, input"]


def test_counts_stand_in_for_estimates() -> None:
    details = [{"instructions": count} for count in (10, 20, 30, 40, 100)]
    found = shares_of(BUILD, {"instructions": 200, "layer_details": details})
    assert found.counted
    assert found.kinds[0].kind == "ADD"
    assert found.kinds[0].instructions.share == "70.0\u00a0%"
    assert not shares_of(BUILD, {"instructions": None}).counted


@pytest.mark.parametrize("frame", GRAPH_FRAMES)
def test_the_graph_has_a_line_for_all_that_is_read(frame: Any) -> None:
    graph = graph_of(BUILD, frame)
    ys = [node.y for node in graph.nodes]
    assert ys == sorted(set(ys))
    assert len(graph.nodes) == 6
    straight = [line for line in graph.lines if "C" not in line]
    assert straight == [f"M{graph.x} {a}V{b}" for a, b in pairwise(ys)]
    round_about = [line for line in graph.lines if "C" in line]
    assert [line.split("C")[0] for line in round_about] == [
        f"M{graph.x} {ys[place]}" for place in (1, 0)
    ]
    assert [
        line.endswith(f" {graph.x} {ys[place]}")
        for line, place in zip(round_about, (4, 5), strict=True)
    ] == [True, True]
    lanes = [line.split("C")[1].split(" ")[0] for line in round_about]
    assert len(set(lanes)) == 2  # they pass the same layers
    assert all(0 < int(lane) < graph.x for lane in lanes)


def test_long_names_are_cut() -> None:
    layers = [{**BUILD["layers"][0], "name": "n" * 200}]
    for frame in GRAPH_FRAMES:
        (_, node) = graph_of({**BUILD, "layers": layers}, frame).nodes
        assert node.name.endswith("n…")
        assert len(node.name) < frame.width / 6


def test_evaluations(small: Path) -> None:
    manifest = read_manifest(small)
    first, last = evaluated(manifest), evaluated(manifest, classes=3)
    last["labels"] = ["boot", "coat", "bag"]
    found = evaluation_view((first, last))
    assert found is not None
    assert [(row.pictures, row.accuracy, row.exact) for row in found.rows] == [
        ("8 of 8", "75.00%", True),
        ("6 of 6", "66.67%", True),
    ]
    assert [row.name for row in found.matrix] == ["0 boot", "1 coat", "2 bag"]
    kinds = [[cell.kind for cell in row.cells] for row in found.matrix]
    assert kinds == [
        ["none", "wrong", "none"],
        ["none", "right", "none"],
        ["none", "none", "right"],
    ]
    assert found.matrix[0].cells[1].share == 100
    assert [(row.name, row.recall, row.precision) for row in found.recalls] == [
        ("0 boot", "0.0%", ""),
        ("1 coat", "100.0%", "50.0%"),
        ("2 bag", "100.0%", "100.0%"),
    ]
    assert found.confusions == (("0 boot", "1 coat", "2"),)
    assert found.wrong[0] == WrongRow("0/a.png", "0 boot", "1 coat", "")
    many = evaluation_view((evaluated(manifest, classes=17),))
    assert many is not None
    assert (many.matrix, many.classes) == ((), ())
    assert evaluation_view(()) is None


def test_comparison() -> None:
    found = comparison_view(compare_builds(OLD, NEW))
    assert found.totals[1] == ("arena", "8,000", "6,000", "-2,000 (-25.00%)")
    assert [row[0] for row in found.layers] == ["conv_1", "- pool", "+ extra"]
    assert found.counts == ("Instructions", "Weights", "Alive")
    assert found.summary == "3 of 5 layers differ"


def test_the_page_tells_it(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(small), "-q"]) == 0
    page = (small / "report.html").read_text("utf-8")
    assert "It was not evaluated." in page
    assert 'id="comparison"' not in page
    older = shutil.copytree(small, tmp_path / "older")
    manifest = read_manifest(small)
    answer = evaluated(manifest)
    answer["wrong"][0]["picture"] = "<b>.png"
    save_evaluation(small, manifest, answer, (None, b"PNG"))
    assert main(["report", str(small), "--older", str(older), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "ok"
    page = (small / "report.html").read_text("utf-8")
    assert "&lt;b&gt;.png" in page
    assert "<b>.png" not in page
    assert page.count("<img") == 1
    assert "data:image/png;base64,UE5H" in page
    assert "All layers are alike" in page
    assert page.count('<circle class="area outline"') == 2 * (len(manifest.layers) + 1)
    assert main(["report", str(small), "--older", str(tmp_path), "-q"]) == 2
