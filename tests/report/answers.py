"""Answers of ``verify`` for builds that nothing ran."""

from __future__ import annotations

from typing import Any

from mcugen.manifest import Manifest


def verified(manifest: Manifest, *executions: str, label: str = "") -> dict[str, Any]:
    """Equal in all executions; "board" counted 1000 instructions and "port" 2000 cycles a layer."""
    board, port = "board" in executions, "port" in executions
    count = len(manifest.layers)
    return {
        "status": "ok",
        "board": manifest.board,
        "model": manifest.model,
        "inputs": [{"name": "minimum", "note": "every value -128", "sha256": "aa"}],
        "layers": count,
        "reference": ["tflite-runtime", "tflite-micro"],
        "reference_disagreements": 0,
        "reference_undefined": 0,
        "instructions": 1000 * count if board else None,
        "cycles": 2000 * count if port else None,
        "clock_hz": 200_000_000 if port else None,
        "port_counts": "cycles" if port else None,
        "estimates": [],
        "estimate_note": "",
        "port_board": manifest.board if port else None,
        "elf": None,
        "stack_bytes": 488 if board else None,
        "stack_reserved": manifest.stack_reserved,
        "stray_writes": 0 if board else None,
        "pairs": [
            {
                "a": "reference",
                "b": name,
                "by": "crc" if name == "port" else "values",
                "values": 100,
                "mismatches": 0,
                "output_values": 4,
                "output_mismatches": 0,
            }
            for name in executions
        ],
        "layer_details": [
            {
                "name": layer.name,
                "op": layer.op,
                "kernel": layer.kernel,
                "macs": layer.macs,
                "instructions": 1000 if board else None,
                "cycles": 2000 if port else None,
                "equal": True,
            }
            for layer in manifest.layers
        ],
        "answers": [
            {"input": "minimum", "top": [{"index": 3, "label": label, "score": 0.5}]},
        ],
        "first_difference": None,
        "dump": ["/somewhere/dump/layer0.npy"],
    }


def evaluated(manifest: Manifest, *, classes: int = 4) -> dict[str, Any]:
    """Of two pictures of each class; those of the first one are taken for the second."""
    confusion = [[0] * classes for _ in range(classes)]
    for number in range(classes):
        confusion[number][number] = 2
    confusion[0] = [0, 2, *([0] * (classes - 2))]
    pictures, right = 2 * classes, 2 * classes - 2
    return {
        "status": "ok",
        "board": manifest.board,
        "model": manifest.model,
        "model_sha256": manifest.model_sha256,
        "dataset": "pictures",
        "dataset_sha256": "dd",
        "dataset_pictures": pictures,
        "skipped": [],
        "input": "10x9 RGB resized to 12x12",
        "pictures": pictures,
        "right": right,
        "accuracy": right / pictures,
        "reference_right": right,
        "reference_accuracy": right / pictures,
        "reference": ["tflite-runtime", "tflite-micro"],
        "reference_disagreements": 0,
        "reference_undefined": 0,
        "layers": len(manifest.layers),
        "values": 1000,
        "mismatches": 0,
        "labels": [],
        "confusion": confusion,
        "classes": [
            {
                "class": number,
                "pictures": 2,
                "right": 2 * (number > 0),
                "recall": float(number > 0),
                "precision": None if number == 0 else 0.5 if number == 1 else 1.0,
            }
            for number in range(classes)
        ],
        "confusions": [{"class": 0, "taken_for": 1, "pictures": 2}],
        "wrong": [
            {"picture": "0/a.png", "class": 0, "taken_for": 1},
            {"picture": "0/b.png", "class": 0, "taken_for": 1},
        ],
        "board_sample": None,
        "first_difference": None,
        "thumbnails": [],
    }
