"""One valid object of each kind as a plain dict, any field of it overridden by name.

The parties are invented: NL/CPO is Example Charging, a CPO; DE/EMS is Example Drive, an eMSP.
Numbers are int or Decimal, as the strict reader gives them; `jsontext.dumps` writes them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

MOMENT = "2026-01-15T10:00:00Z"
LATER = "2026-01-15T11:30:00Z"
RESPONSE_URL = "https://ems.example/ocpi/2.2.1/results/4711"


def credentials(**overrides: Any) -> dict[str, Any]:
    """Credentials of a platform with one CPO."""
    return {
        "token": "a-token-of-32-characters-or-more",
        "url": "https://cpo.example/ocpi/versions",
        "roles": [credentials_role()],
    } | overrides


def credentials_role(**overrides: Any) -> dict[str, Any]:
    """The role CPO of NL/CPO."""
    return {
        "role": "CPO",
        "business_details": business_details(),
        "party_id": "CPO",
        "country_code": "NL",
    } | overrides


def business_details(**overrides: Any) -> dict[str, Any]:
    """Example Charging with a website and a logo."""
    return {
        "name": "Example Charging",
        "website": "https://cpo.example",
        "logo": image(category="OPERATOR"),
    } | overrides


def image(**overrides: Any) -> dict[str, Any]:
    """A PNG of 512 by 512."""
    return {
        "url": "https://cpo.example/images/logo.png",
        "thumbnail": "https://cpo.example/images/logo-small.png",
        "category": "LOCATION",
        "type": "png",
        "width": 512,
        "height": 512,
    } | overrides


def versions() -> list[dict[str, Any]]:
    """The versions of a platform: one."""
    return [{"version": "2.2.1", "url": "https://cpo.example/ocpi/2.2.1"}]


def version_details(**overrides: Any) -> dict[str, Any]:
    """The endpoints of a CPO that offers locations and takes commands."""
    root = "https://cpo.example/ocpi/2.2.1"
    return {
        "version": "2.2.1",
        "endpoints": [
            {"identifier": "credentials", "role": "SENDER", "url": f"{root}/credentials"},
            {"identifier": "locations", "role": "SENDER", "url": f"{root}/locations"},
            {"identifier": "commands", "role": "RECEIVER", "url": f"{root}/commands"},
        ],
    } | overrides


def client_info(**overrides: Any) -> dict[str, Any]:
    """NL/CPO is connected."""
    return {
        "party_id": "CPO",
        "country_code": "NL",
        "role": "CPO",
        "status": "CONNECTED",
        "last_updated": MOMENT,
    } | overrides


def location(**overrides: Any) -> dict[str, Any]:
    """LOC1 in Utrecht with one EVSE."""
    return {
        "country_code": "NL",
        "party_id": "CPO",
        "id": "LOC1",
        "publish": True,
        "name": "Station Square",
        "address": "Stationsplein 1",
        "city": "Utrecht",
        "postal_code": "3511 ED",
        "country": "NLD",
        "coordinates": coordinates(),
        "related_locations": [
            {**coordinates(), "name": {"language": "en", "text": "The north entrance"}}
        ],
        "parking_type": "PARKING_GARAGE",
        "evses": [evse()],
        "directions": [{"language": "en", "text": "Second floor, follow the green line"}],
        "operator": business_details(),
        "facilities": ["TRAIN_STATION", "CAFE"],
        "time_zone": "Europe/Amsterdam",
        "opening_times": hours(),
        "charging_when_closed": False,
        "images": [image()],
        "energy_mix": energy_mix(),
        "last_updated": MOMENT,
    } | overrides


def coordinates(**overrides: Any) -> dict[str, Any]:
    """A place in Utrecht."""
    return {"latitude": "52.089444", "longitude": "5.110278"} | overrides


def evse(**overrides: Any) -> dict[str, Any]:
    """EVSE1 with one connector, free."""
    return {
        "uid": "EVSE1",
        "evse_id": "NL*CPO*E1",
        "status": "AVAILABLE",
        "status_schedule": [{"period_begin": LATER, "status": "INOPERATIVE"}],
        "capabilities": ["RFID_READER", "REMOTE_START_STOP_CAPABLE", "RESERVABLE"],
        "connectors": [connector()],
        "floor_level": "2",
        "coordinates": coordinates(),
        "physical_reference": "A1",
        "parking_restrictions": ["EV_ONLY"],
        "last_updated": MOMENT,
    } | overrides


def connector(**overrides: Any) -> dict[str, Any]:
    """Connector 1: a Type 2 socket of 22 kW."""
    return {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 230,
        "max_amperage": 32,
        "max_electric_power": 22000,
        "tariff_ids": ["TARIFF1"],
        "terms_and_conditions": "https://cpo.example/terms",
        "last_updated": MOMENT,
    } | overrides


def hours(**overrides: Any) -> dict[str, Any]:
    """Mondays and Tuesdays from eight to eight, closed on one of them."""
    return {
        "twentyfourseven": False,
        "regular_hours": [
            {"weekday": day, "period_begin": "08:00", "period_end": "20:00"} for day in (1, 2)
        ],
        "exceptional_closings": [
            {"period_begin": "2026-04-06T00:00:00Z", "period_end": "2026-04-07T00:00:00Z"}
        ],
    } | overrides


def energy_mix(**overrides: Any) -> dict[str, Any]:
    """Sun and wind."""
    return {
        "is_green_energy": True,
        "energy_sources": [
            {"source": "SOLAR", "percentage": Decimal("40.5")},
            {"source": "WIND", "percentage": Decimal("59.5")},
        ],
        "environ_impact": [{"category": "CARBON_DIOXIDE", "amount": 0}],
        "supplier_name": "Example Energy",
        "energy_product_name": "Sun and Wind",
    } | overrides


def tariff(**overrides: Any) -> dict[str, Any]:
    """TARIFF1: 0.35 per kWh on weekdays, else 0.25, and 2.00 an hour of parking."""
    return {
        "country_code": "NL",
        "party_id": "CPO",
        "id": "TARIFF1",
        "currency": "EUR",
        "type": "REGULAR",
        "tariff_alt_text": [{"language": "en", "text": "Parking is free for an hour at night"}],
        "tariff_alt_url": "https://cpo.example/tariffs/1",
        "min_price": price(excl_vat=Decimal("0.50"), incl_vat=Decimal("0.605")),
        "elements": [
            {
                "price_components": [price_component()],
                "restrictions": {
                    "start_time": "07:00",
                    "end_time": "19:00",
                    "day_of_week": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
                },
            },
            {
                "price_components": [
                    price_component(price=Decimal("0.25")),
                    price_component(type="PARKING_TIME", price=Decimal("2.00"), step_size=900),
                ]
            },
        ],
        "last_updated": MOMENT,
    } | overrides


def price_component(**overrides: Any) -> dict[str, Any]:
    """0.35 per kWh, and VAT of 21 %."""
    return {
        "type": "ENERGY",
        "price": Decimal("0.35"),
        "vat": Decimal("21.0"),
        "step_size": 1,
    } | overrides


def price(**overrides: Any) -> dict[str, Any]:
    """4.00, or 4.84 with VAT."""
    return {"excl_vat": Decimal("4.00"), "incl_vat": Decimal("4.84")} | overrides


def token(**overrides: Any) -> dict[str, Any]:
    """An RFID card of a driver of DE/EMS."""
    return {
        "country_code": "DE",
        "party_id": "EMS",
        "uid": "04A1B2C3D4E5F6",
        "type": "RFID",
        "contract_id": "DE-EMS-C00000001-X",
        "visual_number": "DF000-0001-0001",
        "issuer": "Example Drive",
        "valid": True,
        "whitelist": "ALLOWED",
        "language": "de",
        "default_profile_type": "GREEN",
        "energy_contract": {"supplier_name": "Example Energy", "contract_id": "7"},
        "last_updated": MOMENT,
    } | overrides


def location_references(**overrides: Any) -> dict[str, Any]:
    """EVSE1 of LOC1."""
    return {"location_id": "LOC1", "evse_uids": ["EVSE1"]} | overrides


def authorization_info(**overrides: Any) -> dict[str, Any]:
    """The token may charge at EVSE1."""
    return {
        "allowed": "ALLOWED",
        "token": token(),
        "location": location_references(),
        "authorization_reference": "AUTH1",
        "info": {"language": "en", "text": "Good morning"},
    } | overrides


def cdr_token(**overrides: Any) -> dict[str, Any]:
    """The sample token, as Sessions and CDRs name it."""
    whole = token()
    fields = ("country_code", "party_id", "uid", "type", "contract_id")
    return {field: whole[field] for field in fields} | overrides


def charging_period(**overrides: Any) -> dict[str, Any]:
    """An hour and a half with 12.345 kWh."""
    return {
        "start_date_time": MOMENT,
        "dimensions": [
            {"type": "ENERGY", "volume": Decimal("12.345")},
            {"type": "TIME", "volume": Decimal("1.5")},
        ],
        "tariff_id": "TARIFF1",
    } | overrides


def session(**overrides: Any) -> dict[str, Any]:
    """SESSION1, charging at EVSE1."""
    return {
        "country_code": "NL",
        "party_id": "CPO",
        "id": "SESSION1",
        "start_date_time": MOMENT,
        "kwh": Decimal("12.345"),
        "cdr_token": cdr_token(),
        "auth_method": "COMMAND",
        "authorization_reference": "AUTH1",
        "location_id": "LOC1",
        "evse_uid": "EVSE1",
        "connector_id": "1",
        "currency": "EUR",
        "charging_periods": [charging_period()],
        "total_cost": price(),
        "status": "ACTIVE",
        "last_updated": LATER,
    } | overrides


def charging_preferences(**overrides: Any) -> dict[str, Any]:
    """20 kWh of green energy until the car leaves."""
    return {
        "profile_type": "GREEN",
        "departure_time": "2026-01-15T17:00:00Z",
        "energy_need": 20,
        "discharge_allowed": False,
    } | overrides


def cdr(**overrides: Any) -> dict[str, Any]:
    """CDR1 of SESSION1, with the tariff and a signed reading."""
    return {
        "country_code": "NL",
        "party_id": "CPO",
        "id": "CDR1",
        "start_date_time": MOMENT,
        "end_date_time": LATER,
        "session_id": "SESSION1",
        "cdr_token": cdr_token(),
        "auth_method": "COMMAND",
        "authorization_reference": "AUTH1",
        "cdr_location": cdr_location(),
        "meter_id": "METER1",
        "currency": "EUR",
        "tariffs": [tariff()],
        "charging_periods": [charging_period()],
        "signed_data": {
            "encoding_method": "OCMF",
            "encoding_method_version": 1,
            "public_key": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
            "signed_values": [
                {"nature": "End", "plain_data": "12.345 kWh", "signed_data": "MEUCIQD0"}
            ],
        },
        "total_cost": price(),
        "total_energy": Decimal("12.345"),
        "total_energy_cost": price(),
        "total_time": Decimal("1.5"),
        "last_updated": LATER,
    } | overrides


def credit_cdr(**overrides: Any) -> dict[str, Any]:
    """The credit of CDR1."""
    negative = price(excl_vat=Decimal("-4.00"), incl_vat=Decimal("-4.84"))
    credit = {
        "id": "CDR1-CREDIT",
        "credit": True,
        "credit_reference_id": "CDR1",
        "total_cost": negative,
    }
    return cdr(**credit) | overrides


def cdr_location(**overrides: Any) -> dict[str, Any]:
    """Connector 1 of EVSE1 of LOC1."""
    return {
        "id": "LOC1",
        "name": "Station Square",
        "address": "Stationsplein 1",
        "city": "Utrecht",
        "postal_code": "3511 ED",
        "country": "NLD",
        "coordinates": coordinates(),
        "evse_uid": "EVSE1",
        "evse_id": "NL*CPO*E1",
        "connector_id": "1",
        "connector_standard": "IEC_62196_T2",
        "connector_format": "SOCKET",
        "connector_power_type": "AC_3_PHASE",
    } | overrides


def start_session(**overrides: Any) -> dict[str, Any]:
    """Start at connector 1 of EVSE1."""
    return {
        "response_url": RESPONSE_URL,
        "token": token(type="APP_USER", whitelist="NEVER"),
        "location_id": "LOC1",
        "evse_uid": "EVSE1",
        "connector_id": "1",
        "authorization_reference": "AUTH1",
    } | overrides


def stop_session(**overrides: Any) -> dict[str, Any]:
    """Stop SESSION1."""
    return {"response_url": RESPONSE_URL, "session_id": "SESSION1"} | overrides


def reserve_now(**overrides: Any) -> dict[str, Any]:
    """Reserve EVSE1 for an hour and a half."""
    return {
        "response_url": RESPONSE_URL,
        "token": token(),
        "expiry_date": LATER,
        "reservation_id": "RESERVATION1",
        "location_id": "LOC1",
        "evse_uid": "EVSE1",
        "authorization_reference": "AUTH1",
    } | overrides


def cancel_reservation(**overrides: Any) -> dict[str, Any]:
    """Cancel the sample reservation."""
    return {"response_url": RESPONSE_URL, "reservation_id": "RESERVATION1"} | overrides


def unlock_connector(**overrides: Any) -> dict[str, Any]:
    """Unlock connector 1 of EVSE1."""
    return {
        "response_url": RESPONSE_URL,
        "location_id": "LOC1",
        "evse_uid": "EVSE1",
        "connector_id": "1",
    } | overrides


def command_response(**overrides: Any) -> dict[str, Any]:
    """The command is taken on; its result comes within 30 seconds."""
    return {
        "result": "ACCEPTED",
        "timeout": 30,
        "message": [{"language": "en", "text": "Plug in"}],
    } | overrides


def command_result(**overrides: Any) -> dict[str, Any]:
    """The charger accepted."""
    return {"result": "ACCEPTED", "message": [{"language": "en", "text": "Charging"}]} | overrides


def charging_profile(**overrides: Any) -> dict[str, Any]:
    """16 A for half an hour, then 10.5 A."""
    return {
        "start_date_time": MOMENT,
        "duration": 3600,
        "charging_rate_unit": "A",
        "min_charging_rate": 6,
        "charging_profile_period": [
            {"start_period": 0, "limit": 16},
            {"start_period": 1800, "limit": Decimal("10.5")},
        ],
    } | overrides


def set_charging_profile(**overrides: Any) -> dict[str, Any]:
    """Set the sample profile."""
    return {"charging_profile": charging_profile(), "response_url": RESPONSE_URL} | overrides


def active_charging_profile(**overrides: Any) -> dict[str, Any]:
    """The sample profile is active."""
    return {"start_date_time": MOMENT, "charging_profile": charging_profile()} | overrides


def charging_profile_response(**overrides: Any) -> dict[str, Any]:
    """The request is taken on; its result comes within 30 seconds."""
    return {"result": "ACCEPTED", "timeout": 30} | overrides


def active_charging_profile_result(**overrides: Any) -> dict[str, Any]:
    """The result of asking for the active profile."""
    return {"result": "ACCEPTED", "profile": active_charging_profile()} | overrides


def profile_result(**overrides: Any) -> dict[str, Any]:
    """The result of setting or clearing a profile."""
    return {"result": "ACCEPTED"} | overrides
