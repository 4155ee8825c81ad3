"""Conformance of Persevere with the reference server: one client program, two servers, equal histories."""
