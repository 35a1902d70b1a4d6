"""The versions of OCPP that stations speak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cpo_adapter.simulator.face import Face
from cpo_adapter.simulator.requests import Requests
from cpo_adapter.simulator.v16.face import Face16
from cpo_adapter.simulator.v16.requests import REQUESTS as REQUESTS_16
from cpo_adapter.simulator.v201.face import Face201
from cpo_adapter.simulator.v201.requests import REQUESTS as REQUESTS_201

VersionName = Literal["1.6", "2.0.1"]


@dataclass(frozen=True, slots=True)
class Version:
    """What makes a station one of this version. `token_length` is that of the longest token."""

    subprotocol: str
    face: Face
    respond: Requests
    token_length: int


VERSIONS: dict[VersionName, Version] = {
    "1.6": Version("ocpp1.6", Face16(), REQUESTS_16, 20),
    "2.0.1": Version("ocpp2.0.1", Face201(), REQUESTS_201, 36),
}
