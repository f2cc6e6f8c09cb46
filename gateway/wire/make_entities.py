"""Makes the C table of HTML5's named character references: make_entities.py OUTPUT.h

The names are those of Python's html.entities. The ones that end with a semicolon are taken, without it: the few that HTML5 reads without one too
are not decoded by PHP's html_entity_decode, and so not by us. Which of them HTML 4 had too stands beside them, because PHP's escaping
keeps only those (so not &apos;, which is of XML).
"""
import html.entities
import sys


def c_string(text):
    """Octal escapes of three digits, which a digit behind them cannot lengthen."""
    return '"' + "".join(f"\\{byte:03o}" for byte in text.encode()) + '"'


def main(output_path):
    names = sorted(name[:-1] for name in html.entities.html5 if name.endswith(";"))
    old_names = html.entities.name2codepoint
    with open(output_path, "w", encoding="utf-8") as output:
        output.write("/* Made by gateway/wire/make_entities.py. Sorted as strcmp sorts. */\n")
        output.write(f"#define HTML_NAME_BYTES {max(map(len, names))}u\n")
        output.write("static const HtmlEntity html_entities[] = {\n")
        for name in names:
            is_old = "TRUE" if name in old_names else "FALSE"
            output.write(f'\t{{"{name}", {c_string(html.entities.html5[name + ";"])}, {is_old}}},\n')
        output.write("};\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
