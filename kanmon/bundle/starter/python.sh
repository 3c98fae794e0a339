#!/bin/sh
# Lambda starts this in place of the runtime, and gives it the runtime's own command:
# https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html#runtime-wrapper
# -I -S: PYTHONPATH and the like are for the app's process alone.
exec "$1" -I -S "${0%/*}/start.py" "$@"
