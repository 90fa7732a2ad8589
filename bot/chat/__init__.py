"""All of Telegram: what arrives, what is answered, and how it looks.

    update → routes.py → reception.py → a handler → use case → views.py → document.py → layouts.py → posting.py → Telegram

    routes.py         every route in one ordered list; what is seen or pressed has one file each beside it:
                      start, settings, layout, follows, subscribing, digest, card (draft), drawing, paper, verdicts,
                      saved, profile, status, forget, answers (plain text), membership (brought in, thrown out, moved), fallback
    reception.py      who comes in, in which order, and what they are told when it fails
    visit.py          one thing seen or pressed: who, where, and the means to answer; desk.py is what it works with
    administrators.py who may change a group's settings
    callbacks.py      what a button says when it is pressed
    application.py    python-telegram-bot with the routes in it

    views.py          use cases' values → documents, by templates/: templating.py, words.py, prose.py, causes.py
    document.py       a template's markup → tree.py, a tree of blocks that knows its size: clean.py, spaces.py
    layouts.py        the tree → messages in a chat's layout
    classic.py        … HTML of at most 4,096 characters with inline keyboards: runs.py, formula.py; pages.py, to be turned
    blocks.py         … native blocks: fitting.py
    picture.py        formulas → a picture
    plain.py  markdown.py  webpage.py   the tree for a terminal, a file, a browser: mathml.py

    transport.py      requests                     polling.py   updates
    lanes.py          who may go when: pacing.py   delivery.py  planned messages: posting.py, outcome.py, retries.py
    calling.py        one call in plain values
    offers.py         what the server does not know

Nothing outside of `bot.app` imports this room; it imports use cases, the nouns and the errors.
"""
