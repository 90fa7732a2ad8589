"""Papers × profile → scored papers → the few of a table.

background = Background.of(past papers)          what is usual; once a day
features = Features.of(papers, background)       the day's papers as numbers; once for all chats
ranking = score(features, profile, heat, organizations, now)
rows = select(ranking, size, seen=ids)

words.py  units.py       text → words, words → what a paper is compared by   columns.py   where each unit is counted
glossary.py  *.tsv       research terms in English and Chinese, kinds of paper, directions
interests.py             free text → weighted phrases          people.py   names of authors and institutions
features.py  taste.py    the day's papers; what verdicts teach   turning.py   which of them still stand
voices.py                each reader's own model, all heard alike
keywords.py  near.py     plain keywords to be held against; past papers near a question
corrections.py           what was ruled out as a reason       learned.py   what was learned, in words
score.py  ranking.py     scores and their reasons              select.py  direction.py
batch.py  nearness.py    the same for many chats at once, and what is compared for all of them
"""
