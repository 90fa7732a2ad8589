"""The proxy of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), the same for every request we make."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_for(url: str) -> str | None:
    """The address of the http proxy to ask for `url`, None to ask directly. Loopback is always asked directly."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_loopback(host) or proxy_bypass(parts.netloc):
        return None
    proxy = getproxies().get(parts.scheme, "")
    return proxy if proxy.startswith(("http://", "https://")) else None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
