"""Tests of an adapter's side of OCPI."""
