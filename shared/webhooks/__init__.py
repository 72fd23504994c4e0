"""Webhooks: signing, addresses, sending, and flows of deliveries over the log. Knows no business."""
