"""Time zones as people write them: IANA names, city names, offsets."""

from __future__ import annotations

import difflib
import functools
import re
from zoneinfo import available_timezones

from bot.errors import UnknownTimezone

_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+\-−])\s*(\d{1,2})(?::?([0-5]\d))?", re.IGNORECASE)

# Whole hours have Etc/GMT zones; for the others the zone where most people live by that offset all year.
_BROKEN_HOURS = {
    210: "Asia/Tehran",
    270: "Asia/Kabul",
    330: "Asia/Kolkata",
    345: "Asia/Kathmandu",
    390: "Asia/Yangon",
    525: "Australia/Eucla",
    570: "Australia/Darwin",
    -570: "Pacific/Marquesas",
}

# Cities and regions that people name and the time zone database does not.
_PLACES = {
    "beijing": "Asia/Shanghai",
    "china": "Asia/Shanghai",
    "shenzhen": "Asia/Shanghai",
    "guangzhou": "Asia/Shanghai",
    "hangzhou": "Asia/Shanghai",
    "北京": "Asia/Shanghai",
    "上海": "Asia/Shanghai",
    "深圳": "Asia/Shanghai",
    "广州": "Asia/Shanghai",
    "杭州": "Asia/Shanghai",
    "中国": "Asia/Shanghai",
    "北京时间": "Asia/Shanghai",
    "香港": "Asia/Hong_Kong",
    "台北": "Asia/Taipei",
    "新加坡": "Asia/Singapore",
    "东京": "Asia/Tokyo",
    "首尔": "Asia/Seoul",
    "伦敦": "Europe/London",
    "巴黎": "Europe/Paris",
    "柏林": "Europe/Berlin",
    "苏黎世": "Europe/Zurich",
    "纽约": "America/New_York",
    "洛杉矶": "America/Los_Angeles",
    "多伦多": "America/Toronto",
    "悉尼": "Australia/Sydney",
    "boston": "America/New_York",
    "washington": "America/New_York",
    "pittsburgh": "America/New_York",
    "princeton": "America/New_York",
    "san francisco": "America/Los_Angeles",
    "seattle": "America/Los_Angeles",
    "stanford": "America/Los_Angeles",
    "berkeley": "America/Los_Angeles",
    "montreal": "America/Toronto",
    "delhi": "Asia/Kolkata",
    "mumbai": "Asia/Kolkata",
    "bangalore": "Asia/Kolkata",
    "munich": "Europe/Berlin",
    "hamburg": "Europe/Berlin",
    "geneva": "Europe/Zurich",
    "lausanne": "Europe/Zurich",
    "cambridge": "Europe/London",
    "oxford": "Europe/London",
    "edinburgh": "Europe/London",
    "tel aviv": "Asia/Jerusalem",
    "z": "UTC",
}


@functools.cache
def _zones() -> dict[str, str]:
    """Every name a zone may be called by, in lower case with spaces, → the zone; areas lose against cities."""
    zones = sorted(
        zone
        for zone in available_timezones()
        if not zone.startswith(("posix/", "right/")) and zone not in ("Factory", "localtime")
    )
    names: dict[str, str] = {}
    for zone in zones:
        names.setdefault(_plain(zone.rsplit("/", 1)[-1]), zone)
    names.update({_plain(zone): zone for zone in zones})
    names.update(_PLACES)
    return names


def _plain(text: str) -> str:
    return re.sub(r"[\s_]+", " ", text.strip().lower())


def find(text: str) -> str:
    """The IANA zone that `text` means: "Europe/Berlin", "berlin", "UTC+8", "北京".

    Raises:
        UnknownTimezone: no such zone; names up to three near ones.
    """
    plain = _plain(text)
    offset = _OFFSET.fullmatch(plain)
    if offset is not None:
        return _by_offset(text, offset)
    zones = _zones()
    if plain in zones:
        return zones[plain]
    near = difflib.get_close_matches(plain, zones, n=6, cutoff=0.72)
    raise UnknownTimezone(text, tuple(dict.fromkeys(zones[name] for name in near))[:3])


def _by_offset(text: str, offset: re.Match[str]) -> str:
    sign = 1 if offset[1] == "+" else -1
    minutes = sign * (int(offset[2]) * 60 + int(offset[3] or 0))
    if minutes in _BROKEN_HOURS:
        return _BROKEN_HOURS[minutes]
    hours = minutes // 60
    if minutes % 60 or not -12 <= hours <= 14:
        raise UnknownTimezone(text)
    # POSIX counts west of Greenwich as positive, so the sign in the name is the other way round.
    return "UTC" if hours == 0 else f"Etc/GMT{-hours:+d}"
