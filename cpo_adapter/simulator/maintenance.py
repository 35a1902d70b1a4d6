"""Firmware updates and log uploads: what takes a while and is told step by step."""

from __future__ import annotations

from datetime import datetime

from cpo_adapter.simulator.face import BootReason, Job
from cpo_adapter.simulator.station import Station
from ocpi_hub.service.transport import Request, TransportError

_STEP = 20.0
_FOREVER = 1e9
_SCHEMES = ("http://", "https://", "ftp://", "ftps://")
_UPLOAD_WITHIN = 30.0
_CREATED = range(200, 300)


async def idle(station: Station) -> None:
    """Returns once no transaction runs."""
    await station.until(
        lambda: all(each.transaction is None for each in station.connectors.values()),
        within=_FOREVER,
    )


async def update_firmware(
    station: Station, location: str, *, not_before: datetime, request_id: int | None
) -> None:
    """Acts an update out: nothing is fetched, but a place that cannot be fetched from fails."""

    def tell(status: str) -> None:
        station.say("firmware", note=status)
        job = Job(status, request_id)
        station.outbox.owe(lambda: station.face.firmware(job))

    wait = (not_before - station.clock.now()).total_seconds() * station.clock.speed
    await station.clock.sleep(max(wait, 0))
    tell("Downloading")
    await station.clock.sleep(_STEP)
    if not location.lower().startswith(_SCHEMES):
        tell("DownloadFailed")
        return
    tell("Downloaded")
    await idle(station)
    tell("Installing")
    await station.clock.sleep(_STEP)
    station.restart(BootReason.FIRMWARE)
    tell("Installed")


async def upload_log(station: Station, location: str, name: str, *, request_id: int | None) -> None:
    """Puts what happened here where it was asked for: at the URL itself, by PUT."""

    def tell(status: str) -> None:
        station.say("log", note=status)
        job = Job(status, request_id)
        station.outbox.owe(lambda: station.face.log_upload(job))

    tell("Uploading")
    body = "".join(f"{line}\n" for line in station.log).encode()
    headers = (("Content-Type", "text/plain"), ("Content-Disposition", f'filename="{name}"'))
    request = Request("PUT", location, headers, body, retryable=True)
    try:
        response = await station.transport.send(request, timeout=_UPLOAD_WITHIN)
    except TransportError as error:
        station.say("log cannot be uploaded", note=str(error))
        tell("UploadFailure")
        return
    tell("Uploaded" if response.status in _CREATED else "UploadFailure")
