//! Public paths: what a rule opens, and everything it must not.

use proptest::prelude::*;
use sallet_core::auth::{PathRule, PathRuleError, PathRules, is_preflight};

fn public(rules: &[&'static str], method: &str, path: &str) -> bool {
    public_raw(rules, method, path, None)
}

fn public_raw(rules: &[&'static str], method: &str, path: &str, raw: Option<&[u8]>) -> bool {
    let rules: Vec<_> = rules.iter().map(|rule| PathRule::try_new(*rule).unwrap()).collect();
    PathRules::new(rules).is_public(method, path, raw)
}

#[test]
fn exact_rules() {
    assert!(public(&["/docs"], "GET", "/docs"));
    assert!(public(&["/docs"], "POST", "/docs"));
    assert!(public(&["/docs"], "", "/docs"), "a WebSocket");
    for path in ["/docs/", "/docs-internal", "/doc", "/Docs", "/v1/docs", "docs", "", "/", "/docs?x", "/docs/oauth2"] {
        assert!(!public(&["/docs"], "GET", path), "{path}");
    }
}

#[test]
fn subtrees() {
    for path in ["/static/", "/static/app.js", "/static/a/b", "/static/a/", "/static/.hidden", "/static/..."] {
        assert!(public(&["/static/"], "GET", path), "{path}");
    }
    for path in ["/static", "/static-internal/x", "/staticx", "/x/static/y", "/"] {
        assert!(!public(&["/static/"], "GET", path), "{path}");
    }
}

#[test]
fn the_root_is_one_page() {
    assert!(public(&["/"], "GET", "/"));
    assert!(!public(&["/"], "GET", "/admin"));
    assert!(!public(&["/"], "GET", ""));
}

#[test]
fn methods() {
    let rules = ["GET /items", "POST /login", "/health"];
    assert!(public(&rules, "GET", "/items"));
    assert!(public(&rules, "HEAD", "/items"), "HEAD is GET without the body");
    assert!(public(&rules, "POST", "/login"));
    for (method, path) in
        [("POST", "/items"), ("get", "/items"), ("HEAD", "/login"), ("OPTIONS", "/items"), ("", "/items")]
    {
        assert!(!public(&rules, method, path), "{method} {path}");
    }
    assert!(!public(&["HEAD /items"], "GET", "/items"));
}

#[test]
fn deceptive_paths_are_never_public() {
    for path in [
        "/static//x",
        "//static/x",
        "/static/./x",
        "/static/../x",
        "/static/..",
        "/static/.",
        "/static/a/../../x",
        "/static\\..\\x",
        "/static/\\x",
        "/static/..;/x",
        "/static/a;b",
        "/static/%2f",
        "/static/%2Fx",
        "/static/%5cx",
        "/static/%5C",
        "/static/%2e%2e/x",
        "/static/%2E",
        "/static/%00",
        "/static/a%7f",
        "/static/a\u{7f}",
        "/static/a\0",
        "/static/a\n",
        "/static/%3bx",
        // Read again, these hide one of the others; so may any percent sign.
        "/static/%252e%252e/x",
        "/static/%%32e/x",
        "/static/100%",
        "/static/100%.png",
        "/static/%zz",
    ] {
        assert!(!PathRule::new("/static/").matches("GET", path), "{path:?}");
        assert!(!public(&["/static/"], "GET", path), "{path:?}");
    }
    for raw in [&b"/static/x%2fy"[..], b"/static/x%2Fy", b"/static/%2e%2e/y", b"/static/x%5Cy", b"/mount//static/x/y"] {
        assert!(public_raw(&["/static/"], "GET", "/static/x/y", Some(b"/static/x/y")));
        assert!(!public_raw(&["/static/"], "GET", "/static/x/y", Some(raw)), "{raw:?}");
    }
    // A query is no path, whether or not the host left it there.
    assert!(public_raw(&["/health"], "GET", "/health", Some(b"/health?next=%2fadmin//..")));
    // Letters that are encoded for no reason mean the same to everybody.
    assert!(public_raw(&["/docs"], "GET", "/docs", Some(b"/%64ocs")));
    assert!(!public_raw(&["/static/"], "GET", "/static/100%.png", Some(b"/static/100%25.png")));
}

/// What a policy is for stays with it, unless the path may lead elsewhere.
#[test]
fn covered_paths() {
    let rule = PathRule::new("/admin/");
    for path in
        ["/admin/", "/admin/users", "/admin//users", "/admin/users;x", "/admin/a%2fb", "/admin/100%25", "/admin/./x"]
    {
        assert!(rule.covers("GET", path), "{path}");
    }
    for path in ["/admin/...", "/admin/.a", "/admin/a..", "/admin/..a/b", "/admin/%2e", "/admin/%zz", "/admin/%"] {
        assert!(rule.covers("GET", path), "{path}");
    }
    for path in [
        "/admin",
        "/adminx",
        "/admin/..",
        "/admin/../x",
        "/admin/..%2fx",
        "/admin/%2e./x",
        "/admin/%2e%2e/x",
        "/admin/.%2E",
        "/admin/%252e%252e%252fx",
        "/admin/..;/x",
        "/admin/%%32%65./x",
        // One digit of two is encoded; decoded twice, the dots are there.
        "/admin/%2%65%2%65/x",
        // Encoded three times.
        "/admin/%25252e%25252e/x",
        "/admin/a/..\\x",
        "/admin/%5c..",
        "/admin/..%00",
        "/admin/..%7f",
        "/admin/..\u{7f}",
    ] {
        assert!(!rule.covers("GET", path), "{path}");
    }
    assert!(PathRule::new("HEAD /a").exactness() > PathRule::new("GET /a").exactness());
}

#[test]
fn what_is_no_rule() {
    let error = |rule: &'static str| PathRule::try_new(rule).unwrap_err();
    for rule in ["", "docs", "GET", "GET ", "GET  /x", "get /x", "GET/x", " /x", "GET\t/x", "https://x/", "^/x", "1 /x"]
    {
        assert_eq!(error(rule), PathRuleError::Start, "{rule:?}");
    }
    for rule in ["/*", "/items/{id}", "/items/*"] {
        assert_eq!(error(rule), PathRuleError::Pattern, "{rule:?}");
    }
    for rule in ["/x?y", "/x#y"] {
        assert_eq!(error(rule), PathRuleError::Query, "{rule:?}");
    }
    for rule in ["/a%20b", "/a b", "/x "] {
        assert_eq!(error(rule), PathRuleError::Encoded, "{rule:?}");
    }
    for rule in ["//", "/a//b", "/a/../b", "/a/.", "/a\\b", "/a;b", "/a\0"] {
        assert_eq!(error(rule), PathRuleError::Unreachable, "{rule:?}");
    }
}

#[test]
fn parts_of_a_rule() {
    let rule = PathRule::new("GET /items/");
    assert_eq!((rule.method(), rule.path(), rule.as_str()), (Some("GET"), "/items/", "GET /items/"));
    assert_eq!((PathRule::new("/x").method(), PathRule::new("/x").path()), (None, "/x"));
}

#[test]
fn preflights() {
    assert!(is_preflight("OPTIONS", true, true));
    for (method, origin, asked) in [
        ("OPTIONS", true, false),
        ("OPTIONS", false, true),
        ("OPTIONS", false, false),
        ("GET", true, true),
        ("options", true, true),
    ] {
        assert!(!is_preflight(method, origin, asked));
    }
}

/// What a router or a file system makes of a path, after a proxy may have decoded it once more.
fn resolve(path: &str) -> Vec<String> {
    let decoded =
        path.replace("%2f", "/").replace("%2F", "/").replace("%2e", ".").replace("%2E", ".").replace("%5c", "/");
    let mut out = vec![];
    for segment in decoded.replace('\\', "/").split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                out.pop();
            }
            segment => out.push(segment.to_owned()),
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// However a path is bent, nothing outside `/pub` is reached through the rule that opens `/pub/`.
    #[test]
    fn no_way_out_of_a_subtree(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "/", "..", ".", "a", "pub", "admin", "%2e", "%2f", "%2F", "%5c", "\\", ";", "//", "/../", "%",
            ]),
            0..8,
        ),
    ) {
        let path = format!("/pub/{}", pieces.concat());
        if PathRules::new(vec![PathRule::new("/pub/")]).is_public("GET", &path, Some(path.as_bytes())) {
            let reached = resolve(&path);
            prop_assert_eq!(reached.first().map(String::as_str), Some("pub"), "{}", path);
        }
    }

    #[test]
    fn an_exact_rule_opens_one_path(path in "/?[a-z./%;-]{0,12}") {
        let open = PathRules::new(vec![PathRule::new("/health")]).is_public("GET", &path, None);
        prop_assert_eq!(open, path == "/health");
    }
}
