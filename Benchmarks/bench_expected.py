"""The committed shares of the limit, by kind of processor, and their comparison with new ones. Used by speed.py."""

import json
import pathlib

FILE = pathlib.Path(__file__).resolve().parent / "expected.json"
# A share that fell by more than this fraction of the limit is a failure; medians of five pairs differ by less.
TOLERANCE = 0.05


def load():
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def update(family, shares):
    """Writes new shares of a processor; those of other processors and other tasks stay."""
    expected = load()
    expected[family] = dict(sorted({**expected.get(family, {}), **{name: round(share, 3) for name, share in shares.items()}}.items()))
    FILE.write_text(json.dumps(dict(sorted(expected.items())), indent=2, ensure_ascii=False) + "\n")


def compare(family, shares, expected=None):
    """Returns the lines of a comparison, and whether a share fell too far."""
    expected = (load() if expected is None else expected).get(family)
    if expected is None:
        return [f"no committed figures for this processor: {family}; --update writes them"], False
    lines, has_fallen = ["| task | committed | now | points |", "|---|---:|---:|---:|"], False
    for name, share in shares.items():
        if name not in expected:
            lines.append(f"| {name} | none | {share * 100:.0f} % | |")
            continue
        change = share - expected[name]
        fell = change < -TOLERANCE - 1e-9
        has_fallen |= fell
        mark = ": fell by more than 5 points" if fell else ""
        lines.append(f"| {name}{mark} | {expected[name] * 100:.0f} % | {share * 100:.0f} % | {change * 100:+.1f} |")
    return lines, has_fallen
