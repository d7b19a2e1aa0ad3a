#!/usr/bin/env bash
# The fast lane under the coming Keras, on its three backends, in an environment of its own.
#
#     tests/nightly.sh [FOLDER]      where the environment goes; a temporary folder by default
#
# TensorFlow brings the released Keras, whose files keras-nightly then takes the place of.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
place=${1:-$(mktemp -d)}
[ $# -gt 0 ] || trap 'rm -rf "$place"' EXIT
[ -x "$place/bin/python" ] || python3 -m venv "$place"
"$place/bin/pip" install -q "$root[tensorflow,jax,torch,lab,test]"
"$place/bin/pip" uninstall -q -y keras keras-norms
"$place/bin/pip" install -q --pre --upgrade --force-reinstall --no-deps keras-nightly

cd "$root"
failed=()
for backend in tensorflow jax torch; do
    KERAS_BACKEND=$backend "$place/bin/python" -c \
        'import keras; print(keras.__version__, "on", keras.config.backend())'
    KERAS_BACKEND=$backend "$place/bin/python" -m tests || failed+=("$backend")
done
[ ${#failed[@]} = 0 ] || { echo "error: failed on ${failed[*]}" >&2; exit 1; }
