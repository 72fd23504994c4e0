"""What other systems build on: JSON Schemas of events, webhooks in OpenAPI, AsyncAPI, and what of it was published."""
