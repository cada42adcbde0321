"""``mcugen operators``: what a model may be made of."""

from __future__ import annotations

import click

from mcugen.cli.options import Settings, examples, json_option, verbosity_options
from mcugen.console import Console


@click.command(epilog=examples("mcugen operators", "mcugen operators --json"))
@json_option
@verbosity_options
@click.pass_obj
def operators(settings: Settings, as_json: bool) -> int:
    """List the operators that mcugen compiles, and what of them."""
    from mcugen.ops.registry import OPERATORS
    from mcugen.report.layout import Column, Table

    console = Console(settings.verbosity)
    found = sorted((operator.kind, operator.takes) for operator in OPERATORS.values())
    if as_json:
        listed = [{"operator": kind, "takes": takes} for kind, takes in found]
        console.json({"schema": 1, "command": "operators", "status": "ok", "operators": listed})
    else:
        console.result(
            "int8 models (TFLITE_BUILTINS_INT8), batch 1, one input and one output",
            "",
            Table((Column("operator"), Column("what of it")), tuple(found)),
            "",
            "RELU, RELU6 and RELU_N1_TO_1 where they are fused into another operator.",
            "Weights have a scale for each channel, or one.",
            "Input and output are int8, or uint8 and float32 by QUANTIZE and DEQUANTIZE.",
            "`mcugen inspect MODEL` tells what a model has of this.",
        )
    return 0
