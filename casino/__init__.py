"""The site: wiring, plain tools, and what the platform itself owns."""
