"""The team's changes from release to release: two good ones, two bugs from real life.

All of it passes the app's own tests: one bug takes the real database, the other the stage `live`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .app import Change

if TYPE_CHECKING:
    from .app import App

APP = "api/mandala/app.py"
FEATURES = "api/mandala/features.py"
FEATURES_BY_STAGE = '''"""Which features are on: everywhere the same, but for what a stage overrides."""

_EVERYWHERE = {"editing": True, "progress": True}
_BY_STAGE = {"live": {"editing": False}}


def features(stage: str) -> dict[str, bool]:
    """The features of a stage of the API."""
    return _EVERYWHERE | _BY_STAGE.get(stage, {})
'''
FEATURE_CHECK = """  - name: features
    path: /api/version
    expect: {json: {features.editing: true}}

traffic:
"""


def _new_look(app: App) -> None:
    app.edit(
        "web/src/style.css",
        "--ground: light-dark(#f5f2ec, #14121c);",
        "--ground: light-dark(#e9f3f0, #0f1a1a);",
    )
    app.edit(
        "web/src/style.css",
        "--accent: light-dark(#5b48c9, #a497ff);",
        "--accent: light-dark(#0f766e, #5eead4);",
    )
    app.edit("web/index.html", 'height="28" />Mandala</a>', 'height="28" />Mandala 2</a>')
    app.edit(
        APP,
        '"commit": release.commit, "slot": release.slot}',
        '"commit": release.commit, "slot": release.slot, "features": FEATURES}',
    )
    app.edit(APP, "\n\nclass App:", '\nFEATURES = {"editing": True, "progress": True}\n\n\nclass App:')
    app.edit(
        "api/tests/test_api.py",
        '"slot": "green"}\n',
        '"slot": "green", "features": {"editing": True, "progress": True}}\n',
    )
    app.edit("kanmon.yml", "\n\ntraffic:\n", "\n" + FEATURE_CHECK)


def _ordered_goals(app: App) -> None:
    app.edit("api/mandala/store.py", "FROM goals ORDER BY created_at, id", "FROM goals ORDER BY position, id")


def _features_by_stage(app: App) -> None:
    app.revert()
    app.write(FEATURES, FEATURES_BY_STAGE)
    app.edit(APP, '\nFEATURES = {"editing": True, "progress": True}\n', "")
    app.edit(
        APP,
        "from mandala.goals import (",
        "from mandala.features import features\nfrom mandala.goals import (",
    )
    app.edit(APP, '"features": FEATURES}', '"features": features(request.stage)}')
    app.edit(APP, "def _version(self, _: Request)", "def _version(self, request: Request)")
    routing = "api/mandala/routing.py"
    app.edit(routing, '    body: bytes = b""\n', '    body: bytes = b""\n    stage: str = ""\n')
    app.edit(
        routing,
        'str(event.get("path") or "/"), content\n        )',
        'str(event.get("path") or "/"), content,\n'
        '            str((event.get("requestContext") or {}).get("stage", "")),\n        )',
    )
    app.edit("web/src/main.ts", 'saved: "Saved",', 'saved: "All changes are saved",')


def _right_features(app: App) -> None:
    app.edit(FEATURES, '{"live": {"editing": False}}', '{"live": {"editing": True}}')
    app.edit("web/src/main.ts", 'saving: "Saving…",', 'saving: "Saving your changes…",')


NEW_LOOK = Change("A fresh look, and the API lists the features that are on", _new_look)
ORDERED_GOALS = Change("Order goals by position", _ordered_goals)
FEATURES_PER_STAGE = Change("Switch features stage by stage", _features_by_stage)
# A push would be refused: the rollback before it left a freeze, and a person lifts it.
RIGHT_FEATURES = Change("Editing stays on for everybody [skip ci]", _right_features)
