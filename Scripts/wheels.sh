# Functions that fetch Python wheels as plain archives, by name and version; sourced by setup-native and fetch-demo-data.
#
# Wheels are unpacked in a temporary folder of the user's cache and then renamed, so an existing folder is complete, and two
# set-ups at the same time do no harm. Nothing is installed into any Python.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# fail MESSAGE: prints the message and exits.
fail() {
    printf 'attune set-up: %s\n' "$*" >&2
    exit 1
}

# A relative XDG_CACHE_HOME is ignored, as the XDG specification requires.
case "${XDG_CACHE_HOME:-}" in
/*) cache=$XDG_CACHE_HOME/attune ;;
*) [ -n "${HOME:-}" ] || fail "HOME is not set, so there is no place for the cache; set HOME or XDG_CACHE_HOME"
    cache=$HOME/.cache/attune ;;
esac

# Finds a Python 3 that can run pip; its command goes to $python.
require_python() {
    python=python3
    $python -c '' >/dev/null 2>&1 ||
        fail "no working python3 found; install Python 3.10 to 3.14 (it only fetches libraries)"
    $python -m pip --version >/dev/null 2>&1 ||
        fail "python3 has no pip; install it with your system's packages (python3-pip) or: python3 -m ensurepip --user"
}

# fetch_wheels PLACE LABEL PIP-ARGUMENT...: unpacks the wheels that pip selects into the folder PLACE, unless it exists.
fetch_wheels() {
    local place=$1 label=$2 folder work output
    shift 2
    [ -d "$place" ] && return 0
    require_python
    folder=$(dirname "$place")
    mkdir -p "$folder" 2>/dev/null || fail "cannot write $folder; check its permissions, or set XDG_CACHE_HOME"
    # Remove the leftovers of killed set-ups after a day.
    find "$folder" -maxdepth 1 -name '.fetch-*' -mtime +0 -exec rm -rf {} +
    work=$(mktemp -d "$folder/.fetch-XXXXXX" 2>/dev/null) ||
        fail "cannot write $folder; check its permissions and free space, or set XDG_CACHE_HOME"
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    printf 'fetching %s …\n' "$label" >&2
    output=$(TMPDIR=$work $python -m pip download --quiet --only-binary=:all: -d "$work/wheels" "$@" 2>&1) ||
        explain_pip "$label" "$output"
    unpack "$work/wheels" "$work/tree"
    # The first set-up wins; another one's copy is discarded.
    $python -c 'import os, sys; os.rename(*sys.argv[1:])' "$work/tree" "$place" 2>/dev/null ||
        [ -d "$place" ] || fail "cannot write $place; check the permissions of $folder"
    rm -rf "$work"
    trap - EXIT
}

# explain_pip LABEL OUTPUT: says why pip failed.
explain_pip() {
    local here
    here="$(uname -sm) and Python $($python -c 'import platform; print(platform.python_version())')"
    if grep -qiE 'no space left|disk quota|no usable temporary' <<<"$2"; then
        fail "the disk is full; free $room below $cache (or set XDG_CACHE_HOME) and run this again"
    elif grep -qiE 'connection|timed out|resolve host|resolution|unreachable|retries|proxy' <<<"$2"; then
        fail "cannot fetch $1: pip cannot reach its package index; check the network and pip's configuration, then run this again"
    elif grep -qi 'from versions: none' <<<"$2"; then
        fail "pip finds no $1: it cannot reach its package index (check the network), or no build exists for $here (use Python 3.10 to 3.14)"
    elif grep -qi 'no matching distribution' <<<"$2"; then
        fail "pip's package index has no $1 for $here; use Python 3.10 to 3.14, and leave ATTUNE_TORCH unset if you set it"
    fi
    fail "pip could not fetch $1: $(tail -n 1 <<<"$2")"
}

# unpack WHEELS TREE: checks every archive and unpacks them all into one tree.
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
        wheel.unlink()
except OSError as error:
    sys.exit(f"cannot unpack {wheel.name}: {error.strerror}; free ROOM")
except zipfile.BadZipFile as error:
    sys.exit(f"{wheel.name} is damaged: {error}; remove pip's copy (python3 -m pip cache purge)")
PYTHON
    ) || fail "$(tail -n 1 <<<"${reason/ROOM/$room below $cache}") and run this again"
}

# link TARGET NAME: links .native/NAME to TARGET.
link() {
    mkdir -p "$(dirname "$root/.native/$2")" && ln -sfn "$1" "$root/.native/$2" ||
        fail "cannot write $root/.native; check its permissions"
}
