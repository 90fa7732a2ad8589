"""A paper's text → its card: what the paper says, where it stands, and what code can decide about the text.

local        the analyst that needs no model: every claim is a quote of the paper
llm          the analyst that asks a language model, and what holds it to the text
outline      sections by their role, sentences by their place
abstracts    what each sentence of an abstract does
experiments  datasets, metrics and baselines, one file each; mentions: what headings, lists and references make of names
checklist    facts about the text, each with the rule that found it
tags         facts about the paper, by key
verify       whether a quote occurs in the source, and whether every number of a claim stands in it
quantities   the numbers with units, names with digits and references that a text asserts
claims       all claims of a card, to count and to change them
sentences, citations, symbols, formulas, names, lexicon      what the others need

`SCHEMA` counts the shapes of a card's content; a stored card of another schema is made anew.
"""

from __future__ import annotations

SCHEMA = 2
