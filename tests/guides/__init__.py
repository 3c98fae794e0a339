"""The guides are executed: each command of their `sh` blocks, in the order written, with its stated result.

See README.md for how to write a guide.
"""
