"""What must not leave the house: passwords in URLs."""

from __future__ import annotations

import re

import sqlalchemy
from sqlalchemy.exc import ArgumentError

SECRETS = ("password", "passwd", "pwd", "token", "sslpassword")
URL = re.compile(r"[a-zA-Z][\w+.-]*://\S*(?: \S*@\S*)*")


def hidden_url(url: str) -> str:
    """The URL with `***` for its password; what cannot be parsed is not shown at all."""
    if "://" not in url:
        return url  # a path
    try:
        parsed = sqlalchemy.make_url(url)
    except (ArgumentError, ValueError):
        return url.split("://", 1)[0] + "://***"
    kept = {k: "***" if k.lower() in SECRETS else v for k, v in parsed.query.items()}
    host = parsed.host or ""
    if "@" in host or any(s.isspace() for s in url):  # a password with an @ or a space in it
        return f"{parsed.drivername}://***"
    return parsed.set(query=kept).render_as_string(hide_password=True)


def hidden(text: str) -> str:
    """`text` with every URL in it as `hidden_url` shows it."""
    return URL.sub(lambda found: hidden_url(found[0]), text)
