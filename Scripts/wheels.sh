# Fetching Python wheels by name and version as plain archives: sourced by setup-native and fetch-demo-data.
#
# Wheels go into the user's cache, each unpacked beside its place and then renamed: a folder that is there is whole,
# and two set-ups at once do no harm. Nothing is installed into any Python.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?set HOME, the cache goes below it}/.cache}/attune

# One clear sentence, and the end.
fail() {
    printf 'attune set-up: %s\n' "$*" >&2
    exit 1
}

# Finds a Python 3 that can run pip; its command goes to $python.
require_python() {
    command -v python3 >/dev/null || fail "python3 is missing; install Python 3.9 or newer (it only fetches libraries)"
    python=python3
    $python -m pip --version >/dev/null 2>&1 || fail "pip is missing; install it with: python3 -m ensurepip --user"
}

# fetch_wheel REQUIREMENT FOLDER PLACE [PIP OPTION ...]: unpacks the wheel as FOLDER/PLACE unless it is there.
fetch_wheel() {
    local requirement=$1 folder=$2 place=$3
    shift 3
    [ -d "$folder/$place" ] && return 0
    require_python
    mkdir -p "$folder" 2>/dev/null || fail "cannot write $folder; check its permissions, or set XDG_CACHE_HOME"
    local work
    work=$(mktemp -d "$folder/.fetch-XXXXXX" 2>/dev/null) || fail "cannot write $folder; free some room, or set XDG_CACHE_HOME"
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    printf 'fetching %s …\n' "$requirement" >&2
    if ! $python -m pip download --quiet --no-deps --only-binary=:all: "$@" -d "$work/wheels" "$requirement" \
        >"$work/log" 2>&1; then
        explain_pip "$requirement" "$work/log"
    fi
    unpack "$work/wheels" "$work/tree"
    # Whoever is first wins; the other's copy is thrown away.
    $python -c 'import os, sys; os.rename(*sys.argv[1:])' "$work/tree" "$folder/$place" 2>/dev/null ||
        [ -d "$folder/$place" ] || fail "cannot write $folder/$place"
    rm -rf "$work"
    trap - EXIT
}

# explain_pip REQUIREMENT LOG: says why pip failed.
explain_pip() {
    if grep -qi 'no space left' "$2"; then
        fail "the disk is full; free 3 GB below $cache (or set XDG_CACHE_HOME) and run this again"
    elif grep -qiE 'connection|timed out|resolve|network|retries|proxy' "$2"; then
        fail "cannot fetch $1: pip cannot reach its package index; check the network and pip's configuration, then run this again"
    elif grep -qi 'from versions: none' "$2"; then
        fail "pip finds no $1: either it cannot reach its package index (check the network), or there is none for $(uname -sm) and Python $($python -c 'import platform; print(platform.python_version())') (use Python 3.10 to 3.13)"
    elif grep -qi 'no matching distribution' "$2"; then
        fail "pip finds no $1 for $(uname -sm) and Python $($python -c 'import platform; print(platform.python_version())'); use a Python between 3.10 and 3.13 on x86-64 or arm64"
    fi
    fail "pip could not fetch $1: $(tail -n 1 "$2")"
}

# unpack WHEELS TREE: checks every archive and unpacks it.
unpack() {
    local reason
    reason=$($python - "$1" "$2" <<'PYTHON' 2>&1
import pathlib, sys, zipfile
wheels, tree = map(pathlib.Path, sys.argv[1:])
tree.mkdir()
try:
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(tree)  # checks every file's CRC
except (OSError, zipfile.BadZipFile) as error:
    sys.exit(str(error))
PYTHON
    ) || fail "the wheel could not be unpacked (${reason##*$'\n'}); free 3 GB below $cache and run this again"
}

# link TARGET NAME: points .native/NAME at TARGET, unless it does already.
link() {
    [ "$(readlink "$root/.native/$2" 2>/dev/null)" = "$1" ] && return 0
    mkdir -p "$root/.native"
    ln -sfn "$1" "$root/.native/$2"
}
