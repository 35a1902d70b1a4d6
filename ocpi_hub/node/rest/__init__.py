"""What the HTTP APIs of the services share beside OCPI: exact JSON, refusals as problem+json."""
