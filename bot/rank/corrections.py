"""What a chat ruled out as a reason: it stays known, but adds nothing to a score."""

from __future__ import annotations

from bot.model import Profile, ReasonKind


def ruled_out(profile: Profile, kind: ReasonKind) -> frozenset[str]:
    """The keys of the reasons of this kind that do not count for the whole chat: labels of interests, categories, ids
    of judged papers, units of words; "" for heat."""
    if not profile.corrections:
        return frozenset()
    return frozenset(one.key for one in profile.corrections if one.kind is kind and not one.reader_id)


def own_verdicts_out(profile: Profile, kind: ReasonKind) -> frozenset[tuple[int, str]]:
    """Reader and paper of the verdicts of this kind that readers ruled out for themselves alone."""
    return frozenset((one.reader_id, one.key) for one in profile.corrections if one.kind is kind and one.reader_id)
