"""Smoke checks: requests with assertions, tried until they hold or time is up."""
