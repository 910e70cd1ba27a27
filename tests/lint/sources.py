"""Which files of the tree the lint looks at. Run from the repository root."""

import pathlib

FOLDERS = ("misc", "net", "logic", "proc", "testing", "client-sim", "bench", "examples", "tests")


def files(*suffixes: str, folders: tuple[str, ...] = FOLDERS) -> list[pathlib.Path]:
    """All files of `folders` with one of `suffixes`, sorted."""
    found = (path for folder in folders for path in pathlib.Path(folder).rglob("*"))
    return sorted(path for path in found if path.suffix in suffixes and path.is_file())


def strip_comments_and_strings(text: str) -> str:
    """The C++ `text` with comments and the insides of literals blanked; lines stay where they are."""
    out, i = [], 0
    while i < len(text):
        if text.startswith("//", i):
            end = text.find("\n", i)
            end = len(text) if end < 0 else end
        elif text.startswith("/*", i):
            end = text.find("*/", i + 2)
            end = len(text) if end < 0 else end + 2
        elif text.startswith('R"', i) and (i == 0 or not text[i - 1].isalnum()):
            delimiter = text[i + 2 : text.index("(", i)]
            end = text.find(f'){delimiter}"', i) + len(delimiter) + 2
        elif text[i] == '"' or (text[i] == "'" and not (i > 0 and text[i - 1].isalnum())):
            end = i + 1
            while end < len(text) and text[end] not in (text[i], "\n"):
                end += 2 if text[end] == "\\" else 1
            end += 1
        else:
            out.append(text[i])
            i += 1
            continue
        out.append("".join(c if c == "\n" else " " for c in text[i:end]))
        i = end
    return "".join(out)
