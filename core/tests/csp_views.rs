//! Content-Security-Policy: several policies in one, and what of each is sent.

use sallet_core::{
    ContentSecurityPolicy, Directive, DirectiveName, IntegrityPolicy, PolicyError, Scheme, SecurityHeaders, Source,
};

#[test]
fn without_a_nonce_a_policy_is_one_text_that_allows_no_more() {
    const NONCE: &str = "'nonce-{one-for-each-request}'";
    for (with, without) in [
        ("default-src 'self'", "default-src 'self'"),
        ("script-src NONCE", "script-src 'none'"),
        ("script-src 'self' NONCE; img-src *", "script-src 'self'; img-src *"),
        // Without its nonce, 'unsafe-inline' would count again; in a directive without one it counts all along.
        ("style-src 'unsafe-inline' NONCE; script-src 'unsafe-inline'", "style-src 'none'; script-src 'unsafe-inline'"),
        // Chromium counts this among what a nonce switches off.
        ("script-src NONCE 'Inline-Speculation-Rules' 'self'", "script-src 'self'"),
        ("script-src 'inline-speculation-rules'", "script-src 'inline-speculation-rules'"),
        ("script-src NONCE 'strict-dynamic' https:", "script-src 'strict-dynamic' https:"),
        ("style-src NONCE 'self' NONCE", "style-src 'self'"),
    ] {
        let with = with.replace("NONCE", NONCE);
        let policy = ContentSecurityPolicy::parse(&with).unwrap();
        assert_eq!(policy.without_nonce().to_string(), without, "{with}");
        assert_eq!(policy.without_nonce().without_nonce().to_string(), without, "{with}");
        assert!(!policy.without_nonce().needs_nonce(), "{with}");
        // A directive taken out of the view stays in it.
        let directives: Vec<_> = policy.without_nonce().directives().collect();
        let again = ContentSecurityPolicy::try_new(&directives).unwrap();
        assert_eq!(again.without_nonce().to_string(), without, "{with}");

        let headers = SecurityHeaders::EMPTY
            .content_security_policy(Some(policy))
            .content_security_policy_report_only(Some(policy))
            .without_nonce();
        assert!(!headers.needs_nonce() && !headers.to_string().contains("private"), "{with}");
        assert_eq!(
            headers.to_string(),
            format!("content-security-policy: {without}\r\ncontent-security-policy-report-only: {without}\r\n")
        );
    }
}

#[test]
fn what_is_tried_out_moves_to_the_twins() {
    let policy = SecurityHeaders::STRICT
        .integrity_policy(Some(IntegrityPolicy::parse("blocked-destinations=(script)").unwrap()))
        .report_only();
    let text = policy.to_string();
    let names: Vec<_> = text.lines().map(|line| line.split_once(": ").unwrap().0).collect();
    let given = SecurityHeaders::STRICT.to_string();
    for header in SecurityHeaders::HEADERS {
        if let Some(enforced) = header.report_only_of {
            assert!(!names.contains(&enforced), "{enforced} has a twin");
            assert!(!given.contains(&format!("{enforced}: ")) || names.contains(&header.name), "{}", header.name);
        }
    }
    assert!(text.contains("integrity-policy-report-only: blocked-destinations=(script)\r\n"));
    assert!(text.contains("frame-ancestors 'none'") && !text.contains("upgrade-insecure-requests"));
    assert!(!names.contains(&"x-frame-options") && names.contains(&"x-content-type-options"));

    // Whichever of several policies says it.
    let second = ContentSecurityPolicy::from_text("default-src 'self', frame-ancestors 'self'");
    let several = SecurityHeaders::STRICT.content_security_policy(Some(second)).report_only().to_string();
    assert!(!several.contains("x-frame-options"));

    // Framing is still refused by X-Frame-Options where nothing else is said about it.
    let framed = SecurityHeaders::CLASSIC.report_only().to_string();
    assert!(framed.starts_with("content-security-policy-report-only: default-src 'self'\r\n"));
    assert!(framed.contains("x-frame-options: DENY"));
    // It is said in any of several policies.
    let ancestors = ContentSecurityPolicy::from_text("default-src 'self', frame-ancestors 'none'");
    let framed = SecurityHeaders::CLASSIC.content_security_policy(Some(ancestors)).report_only().to_string();
    assert!(!framed.contains("x-frame-options"), "{framed}");
    let sandbox = ContentSecurityPolicy::from_text("sandbox; upgrade-insecure-requests");
    assert!(sandbox.report_only().is_none());
    assert_eq!(SecurityHeaders::EMPTY.content_security_policy(Some(sandbox)).report_only().to_string(), "");
}

