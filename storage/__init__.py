"""What is remembered: database rows in, the nouns of `bot.model` out, on SQLite and on PostgreSQL alike.

tables.py        every table                    migrations/   the same, step by step
database.py      open, begin, read, back up     address.py    what DATABASE_URL names
guard.py         whose database is it           faults.py     driver errors → bot.errors, at one border
migrate.py       Alembic, up and down           engines.py    how connections are made
running.py       one bot per database           backup.py     a consistent copy
soundness.py     what `paperboy db check` asks  sql.py        what both engines share
codec.py         frozen dataclasses ↔ JSON
papers.py  listings.py  heat.py  institutions.py  chats.py  verdicts.py  corrections.py  digests.py  deliveries.py  cards.py
                 one file per noun: plain functions whose first argument is a connection
"""
