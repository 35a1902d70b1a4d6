"""Tests of what the three services are made of."""
