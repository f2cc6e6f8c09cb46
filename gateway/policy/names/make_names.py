"""Makes C tables of names from text files: make_names.py OUTPUT.h NAME.txt...

Each file becomes `static const char *const NAME_names[]`, its lines sorted, NULL at the end. "#" begins a comment. A line is in lower-case ASCII; one that stands
twice ends the build with a sentence.
"""
import pathlib
import sys


def read(path):
    lines = {}
    for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), 1):
        words = " ".join(line.split("#")[0].split())
        if not words:
            continue
        if words != words.lower():
            sys.exit(f"{path}:{number}: {words} has capitals")
        if words in lines:
            sys.exit(f"{path}:{number}: {words} stands twice, first in line {lines[words]}")
        lines[words] = number
    return sorted(lines)


def main(output_path, *paths):
    with open(output_path, "w", encoding="ascii") as output:
        output.write("/* Made by gateway/policy/names/make_names.py from the files beside it. */\n")
        for path in map(pathlib.Path, paths):
            output.write(f"static const char *const {path.stem}_names[] = {{\n")
            output.writelines(f'\t"{name}",\n' for name in read(path))
            output.write("\tNULL};\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
