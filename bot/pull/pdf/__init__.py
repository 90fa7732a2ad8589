"""A paper's PDF → a document; only bot.pull.child_main, in a process of its own, ever opens one.

glyphs      pypdfium2 → the characters of a page, with place, size and font
lines       characters → words and lines (pure)
layout      lines → what each is: running head, footnote, caption, table, formula, text in reading order (pure)
headings    which lines are headings, and how deep (pure)
front       title, author block and abstract (pure)
paragraphs  where paragraphs begin (pure)
hyphens     lines → one text, words divided at line ends made whole (pure)
entries     the list of references (pure)
grid        the cells of a table (pure)
document    all of it → the document (pure)
"""
