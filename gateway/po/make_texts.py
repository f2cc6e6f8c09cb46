"""Makes the C table of texts from the .po files: make_texts.py ENGLISH.po JAPANESE.po OUTPUT.h

The ids of the English file are the ids that exist. The build ends with a sentence if one of them has no text or stands
twice, or if the Japanese file knows an id that the English one does not.
"""
import sys

import polib


def fail(path, line, sentence):
    sys.exit(f"{path}:{line}: {sentence}")


def read(path):
    """Entries by id; obsolete ones (#~) are remarks of translators and do not count."""
    entries = {}
    for entry in polib.pofile(path, encoding="utf-8"):
        if entry.obsolete:
            continue
        earlier = entries.setdefault(entry.msgid, entry)
        if earlier is not entry:
            fail(path, entry.linenum, f'the id "{entry.msgid}" stands twice, first in line {earlier.linenum}')
    return entries


def c_string(text):
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
    return '"' + "".join(escapes.get(character, character) for character in text) + '"'


def main(english_path, japanese_path, output_path):
    english, japanese = read(english_path), read(japanese_path)
    for text_id, entry in english.items():
        if not entry.msgstr:
            fail(english_path, entry.linenum, f'the id "{text_id}" has no English text')
    for text_id, entry in japanese.items():
        if text_id not in english:
            fail(japanese_path, entry.linenum, f'the id "{text_id}" is not in {english_path}')
    with open(output_path, "w", encoding="utf-8") as output:
        output.write("/* Made by gateway/po/make_texts.py from the .po files beside it. */\n")
        output.write("static const TextRow text_rows[] = {\n")
        # Sorted as strcmp sorts, by bytes.
        for text_id in sorted(english, key=lambda text_id: text_id.encode()):
            translated = text_id in japanese and japanese[text_id].msgstr
            output.write(f"\t{{{c_string(text_id)}, {c_string(english[text_id].msgstr)}, "
                         f"{c_string(translated) if translated else 'NULL'}}},\n")
        output.write("};\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
