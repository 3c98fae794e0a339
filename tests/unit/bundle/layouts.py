"""What front-end tools write, as their documentation and their servers have it: a few files of each layout.

`paths` has paths that a browser asks for, and the file that the tool's own server answers with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Layout:
    """One tool's output."""

    files: tuple[str, ...]
    paths: dict[str, str]
    web: dict[str, Any] = field(default_factory=dict)
    """The app's settings in `kanmon.yml`, beside the directory."""


_SITE = {"routes": "files"}
LAYOUTS = {
    # https://vite.dev/guide/build
    "vite": Layout(
        ("assets/index-BkX3a9_d.js", "assets/index-DiwrgTda.css", "vite.svg"),
        {"/": "index.html", "/goals/7": "index.html", "/vite.svg": "vite.svg",
         "/users/jane.doe": "index.html"},
    ),
    # https://nextjs.org/docs/app/guides/static-exports
    "next": Layout(
        (
            "404.html", "about.html", "about.txt", "blog/first.html", "blog/第一.html", "favicon.ico",
            "_next/static/3Xk2LmNqPzR_abcdEfGhI/_buildManifest.js",
            "_next/static/chunks/app/blog/[slug]/page-0d1e2f3a4b5c6d7e.js",
            "_next/static/css/0a1b2c3d4e5f6a7b.css",
        ),
        {
            "/about": "about.html", "/about.html": "about.html", "/about.txt": "about.txt",
            "/blog/first": "blog/first.html", "/blog/%E7%AC%AC%E4%B8%80": "blog/第一.html",
            "/404": "404.html",
        },
        _SITE | {"immutable": ["_next/static/*"]},
    ),
    "next with trailingSlash": Layout(
        ("404.html", "404/index.html", "about/index.html", "_next/static/css/0a1b2c3d4e5f6a7b.css"),
        {"/about/": "about/index.html", "/about": "about/index.html", "/404.html": "404.html"},
        _SITE | {"immutable": ["_next/static/*"]},
    ),
    # https://docs.astro.build/en/reference/configuration-reference/#buildformat
    "astro": Layout(
        ("404.html", "about/index.html", "rss.xml", "sitemap-index.xml", "_astro/index.DUgIHg6d.css"),
        {"/about/": "about/index.html", "/about": "about/index.html", "/rss.xml": "rss.xml"},
        _SITE | {"immutable": ["_astro/*"]},
    ),
    # https://vitepress.dev/guide/routing#generating-clean-url
    "vitepress": Layout(
        (
            "404.html", "guide/index.html", "guide/start.html", "guide/v1.2.html", "hashmap.json",
            "assets/guide_start.md.BkX3a9_d.lean.js",
        ),
        {
            "/guide/": "guide/index.html", "/guide/start.html": "guide/start.html",
            "/guide/start": "guide/start.html", "/guide/v1.2": "guide/v1.2.html",
        },
        _SITE,
    ),
    # https://nuxt.com/docs/getting-started/deployment#static-hosting
    "nuxt": Layout(
        (
            "200.html", "404.html", "about/index.html", "about/_payload.json", "_nuxt/CJ7wT2Kq.js",
            "_nuxt/builds/meta/0f3a6d6e-9c3b-4a53-8f1d-9d6a0a3f4b55.json",
        ),
        {"/about": "about/index.html", "/about/_payload.json": "about/_payload.json"},
        _SITE | {"immutable": ["_nuxt/*"]},
    ),
    # https://svelte.dev/docs/kit/adapter-static
    "sveltekit": Layout(
        (
            "about.html", "c++.html", "about/__data.json", "_app/version.json", "_app/env.js",
            "_app/immutable/entry/start.BkX3a9_d.js", "_app/immutable/nodes/0.C2eFg_h9.js",
        ),
        {"/about": "about.html", "/c++": "c++.html", "/_app/version.json": "_app/version.json"},
        _SITE | {"immutable": ["_app/immutable/*"]},
    ),
    # https://angular.dev/tools/cli/build: `dist/<project>/browser`
    "angular": Layout(
        (
            "main-FFHMD2TL.js", "polyfills-ABCDEFGH.js", "styles-5INURTSO.css", "favicon.ico",
            "media/icons-ABCD2345.woff2", "i18n/en.json",
        ),
        {"/": "index.html", "/users/7": "index.html", "/main-FFHMD2TL.js": "main-FFHMD2TL.js"},
        {"immutable": ["media/*"]},
    ),
    # https://www.gatsbyjs.com/docs/caching/
    "gatsby": Layout(
        (
            "404.html", "404/index.html", "about/index.html", "page-data/about/page-data.json", "sw.js",
            "app-1a2b3c4d5e6f7a8b9c0d.js", "component---src-pages-index-js-1a2b3c4d5e6f7a8b9c0d.js",
            "static/logo-6ce24c58023cc2f8fd88fe9d219db6c6.svg", "chunk-map.json",
        ),
        {"/about/": "about/index.html", "/page-data/about/page-data.json": "page-data/about/page-data.json"},
        _SITE | {"immutable": ["static/*"]},
    ),
    # A single page in the browser, beside pages that the tool wrote.
    # https://svelte.dev/docs/kit/single-page-apps#Usage: `fallback: '200.html'`
    "sveltekit with a fallback": Layout(
        (
            "200.html", "about.html", "blog/first.html", "_app/version.json",
            "_app/immutable/entry/start.BkX3a9_d.js",
        ),
        {
            "/": "index.html", "/about": "about.html", "/blog/first": "blog/first.html",
            "/users/7": "200.html",
            "/users/jane.doe": "200.html", "/about.html": "about.html",
        },
        {
            "routes": "200.html", "routes_in": {"about/*": "files", "blog/*": "files"},
            "immutable": ["_app/immutable/*"],
        },
    ),
    # https://nuxt.com/docs/getting-started/prerendering, https://nuxt.com/docs/guide/concepts/rendering
    "nuxt with routes in the browser": Layout(
        ("200.html", "404.html", "about/index.html", "about/_payload.json", "_nuxt/CJ7wT2Kq.js"),
        {
            "/": "index.html", "/about": "about/index.html", "/admin": "200.html",
            "/admin/users/7": "200.html",
            "/about/_payload.json": "about/_payload.json",
        },
        _SITE | {"routes_in": {"admin/*": "200.html"}, "immutable": ["_nuxt/*"]},
    ),
    # https://www.gatsbyjs.com/docs/how-to/routing/client-only-routes-and-user-authentication/
    "gatsby with client-only paths": Layout(
        (
            "404.html", "404/index.html", "about/index.html", "app/index.html",
            "page-data/app/page-data.json",
            "app-1a2b3c4d5e6f7a8b9c0d.js", "static/logo-6ce24c58023cc2f8fd88fe9d219db6c6.svg",
        ),
        {
            "/about/": "about/index.html", "/app": "app/index.html", "/app/": "app/index.html",
            "/app/profile/7": "app/index.html",
            "/page-data/app/page-data.json": "page-data/app/page-data.json",
        },
        _SITE | {"routes_in": {"app/*": "app/index.html"}, "immutable": ["static/*"]},
    ),
    "astro with an app in a folder": Layout(
        ("404.html", "about/index.html", "app/index.html", "app/logo.svg", "_astro/index.DUgIHg6d.css"),
        {
            "/about": "about/index.html", "/app/goals/7": "app/index.html", "/app/logo.svg": "app/logo.svg",
            "/app": "app/index.html",
        },
        _SITE | {"routes_in": {"app/*": "app/index.html"}, "immutable": ["_astro/*"]},
    ),
    # https://nextjs.org/docs/app/guides/single-page-applications: a page reads the path in the browser.
    "next with a page for each id": Layout(
        ("404.html", "about.html", "goals.html", "goals.txt", "_next/static/css/0a1b2c3d4e5f6a7b.css"),
        {"/about": "about.html", "/goals": "goals.html", "/goals/7": "goals.html", "/goals.txt": "goals.txt"},
        _SITE | {"routes_in": {"goals/*": "goals.html"}, "immutable": ["_next/static/*"]},
    ),
    "vite with a section of pages": Layout(
        (
            "assets/index-BkX3a9_d.js", "docs/index.html", "docs/v1.2/start.html", "docs/api/users.html",
            "docs/LICENSE", *(f"docs/pages/p{number}.html" for number in range(200)),
        ),
        {
            "/": "index.html", "/goals/7": "index.html", "/users/jane.doe": "index.html",
            "/docs": "docs/index.html", "/docs/": "docs/index.html",
            "/docs/v1.2/start": "docs/v1.2/start.html",
            "/docs/api/users/": "docs/api/users.html", "/docs/LICENSE": "docs/LICENSE",
            "/docs/pages/p199": "docs/pages/p199.html", "/document": "index.html",
        },
        {"routes_in": {"docs/*": "files"}},
    ),
    "plain files": Layout(
        (
            "about.html", "docs/index.html", "a b.html", "100%.html", "c++.txt", "été.html", "LICENSE",
            "feed", ".well-known/apple-app-site-association", "game.wasm.gz", "data.tar.gz",
            "releases/index.html",
        ),
        {
            "/about": "about.html", "/docs/": "docs/index.html", "/a%20b.html": "a b.html",
            "/a%20b": "a b.html", "/100%25": "100%.html", "/100%25.html": "100%.html", "/c++.txt": "c++.txt",
            "/%C3%A9t%C3%A9": "été.html", "/LICENSE": "LICENSE", "/feed": "feed",
            "/.well-known/apple-app-site-association": ".well-known/apple-app-site-association",
            "/releases": "releases/index.html", "/releases/": "releases/index.html",
        },
        _SITE,
    ),
}  # fmt: skip
