"""Heat, institutions and cards."""

from __future__ import annotations

from bot.model import HeatFacts
from storage import cards, heat, institutions, papers
from storage.database import Database
from tests.support.builders import card, claim, heat_entry, minutes, paper
from tests.support.builders import heat as reading

ONE, TWO, THREE = paper(1).id, paper(2).id, paper(3).id


async def test_heat_is_a_series(db: Database) -> None:
    """Readings add up, the same moment read twice is one, and heat may come before the paper."""
    async with db.begin() as conn:
        await heat.save(conn, [heat_entry(1, 5), heat_entry(2, 7)])
        await heat.save(conn, [heat_entry(1, 9, minutes(60), keywords=("rl",))])
        await heat.save(conn, [heat_entry(1, 6)])
        assert await heat.series(conn, ONE) == [reading(1, 6), reading(1, 9, minutes(60))]
        assert await heat.newest(conn, [ONE, TWO, THREE]) == {ONE: reading(1, 9, minutes(60)), TWO: reading(2, 7)}
        assert await heat.newest(conn, []) == {}
        assert await heat.last_at(conn, "hf") == minutes(60)
        assert await heat.last_at(conn, "elsewhere") is None
        assert await papers.get(conn, ONE) is None
        await heat.save(conn, [])


async def test_heat_facts_are_not_lost(db: Database) -> None:
    """A later list that says less takes nothing away."""
    async with db.begin() as conn:
        await heat.save(conn, [heat_entry(1, organization="ETH", repository="https://x", keywords=("rl",))])
        await heat.save(conn, [heat_entry(1, at=minutes(9), repository="https://y"), heat_entry(2)])
        assert await heat.facts(conn, [ONE, TWO, THREE]) == {
            ONE: HeatFacts(ONE, "ETH", "https://y", ("rl",)),
            TWO: HeatFacts(TWO),
        }


async def test_institutions_by_the_highest_version(db: Database) -> None:
    """Having looked in vain is known as well."""
    async with db.begin() as conn:
        await institutions.save(conn, ONE, 2, ("MIT", "清华大学"), minutes(0))
        await institutions.save(conn, ONE, 1, ("ETH",), minutes(1))
        await institutions.save(conn, TWO, 1, ("ETH",), minutes(0))
        await institutions.save(conn, TWO, 1, (), minutes(1))
        assert await institutions.get(conn, [ONE, TWO, THREE]) == {ONE: ("MIT", "清华大学"), TWO: ()}


async def test_cards_are_kept_by_version_language_and_schema(db: Database) -> None:
    """Another version, language or shape is another card."""
    async with db.begin() as conn:
        await cards.save(conn, card(1), minutes(0), 1)
        assert await cards.get(conn, ONE, 1, "en", 1) == card(1)
        for version, language, schema in ((2, "en", 1), (1, "zh", 1), (1, "en", 2)):
            assert await cards.get(conn, ONE, version, language, schema) is None
        await cards.save(conn, card(1, tags=("better",)), minutes(1), 1)
        assert await cards.get(conn, ONE, 1, "en", 1) == card(1, tags=("better",))


async def test_the_best_analyst_comes_first(db: Database) -> None:
    """A language model's card before the local one, then the newest."""
    async with db.begin() as conn:
        for moment, analyst in enumerate(("llm:old", "llm:new", "local")):
            await cards.save(conn, card(1, analyst=analyst), minutes(moment), 1)
        found = await cards.get(conn, ONE, 1, "en", 1)
    assert found is not None
    assert found.analyst == "llm:new"


async def test_a_card_may_hold_any_character(db: Database) -> None:
    """Papers quote what they like."""
    odd = card(1, method=(claim("a\x00b \ud800 \U0001f600 中文 </script>"),))
    async with db.begin() as conn:
        await cards.save(conn, odd, minutes(0), 1)
        assert await cards.get(conn, ONE, 1, "en", 1) == odd
