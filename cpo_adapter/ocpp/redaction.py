"""What of a frame may be kept and shown: everything but keys and passwords."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HIDDEN = "***"
_SECRET_NAMES = frozenset({"authorizationkey", "basicauthpassword", "password", "apnpassword"})
# The actions that carry settings, in either direction; nothing else is looked through.
_WITH_SETTINGS = frozenset(
    {
        "ChangeConfiguration",
        "GetConfiguration",
        "SetVariables",
        "GetVariables",
        "NotifyReport",
        "SetNetworkProfile",
    }
)
# Beside the name of a setting, these hold what it is set to.
_VALUES = frozenset({"value", "attributeValue", "variableAttribute"})


def redacted(action: str | None, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """The payload without secrets; the same object when there can be none."""
    if action not in _WITH_SETTINGS:
        return payload
    cleaned: Mapping[str, Any] = _clean(payload)
    return cleaned


def _clean(value: Any) -> Any:
    match value:
        case Mapping():
            secret = _is_secret(value)
            return {
                name: _HIDDEN
                if name.lower() in _SECRET_NAMES or (secret and name in _VALUES)
                else _clean(item)
                for name, item in value.items()
            }
        case list() | tuple():
            return [_clean(item) for item in value]
        case _:
            return value


def _is_secret(setting: Mapping[str, Any]) -> bool:
    variable = setting.get("variable")
    name = variable.get("name") if isinstance(variable, Mapping) else setting.get("key")
    return isinstance(name, str) and name.lower() in _SECRET_NAMES
