"""Starts the program. Imports neither torch nor pyarrow: the program finds their libraries next to this package."""

import os
import sys

LIBRARIES = (("torch", "@TORCH@", "torch/lib/libtorch_cpu.so"), ("pyarrow", "@PYARROW@", "pyarrow/@ARROW@"))


def main():
    package = os.path.dirname(os.path.abspath(__file__))
    here = os.path.dirname(package)
    elsewhere = []
    for name, version, library in LIBRARIES:
        folder = next((place for place in [here, *sys.path] if os.path.isfile(os.path.join(place, library))), None)
        installed = (f"{name}-{version}.dist-info", f"{name}-{version}+")
        if folder is None or not any(entry.startswith(installed) for entry in os.listdir(folder)):
            sys.exit(f"attune: this version needs {name} {version}; install it with: pip install {name}=={version}")
        if folder != here:
            elsewhere.append(os.path.dirname(os.path.join(folder, library)))
    if elsewhere:
        # For example the system's packages, if only attune is in the user's.
        os.environ["LD_LIBRARY_PATH"] = ":".join([*elsewhere, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])])
    name = sys.argv[0] if os.path.basename(sys.argv[0]) == "attune" else "attune"
    os.execv(os.path.join(package, "bin", "attune"), [name, *sys.argv[1:]])


if __name__ == "__main__":
    main()
