#!/bin/sh
# Makes the virtual environment anew: mcugen from this checkout, with what its tests need.
#
#     scripts/make-venv.sh .venv
set -eu

venv=$1
python=$("$(dirname "$0")/pick-python.sh") || {
    echo "mcugen needs Python 3.10 or newer with its venv module" >&2
    exit 1
}
echo "installing mcugen into $venv ($("$python" --version))"
rm -rf "$venv"
"$python" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --editable '.[dev]'
