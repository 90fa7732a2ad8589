"""arXiv and heat → papers: one polite client, and what is read through it.

client       every request to the outside: pacing, one connection to arXiv, what counts as throttling
listing      an announcement page as HTML → what it says, counts checked (pure)
announced    the newest listing of a category, or that of an earlier day, with all its pages
calendar     when arXiv announces, and when to look next (pure)
identify     what a person types → arXiv ids (pure)
lookup       papers by id or by search, through the `arxiv` package and a politesession
heat         Hugging Face daily papers
fulltext     a paper's text, the best that can be had: its HTML, else its PDF, else the abstract
latexml      arXiv's HTML → a document with anchors (pure); tabular its tables, nodes what both need
pdf/         a PDF → a document (pure but for glyphs, which opens it)
child        the process in which PDFs and long pages are read; child_main is what runs there
addresses    the web addresses in a text; languages the language it is written in (pure)
institutions what an author block states of its authors' houses (pure)
categories   arXiv's taxonomy
"""
