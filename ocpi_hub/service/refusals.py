"""Why a service does not start or stops at once: each is one sentence for the operator.

    Refusal
    ├── SettingsError    a setting has a bad value (exit 78)
    ├── DataDirError     the folder for the data cannot be used (exit 78)
    ├── AlreadyRunning   another process works on that folder (exit 75)
    ├── DatabaseError    there is no database to use (exit 69)
    ├── PortInUse        the address cannot be listened on (exit 69)
    └── ServiceFailed    it did not start, or a part of it ended (exit 1)

The numbers are those of sysexits.h.
"""

from __future__ import annotations


class Refusal(Exception):
    """The service cannot run like this; its text is one sentence that says what to change."""

    exit_code = 1


class SettingsError(Refusal):
    """A setting has a bad value or is missing."""

    exit_code = 78


class DataDirError(Refusal):
    """DATA_DIR cannot be used."""

    exit_code = 78


class AlreadyRunning(Refusal):
    """Another process works on DATA_DIR."""

    exit_code = 75


class DatabaseError(Refusal):
    """The database cannot be started, reached or trusted."""

    exit_code = 69


class PortInUse(Refusal):
    """The host and port cannot be listened on."""

    exit_code = 69


class ServiceFailed(Refusal):
    """The service broke down."""
