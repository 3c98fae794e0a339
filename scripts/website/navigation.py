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
            Page("docs/migrating.md", "Migrating to Kanmon", "既存構成からの移行"),
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
            Page("docs/migrations.md", "Database migrations", "データベースのマイグレーション"),
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
        "Decisions",
        "設計上の決定",
        (
            Page("docs/decisions/README.md", "Overview", "一覧"),
            Page(
                "docs/decisions/01-two-slots.md",
                "Two complete copies of the compute, and two pointers",
                "計算資源の完全な複製 2 つとポインター 2 つ",
            ),
            Page(
                "docs/decisions/02-rest-api.md",
                "A REST API with stage variables",
                "ステージ変数を持つ REST API",
            ),
            Page(
                "docs/decisions/03-pages.md",
                "Assets only grow; the entry page is the pointer",
                "増えるだけのアセット、ポインターとしての入口ページ",
            ),
            Page(
                "docs/decisions/04-restoration.md",
                "Changes outside the slots are checked at once and can be restored",
                "スロット外の変更はすぐに確認し、復元できる",
            ),
            Page(
                "docs/decisions/05-ledger.md",
                "A ledger of objects in S3 with conditional writes",
                "条件付き書き込みによる S3 の台帳",
            ),
            Page(
                "docs/decisions/06-one-table.md",
                "One table of steps, and recovery from it",
                "ステップの表 1 つと、そこからの回復",
            ),
            Page(
                "docs/decisions/07-approved-plan.md",
                "What is approved is what runs",
                "承認されたものが実行される",
            ),
            Page(
                "docs/decisions/08-gate.md",
                "GitHub's environment is the gate, and Kanmon verifies it",
                "GitHub の環境がゲート、Kanmon が検証",
            ),
            Page(
                "docs/decisions/09-thin-actions.md",
                "Actions are thin: one Python package does the work",
                "薄いアクション、1 つの Python パッケージ",
            ),
            Page(
                "docs/decisions/10-bootstrap.md",
                "An administrator sets the ceiling; releases stay below",
                "上限は管理者が決め、リリースはその内側",
            ),
            Page(
                "docs/decisions/11-templates.md",
                "Plain CloudFormation from Jinja2 templates",
                "Jinja2 から素の CloudFormation",
            ),
            Page(
                "docs/decisions/12-own-stacks.md",
                "A team's own stacks, in Kanmon's own form",
                "チーム独自のスタックも同じ形で",
            ),
            Page(
                "docs/decisions/13-schema.md",
                "A rollback never undoes a migration",
                "ロールバックはマイグレーションを戻さない",
            ),
            Page(
                "docs/decisions/14-own-tests.md",
                "The team's own tests run in a container, before traffic",
                "チーム自身のテストはコンテナで、トラフィックの前に",
            ),
            Page(
                "docs/decisions/15-one-bundle.md",
                "One bundle for every environment",
                "1 つのバンドルをすべての環境へ",
            ),
            Page(
                "docs/decisions/16-embedded-aws.md",
                "An AWS that refuses what AWS refuses, on your machine",
                "手元の AWS は、AWS と同じものを拒否する",
            ),
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
