"""Rust sources as the checks in tools/ read them: comments and texts told from code, tests from what they test, and the
modules of a crate. No compiler: what this cannot tell (methods, macros' output) it leaves out."""

import functools
import pathlib
import re
import subprocess
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent

TOKEN = re.compile(
    r"""
    (?P<line>//[^\n]*)
  | (?P<block>/\*)
  | (?P<raw>\b(?:br|cr|r)(?P<hashes>\#*)")
  | (?P<string>\b[bc]?"(?:\\.|[^"\\])*"|"(?:\\.|[^"\\])*")
  | (?P<char>\bb?'(?:\\(?:x[0-9a-fA-F]{2}|u\{[^}]*\}|.)|[^'\\\n])'|'(?:\\(?:x[0-9a-fA-F]{2}|u\{[^}]*\}|.)|[^'\\\n])')
    """,
    re.VERBOSE | re.DOTALL,
)


def blank(text):
    """The same lines and columns, with nothing in them."""
    return re.sub(r"[^\n]", " ", text)


def split(text):
    """The code with comments and texts blanked, and the comments as (offset, text)."""
    code, comments, position = [], [], 0
    while found := TOKEN.search(text, position):
        start, end = found.start(), found.end()
        code.append(text[position:start])
        if found["block"]:
            depth = 1
            while depth and (mark := re.compile(r"/\*|\*/").search(text, end)):
                depth += 1 if mark[0] == "/*" else -1
                end = mark.end()
            end = end if depth == 0 else len(text)
        elif found["raw"] is not None:
            closing = text.find('"' + found["hashes"], end)
            end = len(text) if closing < 0 else closing + 1 + len(found["hashes"])
        if found["line"] or found["block"]:
            comments.append((start, text[start:end]))
        code.append(blank(text[start:end]))
        position = end
    code.append(text[position:])
    return "".join(code), comments


def end_of_item(code, start):
    """Where the item ends that starts here: its closing brace, or its semicolon."""
    depth = 0
    for offset in range(start, len(code)):
        character = code[offset]
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth == 0 and character == "}":
                return offset + 1
        elif character == ";" and depth == 0:
            return offset + 1
    return len(code)


def without_tests(code):
    """The code with items of `#[cfg(test)]` and `#[test]` blanked."""
    for mark in list(re.finditer(r"#\[(?:cfg\((?:all\()?test\b[^\]]*|test)\]", code)):
        start, end = mark.start(), end_of_item(code, mark.end())
        code = code[:start] + blank(code[start:end]) + code[end:]
    return code


class Source:
    """One file of Rust."""

    def __init__(self, path):
        self.path = path
        self.name = str(path.relative_to(ROOT))
        self.text = path.read_text()
        self.all_code, self.comments = split(self.text)

    @functools.cached_property
    def code(self):
        """Code that ends up in a program or library: no comments, texts or tests."""
        return "" if self.is_test else without_tests(self.all_code)

    @property
    def is_test(self):
        """Whether all of it is test code: of a test folder, or a crate of tests."""
        parts = pathlib.PurePath(self.name).parts
        return "tests" in parts or parts[:2] == ("crates", "test-support") or "benches" in parts or "examples" in parts or parts[-1] == "tests.rs"

    def line(self, offset):
        """The number of the line at this offset."""
        return self.text.count("\n", 0, offset) + 1


@functools.cache
def sources():
    """All files of Rust that git holds or would."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.rs"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    return [Source(ROOT / name) for name in sorted(listed) if (ROOT / name).exists()]


def packages():
    """The folder and the manifest of each crate of the workspace."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*Cargo.toml"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    found = []
    for name in sorted(listed):
        if (ROOT / name).exists():
            manifest = tomllib.loads((ROOT / name).read_text())
            if "package" in manifest:
                found.append(((ROOT / name).parent, manifest))
    return found


DEFINED = re.compile(r"\b(?:struct|enum|trait|union|type)\s+([A-Z]\w*)")
# A type of an impl or a trait is a part of that, and none of the crate's.
ASSOCIATED = re.compile(r"^\s*(?:pub(?:\([^)]*\))?\s+)?(?:unsafe\s+)?(?:impl|trait)\b[^;{]*\{", re.MULTILINE)


def defined_types(source):
    """Names of types that the file defines outside tests, with their offsets."""
    code = source.code
    inside = []
    for block in ASSOCIATED.finditer(code):
        inside.append((block.end(), end_of_item(code, block.end() - 1)))
    for found in DEFINED.finditer(code):
        if not any(start <= found.start() < end for start, end in inside):
            yield found[1], found.start()


FUNCTION = re.compile(r"\bfn\s+(\w+)")


def functions(source):
    """Functions outside tests: name, offset and length in lines."""
    code = source.code
    for found in FUNCTION.finditer(code):
        end = end_of_item(code, found.end())
        if code[end - 1 : end] == "}":
            yield found[1], found.start(), code.count("\n", found.start(), end) + 1
