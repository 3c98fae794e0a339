"""Kanmon: releases a serverless application to production on AWS, and takes it back by itself."""

__version__ = "0.1.0"
