"""A folder with which Scripts/check-gpu runs on a machine that has neither Swift nor a network: a Python with torch and a C++
compiler are enough.

The program is linked with Swift's runtime and without our C++ on libtorch, which is compiled there, for the libtorch that is there.
"""

import lzma
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIBRARY = "libctorch.so"
ARROW = ["libarrow.so.2600", "libarrow_compute.so.2600", "libparquet.so.2600"]
# Swift's libraries, as far as the program uses them.
SWIFT = ["Foundation", "FoundationInternationalization", "FoundationEssentials", "CoreFoundation", "_FoundationICU",
         "_FoundationCShims", "_FoundationCollections", "dispatch", "BlocksRuntime", "stdc++"]
# As in Package.swift.
FLAGS = ["-std=c++20", "-O3", "-ffp-contract=fast", "-Wno-psabi", "-fPIC", "-shared"]
MOST = 60_000_000


def run(*words, **options):
    subprocess.run([str(word) for word in words], check=True, stdout=sys.stderr, **options)


def compile_shim(sources, torch, output):
    """Compiles our C++ on libtorch.

    - sources: The folder with `units`, `include` and `gloo`.
    - torch: The folder of the Python package, with `include` and `lib`.
    """
    lib = torch / "lib"
    openmp = next(lib.glob("libgomp*.so*"), None)
    run(os.environ.get("CXX", "c++"), *FLAGS, "-I", sources / "include", "-I", sources / "gloo", "-I", torch / "include",
        "-I", torch / "include/torch/csrc/api/include", *sorted(sources.glob("units/*.cpp")), "-o", output,
        "-L", lib, "-ltorch_cpu", "-lc10", *([openmp] if openmp else ["-lgomp"]), f"-Wl,-rpath,{lib}")


def link_program(build, folder):
    """Links the program of a build without the objects of our C++ on libtorch."""
    objects = (build / "attune.product/Objects.LinkFileList").read_text().splitlines()
    kept = folder / "objects"
    kept.write_text("\n".join(name for name in objects if "/CTorch.build/" not in name))
    run("c++", "-shared", *(name for name in objects if "/CTorch.build/" in name), "-o", folder / LIBRARY)
    arrow = ROOT / ".native/pyarrow"
    run("swiftc", "-static-stdlib", "-o", folder / "attune", f"@{kept}", "-L", folder, "-lctorch", "-L", arrow,
        *(f"-l:{name}" for name in ARROW), *(f"-l{name}" for name in SWIFT),
        # SwiftPM gives the program's main another name, so that tests can link it.
        *("-Xlinker --defsym=main=AttuneCommand_main -Xlinker -rpath -Xlinker $ORIGIN -Xlinker --gc-sections "
        "-Xlinker -s -Xlinker --allow-shlib-undefined").split())
    for name in ARROW:
        shutil.copy(arrow / name, folder / name)
        run("strip", folder / name)
    kept.unlink()
    # It is made again there.
    (folder / LIBRARY).unlink()


def pack(folder):
    """Writes the folder.

    Its programs and models are compressed, and unpacked by the first run.
    """
    if folder.exists():
        sys.exit(f"check-gpu: {folder} exists; give a new folder")
    run("make", "build", cwd=ROOT)
    build = pathlib.Path(subprocess.run(["swift", "build", "-c", "release", "--show-bin-path"], cwd=ROOT, check=True,
                                        capture_output=True, text=True).stdout.strip())
    parts = folder / "parts"
    parts.mkdir(parents=True)
    link_program(build, parts)
    shutil.copytree(ROOT / "Sources/CTorch", parts / "shim")
    shutil.copytree(ROOT / "Tests/Fixtures/models", parts / "models", ignore=shutil.ignore_patterns("expected*"))
    with lzma.open(folder / "parts.tar.xz", "wb", preset=6) as file, tarfile.open(fileobj=file, mode="w") as archive:
        archive.add(parts, "parts")
    shutil.rmtree(parts)
    for name in ["check-gpu", "gpu_pack.py", "gpu_model.py", "tiny_families.py"]:
        shutil.copy(ROOT / "Scripts" / name, folder / name)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder}: {size / 1e6:.1f} MB; copy it to the machine with the card and run {folder.name}/check-gpu there")
    if size > MOST:
        sys.exit(f"check-gpu: the pack is larger than {MOST / 1e6:.0f} MB")


def unpacked(folder):
    """The program of a pack: unpacked, and with our C++ compiled for this Python's torch."""
    parts = folder / "parts"
    if not (parts / "attune").exists():
        with tarfile.open(folder / "parts.tar.xz") as archive:
            archive.extractall(folder)
    if not (parts / LIBRARY).exists():
        torch = pathlib.Path(sysconfig.get_paths()["purelib"]) / "torch"
        if not torch.is_dir():
            import torch as package
            torch = pathlib.Path(package.__file__).parent
        compile_shim(parts / "shim", torch, parts / LIBRARY)
    return parts / "attune"
