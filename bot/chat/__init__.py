"""All of Telegram: what arrives, what is answered, and how it looks.

    routes.py        every route in one ordered list; what is seen or pressed has one file each beside it
    visit.py         one thing seen or pressed: who, where, and the means to answer
    callbacks.py     what a button says when it is pressed
    views.py         use cases' values → documents, by templates/
    document.py      a template's markup → a tree of blocks that knows its size
    classic.py       the tree → HTML messages of at most 4,096 characters with inline keyboards
    plain.py  markdown.py  webpage.py    the tree for a terminal, a file, a browser
    transport.py  lanes.py  delivery.py  how it reaches Telegram

Nothing outside of `bot.app` imports this room; it imports use cases, the nouns and the errors.
"""
