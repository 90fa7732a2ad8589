"""A paper's PDF → a document, without ever letting a PDF harm the bot.

reader    what the bot calls: a child process with limits of time and memory, and what became of it
worker    what runs in the child: limits first, then glyphs → lines → layout → document
glyphs    pypdfium2 → the characters of a page, with place, size and font
lines     characters → words and lines (pure)
layout    lines → what each is: running head, footnote, caption, formula, heading, text in reading order (pure)
document  the classified lines → sections, paragraphs, tables, references, author block (pure)
hyphens   lines → one text, words divided at line ends made whole (pure)
"""