#[test]
fn several_policies_are_sent_in_one_line() {
    const FIRST: ContentSecurityPolicy<'_> = ContentSecurityPolicy::new(&[Directive::default_src(&[Source::SELF])]);
    const SECOND: ContentSecurityPolicy<'_> =
        ContentSecurityPolicy::from_text("script-src 'nonce-{one-for-each-request}', img-src data:; sandbox");
    const ALL: ContentSecurityPolicy<'_> = FIRST.and(&[SECOND, FIRST]);
    let text =
        "default-src 'self', script-src 'nonce-{one-for-each-request}', img-src data:; sandbox, default-src 'self'";
    assert_eq!(ALL.to_string(), text);
    assert_eq!(ContentSecurityPolicy::from_text(text).to_string(), text);
    let each: Vec<_> = ALL.policies().map(|policy| policy.to_string()).collect();
    assert_eq!(each.join(", "), text);
    assert_eq!(each.len(), 4);
    assert!(!ALL.policies().next().unwrap().needs_nonce() && ALL.needs_nonce() && !FIRST.needs_nonce());
    // Of several, the first answers; each of policies() for itself.
    assert!(ALL.effective(DirectiveName::Sandbox).is_none());
    assert!(ALL.policies().nth(2).unwrap().effective(DirectiveName::Sandbox).is_some());

    let headers = SecurityHeaders::EMPTY.content_security_policy(Some(ALL));
    let lines = headers.to_string();
    assert_eq!(lines, format!("content-security-policy: {text}\r\ncache-control: private\r\n"));
    assert_eq!(
        ALL.without_nonce().to_string(),
        "default-src 'self', script-src 'none', img-src data:; sandbox, default-src 'self'"
    );

    assert_eq!(ALL.try_and(&[]).unwrap_err(), PolicyError::NestedPolicies);
    assert_eq!(FIRST.try_and(&[ALL]).unwrap_err(), PolicyError::NestedPolicies);
    let many = [SECOND; 9];
    assert_eq!(FIRST.try_and(&many).unwrap_err(), PolicyError::TooManyNonces);
    assert!(FIRST.try_and(&many[1..]).is_ok());
}

/// A view is of each policy, and one that has nothing left is not sent.
#[test]
fn each_policy_has_its_view() {
    let upgrade = ContentSecurityPolicy::from_text("upgrade-insecure-requests");
    let nonce =
        ContentSecurityPolicy::from_text("script-src 'nonce-{one-for-each-request}'; upgrade-insecure-requests");
    for (all, http, tried) in [
        (
            upgrade.and(&[nonce]),
            "script-src 'nonce-{one-for-each-request}'",
            "script-src 'nonce-{one-for-each-request}'",
        ),
        (nonce.without_nonce().and(&[upgrade]), "script-src 'none'", "script-src 'none'"),
        (upgrade.and(&[nonce.without_nonce()]), "script-src 'none'", "script-src 'none'"),
        (
            nonce.and(&[ContentSecurityPolicy::from_text("sandbox")]),
            "script-src 'nonce-{one-for-each-request}', sandbox",
            "script-src 'nonce-{one-for-each-request}'",
        ),
    ] {
        assert_eq!(all.over(Scheme::Http).unwrap().to_string(), http);
        assert_eq!(all.report_only().unwrap().to_string(), tried);
        assert_eq!(all.over(Scheme::Https).unwrap().to_string(), all.to_string());
    }
    assert!(upgrade.and(&[upgrade]).over(Scheme::Http).is_none());
}

/// Browsers know no endpoints of a page that came over HTTP, and would not post to `report-uri` either.
#[test]
fn over_http_reports_go_where_they_can() {
    let csp = ContentSecurityPolicy::from_text("img-src *; report-uri /csp; report-to csp, report-to csp");
    let policy = SecurityHeaders::EMPTY
        .content_security_policy(Some(csp))
        .content_security_policy_report_only(Some(csp))
        .with("reporting-endpoints", "csp=\"/csp\"")
        .unwrap();
    let sent = "img-src *; report-uri /csp\r\n";
    assert_eq!(
        policy.over(Scheme::Http).to_string(),
        format!("content-security-policy: {sent}content-security-policy-report-only: {sent}")
    );
    assert_eq!(policy.over(Scheme::Https).to_string(), policy.to_string());
}

/// Browsers enforce each of several policies, so a weakness is one of all of them.
#[test]
fn lint_sees_each_policy() {
    let weak = |text: &str| {
        let policy = SecurityHeaders::STRICT.content_security_policy(Some(ContentSecurityPolicy::parse(text).unwrap()));
        policy.lint().map(|lint| format!("{} {}", lint.directive, lint.value)).collect::<Vec<_>>()
    };
    let strict = ContentSecurityPolicy::STRICT.to_string();
    assert!(weak(&format!("{strict}, script-src 'unsafe-inline'")).is_empty());
    assert!(weak(&format!("default-src *, {strict}")).is_empty());
    let inline = weak("default-src 'self' 'unsafe-inline', script-src 'self' 'unsafe-inline'; frame-ancestors 'none'");
    assert!(inline.contains(&"default-src 'unsafe-inline'".to_owned()), "{inline:?}");
    assert!(!inline.iter().any(|lint| lint.starts_with("frame-ancestors")), "{inline:?}");
    // A policy that says nothing about scripts rules none out, wherever it is.
    for text in ["script-src 'unsafe-inline', img-src *", "img-src *, script-src 'unsafe-inline'"] {
        let found = weak(text);
        assert_eq!(found.iter().filter(|lint| *lint == "script-src 'unsafe-inline'").count(), 1, "{text}: {found:?}");
    }
    let found = weak("default-src 'unsafe-inline'; img-src 'none', img-src *");
    assert!(found.contains(&"default-src 'unsafe-inline'".to_owned()), "{found:?}");
    // What has no effect has none, whatever the others say.
    assert_eq!(weak(&format!("{strict}, script-src 'strict-dynamic'")), ["script-src 'strict-dynamic'"]);
    assert_eq!(
        weak(&format!("{strict}, {{unchecked}}new-src a, img-src {{unchecked}}'new'")),
        ["new-src ", "img-src 'new'"]
    );
}
