"""The pages of the website: their sections, their titles in both languages, their files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = {"en": "English", "ja": "日本語"}
TRANSLATED = "docs/ja/"
"""The folder of the translations: its files have the names of the English ones below `docs/`."""


@dataclass(frozen=True)
class Page:
    """One page of the website."""

    source: str
    """Its English file, from the repository's root."""
    english: str
    japanese: str

    @property
    def path(self) -> str:
        """Its file in each language's website."""
        if self.source == "README.md":
            return "index.md"
        outside = {"SECURITY.md": "reporting.md"}
        folder, _, name = self.source.rpartition("/")
        if name == "README.md":
            return f"{folder.rpartition('/')[2]}.md"
        return outside.get(self.source, self.source.removeprefix("docs/").replace(name, name.lower()))

    @property
    def address(self) -> str:
        """Its address below the website's one."""
        name = self.path.removesuffix(".md")
        return "" if name == "index" else f"{name}/"

    @property
    def translation(self) -> str:
        """Its Japanese file, if there is one."""
        return TRANSLATED + self.source.removeprefix("docs/")

    def title(self, language: str) -> str:
        """Its title in the navigation."""
        return self.japanese if language == "ja" else self.english


@dataclass(frozen=True)
class Part:
    """A section of the navigation."""

    english: str
    japanese: str
    pages: tuple[Page, ...]

    def title(self, language: str) -> str:
        """Its title in the navigation."""
        return self.japanese if language == "ja" else self.english


HOME = Page("README.md", "Kanmon", "関門 (Kanmon)")
NAVIGATION = (
    Part(
        "Start",
        "はじめに",
        (
            HOME,
            Page("docs/concepts.md", "Concepts", "概念"),
            Page("docs/apps.md", "What your app needs", "アプリケーションの要件"),
            Page("docs/moving.md", "Moving to Kanmon", "既存構成からの移行"),
            Page("examples/mandala/README.md", "The reference app", "サンプルアプリケーション"),
        ),
    ),
    Part(
        "Operate",
        "運用",
        (
            Page("docs/deployment-guide.md", "Deployment guide", "デプロイガイド"),
            Page("docs/operations-manual.md", "Operations manual", "運用マニュアル"),
            Page("docs/troubleshooting-guide.md", "Troubleshooting guide", "トラブルシューティングガイド"),
            Page("docs/rollback-procedures.md", "Rollback procedures", "ロールバック手順"),
        ),
    ),
    Part(
        "Topics",
        "機能",
        (
            Page("docs/workflows.md", "Workflows", "ワークフロー"),
            Page("docs/checks.md", "Checks", "チェック"),
            Page("docs/commands.md", "Commands in detail", "コマンドの詳細"),
            Page("docs/reports.md", "Test reports", "テストレポート"),
            Page("docs/infrastructure.md", "Infrastructure", "インフラストラクチャ"),
            Page("docs/github-access.md", "How GitHub reaches AWS", "GitHub から AWS へのアクセス"),
            Page("docs/security.md", "Threat model", "脅威モデル"),
            Page("docs/remove.md", "First deploy and removal", "初回デプロイと削除"),
            Page("docs/verify-aws.md", "Verify on AWS", "AWS での検証"),
        ),
    ),
    Part(
        "Reference",
        "リファレンス",
        (
            Page("docs/reference/config.md", "Config", "設定 (kanmon.yml)"),
            Page("docs/reference/commands.md", "Commands", "コマンド"),
            Page("docs/reference/actions.md", "Actions", "アクション"),
            Page("docs/reference/errors.md", "Errors", "エラー"),
            Page("docs/reference/monitoring.md", "Metrics and alarms", "メトリクスとアラーム"),
            Page("docs/reference/ledger.md", "Ledger", "台帳 (ledger)"),
        ),
    ),
    Part(
        "Project",
        "プロジェクト",
        (
            Page("docs/architecture.md", "Architecture", "アーキテクチャ"),
            Page("docs/requirements.md", "Requirements", "要件"),
            Page("docs/benchmarks.md", "Benchmarks", "ベンチマーク"),
            Page("embedded/README.md", "The embedded AWS", "組み込み AWS"),
            Page("CONTRIBUTING.md", "Contributing", "開発への参加"),
            Page("CHANGELOG.md", "Changelog", "変更履歴"),
            Page("SECURITY.md", "Report a vulnerability", "脆弱性の報告"),
        ),
    ),
)


def existing_pages() -> tuple[Page, ...]:
    """All pages with a file, in their order."""
    return tuple(page for part in NAVIGATION for page in part.pages if (ROOT / page.source).exists())
