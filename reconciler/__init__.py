"""Declarative GitOps for LaunchDarkly."""
