"""Paperboy: the way of a paper, and the rooms along it.

    arXiv, Hugging Face --pull--> papers --rank--> rows --digest--> table --chat--> a Telegram chat
                                                                                        |
            refined profile <--feedback-- verdict <-- card <--reading-- a pressed button

    pull/            arXiv and heat → papers: one polite client, listings, calendar, look-up, heat, full text
    rank/            papers × profile → scored papers → rows: score, selection, reasons
    card/            full text → card: local analyst, checklist, formulas
    llm/             the language model, where one is configured: on account, in a process of its own
    schedule.py      who is due at `now`
    rounds.py  parts.py  material.py  shelf.py   everybody's hour: neighbouring chats served together from the same days
    intake.py  rankings.py  digest.py  reading.py  analyses.py  feedback.py  subscription.py  report.py
    why.py  learning.py  replay.py  library.py  alerts.py   the use cases
    work/            where the jobs run
    chat/            all of Telegram: routes, one file per thing seen or pressed, document tree → messages, delivery
    playground/      a Bot API stand-in and a sample day, for trying the bot without a token
    app.py           opens, wires, runs, closes: the only file that knows all

Stages (pull, rank, card) know `model` and `errors` alone; use cases know stages and storage; chat knows use cases.
`tests/test_architecture.py` holds the rooms to this.
"""
