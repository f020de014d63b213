"""The project's documents, as Scripts/doc-… read them: README.md, ARCHITECTURE.md, CONTRIBUTING.md and docs/."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# [text](target), not ![picture](target).
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")
PICTURE = re.compile(r"!\[([^\[\]]*)\]\(([^()\s]+)\)")
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.M | re.S)


@dataclass
class Block:
    """A fenced block, with the comment `<!-- commands: NOTE -->` or `<!-- copy: FILE -->` above it, which readers do not see."""

    path: Path
    line: int
    language: str
    text: str
    note: str
    copied: str

    @property
    def place(self):
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def documents():
    """All documents, README.md first."""
    first = [ROOT / name for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]]
    return [*first, *sorted((ROOT / "docs").glob("*.md"))]


def blocks(path):
    """The fenced blocks of a document."""
    text = path.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        above = text[: match.start()].rstrip("\n").rsplit("\n", 1)[-1]
        comment = re.fullmatch(r"<!-- (commands|copy): (.*) -->", above.strip())
        kind, value = comment.groups() if comment else ("", "")
        yield Block(path, line, match[1], match[2], value if kind == "commands" else "", value if kind == "copy" else "")


def prose(text):
    """The text with its fenced blocks blanked, so that places stay the same."""
    return FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def headings(path):
    """Each heading's anchor on GitHub, and its text."""
    found = re.findall(r"^#{1,6} (.+)$", prose(path.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-"): heading for heading in found}
