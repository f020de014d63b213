# shellcheck shell=bash
# The loop of Scripts/fuzz-data, Scripts/fuzz-checkpoints, Scripts/fuzz-exports and Scripts/fuzz-requests. An input depends only on its
# number. If the program crashes, hangs, takes 2 GB or violates an invariant, the input is kept and the program is restarted with the
# next one.

# Removed when the script ends.
trash=()
trap 'rm -rf "${trash[@]}"' EXIT

# fuzz PROGRAM COUNT FIRST SEEDS...: builds the program and runs it on the inputs FIRST ..< FIRST + COUNT.
# STEP is the number of inputs per process, SANITIZE a sanitizer; PURE=1 builds without libtorch. TESTABLE=1 lets the program import
# modules with @testable.
fuzz() {
    local name=$1 count=$2 next=$3
    shift 3
    local end=$((next + count)) found=0 size status number started memory build program findings
    build=.build-fuzzing${SANITIZE:+-$SANITIZE}
    [ -n "${PURE:-}" ] || build=$build-torch
    findings=$build/findings
    memory=${TMPDIR:-/tmp}
    [ -d /dev/shm ] && memory=/dev/shm
    space=$(mktemp -d "$memory/fuzz.XXXXXX")
    trash+=("$space")
    swift build -c release --package-path Fuzzing --scratch-path "$build" --product "$name" \
        ${SANITIZE:+--sanitize="$SANITIZE"} ${TESTABLE:+-Xswiftc -enable-testing}
    program=$(swift build -c release --package-path Fuzzing --scratch-path "$build" --show-bin-path \
        ${SANITIZE:+--sanitize="$SANITIZE"})/$name
    mkdir -p "$space/seeds" "$space/inputs" "$findings"
    cp -r "$@" "$space/seeds/"
    : > "$space/counts"
    export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
    started=$(date +%s)
    while [ "$next" -lt "$end" ]; do
        size=$((end - next < ${STEP:-20000} ? end - next : ${STEP:-20000}))
        status=0
        (
            # A program that needs more memory fails, not the machine. The sanitizer maps terabytes of shadow memory.
            [ -n "${SANITIZE:-}" ] || ulimit -v 6000000
            exec "$program" "$space/seeds" "$space/inputs" "$next" "$size"
        ) >> "$space/counts" 2> "$space/errors" || status=$?
        if [ "$status" -eq 0 ]; then
            next=$((next + size))
        else
            number=$(cat "$space/inputs/at")
            found=$((found + 1))
            rm -rf "${findings:?}/$number"
            cp -r "$space/inputs" "$findings/$number"
            cp "$space/errors" "$findings/$number/errors"
            printf 'input %s: exit code %s; kept in %s\n' "$number" "$status" "$findings/$number" >&2
            head -c 2000 "$space/errors" >&2
            next=$((number + 1))
        fi
        rm -rf "$space/inputs" && mkdir "$space/inputs"
        printf '%s inputs, %s found, %s s\n' "$((next - end + count))" "$found" "$(($(date +%s) - started))" >&2
    done
    printf '%-24s %10s %10s\n' kind inputs read
    awk '$1 != "peak" {inputs[$1] += $2; read[$1] += $3; sum += $2}
        $1 == "peak" && $2 > peak {peak = $2}
        END {for (kind in inputs) printf "%-24s %10d %10d\n", kind, inputs[kind], read[kind] | "sort"
             close("sort"); printf "%-24s %10d            peak %d MB\n", "all", sum, peak}' "$space/counts"
    printf '%s found in %s s\n' "$found" "$(($(date +%s) - started))"
    [ "$found" -eq 0 ]
}
