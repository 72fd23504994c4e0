"""Fixtures every test may use."""

pytest_plugins = ["shared.testing.database"]
