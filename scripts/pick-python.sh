#!/bin/sh
# Prints a Python 3.10 or newer that can make virtual environments; fails where there is none.
# 3.11 and 3.10 come first: tflite-runtime, one of the two reference interpreters, stops there.
set -eu

for python in python3.11 python3.10 python3; do
    check='import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))'
    if "$python" -c "$check" >/dev/null 2>&1; then
        echo "$python"
        exit 0
    fi
done
exit 1
