"""Sallet compared with other libraries and scanners."""
