"""The config that `triage init` writes: the few keys that must be set, each with its line of explanation."""

import json

_TEMPLATE = """\
# Every other key, with what it does and when one would change it, is in config.example.toml.

[database]
url = "sqlite:///triage.db"

[[mailbox]]
name = "support"
host = {host}
port = 993
security = "tls"
username = {username}
password_file = {password_file}
address = {address}
folder = "INBOX"

[relay]
host = {relay_host}
port = 587
security = "starttls"
username = {username}
password_file = {password_file}

[letters]
sender = {sender}
# A person releases each letter (triage letters list, triage letters release). Once you trust it: "auto".
acknowledge = "approve"

[hours]
zone = {zone}
"""


def initial_config(*, host: str, address: str, username: str, password_file: str, relay_host: str, zone: str) -> str:
    """The text of a new config.toml."""
    values = {
        "host": host,
        "username": username,
        "password_file": password_file,
        "address": address,
        "relay_host": relay_host,
        "sender": f"Support <{address}>",
        "zone": zone,
    }
    # a JSON string is a TOML basic string
    return _TEMPLATE.format(**{key: json.dumps(value, ensure_ascii=False) for key, value in values.items()})
