# The part of google-re2 in use. The package has no types of its own.

class error(Exception): ...  # noqa: N801, N818 - its name

class Options:
    log_errors: bool

class _Regexp:
    @property
    def programsize(self) -> int: ...
    def search(self, text: str | bytes) -> object | None: ...

def compile(pattern: str, options: Options | None = None) -> _Regexp: ...  # noqa: A001 - its name
