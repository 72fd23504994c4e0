"""Forecast calls (预测)."""
