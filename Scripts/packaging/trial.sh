# Functions that try an installation in an empty system: a folder with its own libraries, home and process list, and without network,
# compiler, Swift, this checkout and its caches. Sourced by check-install, check-dist and check-wheel.

source "$(dirname "${BASH_SOURCE[0]}")/functions.sh"

export LC_ALL=C
umask 022
require_build
box=$(mktemp -d "${TMPDIR:-/tmp}/attune-trial-XXXXXX")
trap 'rm -rf "$box"' EXIT
[ "$(id -u)" -eq 0 ] && spaces=() || spaces=(--user --map-root-user)

# make_box [ROOT]: fills the box with a copy of ROOT, the folder of a base system such as debootstrap makes, or with C libraries, a
# shell and a few tools of this machine.
make_box() {
    local file tool
    if [ -n "${1:-}" ]; then
        cp -a "$1/." "$box"
    else
        mkdir -p "$box"/usr/bin
        ln -s usr/bin "$box/bin"
        for tool in sh env cat ls mkdir rm mv ln tar gzip grep; do bring "$(command -v $tool)"; done
        for file in $(ldd "$program" | awk -v ours="$system" '/=> \// && index(ours, " " $1 " ") {print $3}'); do bring "$file"; done
    fi
    mkdir -p "$box"/{proc,dev,tmp,user,data}
    cp -R "$root/Tests/Fixtures/models/tiny-base" "$box/data/model"
    awk 'BEGIN {
        print "text,author"
        for (i = 0; i < 40; i++) print "number " i " is " (i % 2 ? "rainy,bob" : "sunny,ann")
    }' >"$box/data/rows.csv"
    for tool in swift clang gcc cc; do
        [ ! -e "$box/usr/bin/$tool" ] || fail "the system to try has $tool; give one without compilers"
    done
    printf 'a system of %s files, %s, %s\n' "$(find "$box" -type f | wc -l)" "$(megabytes "$box")" \
        "${1:-C libraries and tools of this machine, $(ldd --version | sed -n '1s/.* /glibc /p')}"
}

# bring FILE: copies a file of this machine to its place in the box, and the libraries that it needs.
bring() {
    local file
    [ ! -e "$box/$1" ] || return 0
    mkdir -p "$box/$(dirname "$1")"
    cp -L "$1" "$box/$1"
    for file in $(ldd "$1" 2>/dev/null | grep -oE '/[^ ]+'); do
        [ -e "$box/$file" ] || { mkdir -p "$box/$(dirname "$file")" && cp -L "$file" "$box/$file"; }
    done
}

# inside COMMAND...: runs a command in the box, in an empty environment.
inside() {
    unshare "${spaces[@]}" --mount --pid --net --fork sh -c '
        mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" &&
            PATH=$PATH:/usr/sbin exec chroot "$0" /usr/bin/env -i HOME=/user PATH=/usr/local/bin:/usr/bin:/bin "$@"' "$box" "$@"
}

# expect PATTERN COMMAND...: runs a command in the box; fails unless it succeeds and its output matches the extended pattern.
expect() {
    local pattern=$1 output
    shift
    output=$(inside "$@" 2>&1) || fail "failed: $*"$'\n'"$output"
    grep -qE "$pattern" <<<"$output" || fail "printed no line that matches \"$pattern\": $*"$'\n'"$output"
}

# refuse PATTERN COMMAND...: runs a command in the box; fails unless it fails with a message that matches.
refuse() {
    local pattern=$1 output
    shift
    if output=$(inside "$@" 2>&1); then fail "succeeded, but should not: $*"; fi
    grep -qE "$pattern" <<<"$output" || fail "the message does not match \"$pattern\": $*"$'\n'"$output"
}

# since TIME: prints the seconds since a value of EPOCHREALTIME.
since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN {printf "%.1f s", to - from}'; }

# try_commands BEGAN COMMAND...: trains on a Parquet file, predicts, and asks for advice. Reports the time since the installation BEGAN.
try_commands() {
    local began=$1
    shift
    expect "^${version//./\\.}\$" "$@" --version
    printf 'installed, and --version answered, after %s\n' "$(since "$began")"
    expect '' "$@" data convert --dataset /data/rows.csv --output /user/rows.parquet
    [ "$(head -c 4 "$box/user/rows.parquet")" = PAR1 ] || fail 'data convert wrote no Parquet file'
    expect 'trained 4 steps' "$@" train --model /data/model --dataset /user/rows.parquet --text-column text \
        --label-column author --test-size 0.2 --split-seed 1 --max-steps 4 --save-strategy no --output-dir /user/run
    expect '"label": "(ann|bob)"' "$@" predict --model /user/run --text 'it is sunny'
    printf 'converted 40 rows to Parquet, trained 4 steps, first prediction after %s\n' "$(since "$began")"
    expect '^engine +libtorch' "$@" doctor
    printf 'doctor answered\n'
}

# check_loading PROGRAM [FOLDER...]: fails if the program in the box loads a library from elsewhere than these folders of the box, or
# opens any file of this checkout, its caches or the Swift toolchain.
check_loading() {
    local native=$1 folders name path folder wrong tool
    shift
    # Libraries of other versions, which the program must not take.
    mkdir -p "$box/tmp/other"
    for name in libtorch_cpu.so libc10.so libarrow.so.2600 libswiftCore.so; do : >"$box/tmp/other/$name"; done
    expect "^${version//./\\.}\$" env LD_LIBRARY_PATH=/tmp/other "$native" --version
    while read -r name _ path _; do
        case "$system linux-vdso.so.1 " in *" $name "*) continue ;; esac
        case "$name" in */ld-linux*) continue ;; esac
        wrong=$path
        for folder in "$@"; do
            case "$(realpath -m "$path")" in "$folder"/*) wrong= ;; esac
        done
        [ -z "$wrong" ] || fail "$name is loaded from $path"
    done < <(inside env LD_TRACE_LOADED_OBJECTS=1 "$native")
    if ! command -v strace >/dev/null; then
        printf 'strace is missing, so the opened files were not checked\n'
        return 0
    fi
    # Outside the box, where these files exist.
    (cd "$box" && env -i HOME="$box/user" strace -f -qq -e trace=file -o "$box/tmp/opened" \
        "$box$native" predict --model "$box/user/run" --text 'it is rainy' >/dev/null 2>&1) || fail "$native fails outside the box"
    folders=$(printf '%s\n' "$root" "$cache/native" "$searched" | grep -vE '^(/usr)?/lib')
    if wrong=$(grep -F -f <(sed '/^$/d; s|/*$|/|' <<<"$folders") "$box/tmp/opened"); then
        fail "the program opens files of the build: $(head -n 3 <<<"$wrong")"
    fi
    printf 'loads only its own libraries and opened %s files, none of the checkout, the caches or the Swift toolchain\n' \
        "$(grep -c ' = [0-9]' "$box/tmp/opened")"
}
