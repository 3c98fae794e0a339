#!/bin/sh
# Lambda starts this in place of the runtime, and gives it the runtime's own command:
# https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html#runtime-wrapper
# NODE_OPTIONS are for the app's process alone.
KANMON_NODE_OPTIONS=${NODE_OPTIONS-}
export KANMON_NODE_OPTIONS
unset NODE_OPTIONS
exec "$1" "${0%/*}/start.cjs" "$@"
