"""Where figures come from: each source is one SQL over views of this service. No definition stands here."""
