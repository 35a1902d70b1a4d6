"""What can be set at a station, by the names that 1.6 and 2.0.1 have for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

MAX_STACK_LEVEL = 10
MAX_PERIODS = 24
MAX_LIST_LENGTH = 500


class Kind(StrEnum):
    """What a value looks like."""

    WHOLE = "integer"
    FLAG = "boolean"
    TEXT = "string"


class Access(StrEnum):
    """Who may do what with it, in the words of 2.0.1."""

    READ = "ReadOnly"
    WRITE = "WriteOnly"
    BOTH = "ReadWrite"


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set; None where a version has no such name."""

    key: str | None
    variable: tuple[str, str] | None
    default: str
    kind: Kind = Kind.WHOLE
    access: Access = Access.BOTH

    def admits(self, value: str) -> bool:
        """Whether the text is a value of its kind."""
        match self.kind:
            case Kind.WHOLE:
                return value.isascii() and value.isdigit()
            case Kind.FLAG:
                return value.lower() in {"true", "false"}
            case Kind.TEXT:
                return 0 < len(value) <= 500


HEARTBEAT = Setting("HeartbeatInterval", ("OCPPCommCtrlr", "HeartbeatInterval"), "300")
SAMPLING = Setting("MeterValueSampleInterval", ("SampledDataCtrlr", "TxUpdatedInterval"), "60")
PLUG_TIMEOUT = Setting("ConnectionTimeOut", ("TxCtrlr", "EVConnectionTimeOut"), "60")
AUTHORIZE_REMOTE = Setting(
    "AuthorizeRemoteTxRequests", ("AuthCtrlr", "AuthorizeRemoteStart"), "false", Kind.FLAG
)
PRE_AUTHORIZE = Setting("LocalPreAuthorize", ("AuthCtrlr", "LocalPreAuthorize"), "false", Kind.FLAG)
OFFLINE_UNKNOWN = Setting(
    "AllowOfflineTxForUnknownId",
    ("AuthCtrlr", "OfflineTxForUnknownIdEnabled"),
    "true",
    Kind.FLAG,
)
STOP_ON_INVALID = Setting(
    "StopTransactionOnInvalidId", ("TxCtrlr", "StopTxOnInvalidId"), "true", Kind.FLAG
)
LIST_ENABLED = Setting("LocalAuthListEnabled", ("LocalAuthListCtrlr", "Enabled"), "true", Kind.FLAG)
KEY = Setting(
    "AuthorizationKey", ("SecurityCtrlr", "BasicAuthPassword"), "", Kind.TEXT, Access.WRITE
)


def _fixed(
    key: str | None, variable: tuple[str, str] | None, value: object, kind: Kind = Kind.WHOLE
) -> Setting:
    return Setting(key, variable, str(value), kind, Access.READ)


_FIXED = (
    _fixed(
        "SupportedFeatureProfiles",
        None,
        "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger",
        Kind.TEXT,
    ),
    _fixed("ReserveConnectorZeroSupported", None, "false", Kind.FLAG),
    _fixed("GetConfigurationMaxKeys", None, 50),
    _fixed("LocalAuthListMaxLength", ("LocalAuthListCtrlr", "Entries"), MAX_LIST_LENGTH),
    _fixed("SendLocalListMaxLength", ("LocalAuthListCtrlr", "ItemsPerMessage"), MAX_LIST_LENGTH),
    _fixed(
        "ChargeProfileMaxStackLevel", ("SmartChargingCtrlr", "ProfileStackLevel"), MAX_STACK_LEVEL
    ),
    _fixed(
        "ChargingScheduleAllowedChargingRateUnit",
        ("SmartChargingCtrlr", "RateUnit"),
        "Current,Power",
        Kind.TEXT,
    ),
    _fixed("ChargingScheduleMaxPeriods", ("SmartChargingCtrlr", "PeriodsPerSchedule"), MAX_PERIODS),
    _fixed("MaxChargingProfilesInstalled", ("SmartChargingCtrlr", "Entries"), 100),
)
_SETTABLE = (
    HEARTBEAT,
    SAMPLING,
    PLUG_TIMEOUT,
    AUTHORIZE_REMOTE,
    PRE_AUTHORIZE,
    OFFLINE_UNKNOWN,
    STOP_ON_INVALID,
    LIST_ENABLED,
    KEY,
)


class Configuration:
    """The settings of one station with their values."""

    def __init__(self, *, key: str, connectors: int, sampling: int) -> None:
        self._values = {setting: setting.default for setting in (*_SETTABLE, *_FIXED)}
        self._values[_fixed("NumberOfConnectors", None, connectors)] = str(connectors)
        self._values[KEY] = key
        self._values[SAMPLING] = str(sampling)

    def __iter__(self) -> Iterator[Setting]:
        return iter(self._values)

    def text(self, setting: Setting) -> str:
        """The value as it is written."""
        return self._values[setting]

    def number(self, setting: Setting) -> int:
        """The value of one that is a whole number."""
        return int(self._values[setting])

    def is_on(self, setting: Setting) -> bool:
        """The value of one that is on or off."""
        return self._values[setting].lower() == "true"

    def put(self, setting: Setting, value: str) -> bool:
        """Sets it; false when it cannot be set to this."""
        if setting.access is Access.READ or not setting.admits(value):
            return False
        self._values[setting] = value
        return True

    def by_key(self, key: str) -> Setting | None:
        """The setting that 1.6 calls so; case means nothing."""
        found = key.casefold()
        return next((each for each in self if (each.key or "").casefold() == found), None)

    def by_variable(self, component: str, variable: str) -> Setting | None:
        """The setting that 2.0.1 calls so; case means nothing."""
        found = (component.casefold(), variable.casefold())
        return next(
            (
                each
                for each in self
                if each.variable is not None
                and (each.variable[0].casefold(), each.variable[1].casefold()) == found
            ),
            None,
        )
