"""Tests of the CPO adapter."""
