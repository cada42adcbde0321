"""The page on Python runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from mcugen.tflite import write_model
from tests.networks import small_mobilenet

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_blocks_run_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(write_model(small_mobilenet()))
    blocks = BLOCK.findall((ROOT / "docs" / "python.md").read_text("utf-8"))
    lines = "\n".join(blocks).splitlines()
    body = "\n".join(f"    {line}".rstrip() for line in lines)
    (tmp_path / "script.py").write_text(f'if __name__ == "__main__":\n{body}\n')
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    assert re.fullmatch(r"[\d,]+ of 327,680 bytes of RAM", printed[0])
    assert re.fullmatch(r"[\d,]+ instead of [\d,]+ bytes", printed[1])
    assert printed[2] == "None"
    assert re.fullmatch(r"[\d,]+ instructions an inference, at most", printed[3])
    assert len(printed) > 7
    assert printed[-1].startswith("B001 did you mean `stm32f7`")
    assert done.stderr == ""
