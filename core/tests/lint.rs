//! What lint says: the right header, directive, part and severity, and nothing where there is nothing.

use sallet_core::{ContentSecurityPolicy, CustomField, SecurityHeaders, Severity, XFrameOptions};

/// A policy that has nothing weak, to which one directive is added or changed.
const GOOD: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// Each finding as `severity directive value`.
fn found(policy: &SecurityHeaders<'_>) -> Vec<String> {
    policy
        .lint()
        .map(|lint| {
            assert!(lint.reason.len() > 10 && lint.remedy.len() > 2, "{lint:?}");
            let parts = [lint.severity.as_str(), lint.directive, lint.value];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

fn with_csp(text: &str) -> SecurityHeaders<'_> {
    SecurityHeaders::STRICT.content_security_policy(Some(ContentSecurityPolicy::parse(text).unwrap()))
}

/// What is found in GOOD when these directives replace those of their name.
fn changed(directives: &str) -> String {
    let name = |directive: &str| directive.split_whitespace().next().map(str::to_owned);
    let new: Vec<_> = directives.split(';').filter_map(name).collect();
    let kept = GOOD.split(';').filter(|directive| !new.contains(&name(directive).unwrap()));
    kept.chain(directives.split(';')).collect::<Vec<_>>().join(";")
}

#[test]
fn each_weak_part_is_named_with_its_directive() {
    const NONCE: &str = "'nonce-{one-for-each-request}'";
    const CASES: &[(&str, &[&str])] = &[
        ("script-src 'self'", &[]),
        ("script-src 'unsafe-inline'", &["high script-src 'unsafe-inline'"]),
        ("script-src-attr 'unsafe-inline'", &["high script-src-attr 'unsafe-inline'"]),
        ("script-src-elem 'unsafe-inline'", &["high script-src-elem 'unsafe-inline'"]),
        ("default-src 'unsafe-inline'", &["high default-src 'unsafe-inline'", "low default-src 'unsafe-inline'"]),
        ("script-src NONCE 'unsafe-inline'", &[]),
        ("script-src NONCE 'strict-dynamic' 'unsafe-inline' https:", &[]),
        ("script-src NONCE 'strict-dynamic' https://a.example", &["low script-src https://a.example"]),
        ("script-src 'unsafe-eval'", &["medium script-src 'unsafe-eval'"]),
        ("script-src 'unsafe-hashes'", &["low script-src 'unsafe-hashes'"]),
        // Everyone's scripts.
        ("script-src *", &["high script-src *"]),
        ("script-src https:", &["high script-src https:"]),
        ("script-src http:", &["high script-src http:"]),
        ("script-src https://*", &["high script-src https://*"]),
        ("script-src https://*:8443", &["high script-src https://*:8443"]),
        ("script-src data:", &["high script-src data:"]),
        ("script-src blob:", &["medium script-src blob:"]),
        ("script-src filesystem:", &["medium script-src filesystem:"]),
        ("script-src *.com", &["high script-src *.com"]),
        ("script-src *.cloudfront.net", &["high script-src *.cloudfront.net"]),
        ("script-src https://*.s3.amazonaws.com", &["high script-src https://*.s3.amazonaws.com"]),
        ("script-src d1.cloudfront.net", &["low script-src d1.cloudfront.net"]),
        ("worker-src blob:", &[]),
        // Known hosts, unless one file or package is named.
        ("script-src https://cdn.jsdelivr.net", &["high script-src https://cdn.jsdelivr.net"]),
        ("script-src https://CDN.jsdelivr.NET/npm/", &["high script-src https://CDN.jsdelivr.NET/npm/"]),
        ("script-src https://cdn.jsdelivr.net/npm/vue@3/", &["low script-src https://cdn.jsdelivr.net/npm/vue@3/"]),
        ("script-src https://unpkg.com/vue.js", &["low script-src https://unpkg.com/vue.js"]),
        ("script-src *.googleapis.com", &["high script-src *.googleapis.com"]),
        ("script-src *.jsdelivr.net:443", &["high script-src *.jsdelivr.net:443"]),
        ("script-src notunpkg.com", &["low script-src notunpkg.com"]),
        ("script-src https://cdn.example", &["low script-src https://cdn.example"]),
        ("img-src https://cdn.jsdelivr.net", &[]),
        // Styles.
        ("style-src 'unsafe-inline'", &["low style-src 'unsafe-inline'"]),
        ("style-src-attr 'unsafe-inline'", &["low style-src-attr 'unsafe-inline'"]),
        ("style-src https:", &["medium style-src https:"]),
        // Other directives.
        ("img-src *", &["low img-src *"]),
        ("img-src https:", &["low img-src https:"]),
        ("connect-src wss:", &["low connect-src wss:"]),
        ("form-action *", &["medium form-action *"]),
        ("form-action https:", &["medium form-action https:"]),
        ("base-uri *", &["medium base-uri *"]),
        ("base-uri https:; script-src NONCE", &["high base-uri https:"]),
        ("object-src *", &["low object-src *", "medium object-src *"]),
        ("object-src data:", &["medium object-src data:"]),
        ("object-src https://a.example", &["low object-src https://a.example"]),
        // Plain HTTP.
        ("img-src http://a.example", &["medium img-src http://a.example"]),
        ("connect-src ws://a.example", &["medium connect-src ws://a.example"]),
        ("connect-src http://localhost:3000", &["low connect-src http://localhost:3000"]),
        ("connect-src http://app.localhost", &["low connect-src http://app.localhost"]),
        ("connect-src http://127.0.0.1", &["low connect-src http://127.0.0.1"]),
        ("script-src http://a.example", &["low script-src http://a.example", "medium script-src http://a.example"]),
        ("report-uri http://r.example/csp", &["low report-uri http://r.example/csp"]),
        // Nothing matches.
        ("img-src https://cdn.example/lib/*", &["medium img-src https://cdn.example/lib/*"]),
        ("connect-src https://192.0.2.1", &["low connect-src https://192.0.2.1"]),
        ("form-action 'self' com.example.app:", &[]),
        ("form-action 'self' de.example.app:", &[]),
        ("form-action 'self' cdn.example:", &["medium form-action cdn.example:"]),
        ("img-src com.example.app:", &["medium img-src com.example.app:"]),
        ("script-src cdn.example:", &["medium script-src cdn.example:"]),
        ("base-uri data:", &["low base-uri data:"]),
        ("script-src-attr https://a.example", &["low script-src-attr https://a.example"]),
        ("script-src 'strict-dynamic'", &["high script-src 'strict-dynamic'"]),
        ("script-src {unchecked}'new-word'", &["low script-src 'new-word'"]),
        ("{unchecked}new-thing 'a' b", &["low new-thing"]),
        // Switched off.
        ("default-src 'self' NONCE; style-src 'self' NONCE 'unsafe-inline'", &["medium style-src 'unsafe-inline'"]),
        ("default-src 'self' NONCE 'unsafe-inline'", &[]),
        (
            "script-src NONCE; script-src-attr NONCE 'unsafe-inline'",
            &["medium script-src-attr 'unsafe-inline'", "low script-src-attr 'nonce-{one-for-each-request}'"],
        ),
    ];
    for (directives, expected) in CASES {
        let text = changed(&directives.replace("NONCE", NONCE));
        assert_eq!(found(&with_csp(&text)), *expected, "{text}");
    }
}

#[test]
fn one_look_finds_what_one_by_one_does() {
    let text = changed("script-src 'unsafe-inline' http://a.example https:; img-src *");
    let policy = with_csp(&text).x_content_type_options(None).referrer_policy(None);
    let mut one_by_one = Vec::new();
    for lint in policy.lint() {
        one_by_one.push(lint);
    }
    for skipped in 0..one_by_one.len() {
        let mut rest = policy.lint();
        assert_eq!(rest.by_ref().take(skipped).count(), skipped);
        let mut looked = Vec::new();
        rest.for_each(|lint| looked.push(lint));
        assert_eq!(looked, one_by_one[skipped..]);
    }
    assert_eq!(policy.lint().count(), one_by_one.len());
}

#[test]
fn what_is_missing_is_named() {
    for (text, expected) in [
        (
            "img-src 'self'",
            &["high script-src", "medium object-src", "medium base-uri", "medium form-action", "low frame-ancestors"][..],
        ),
        (
            "script-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
            &["medium default-src"],
        ),
        ("default-src 'nonce-{one-for-each-request}'; form-action 'self'; frame-ancestors 'none'", &["high base-uri"]),
    ] {
        assert_eq!(found(&with_csp(text)), expected, "{text}");
    }
    let bare = with_csp("default-src 'self'; base-uri 'self'; form-action 'self'").x_frame_options(None);
    assert_eq!(found(&bare), ["medium frame-ancestors"]);
}

#[test]
fn a_report_only_policy_is_judged_as_such() {
    let twin = |text| Some(ContentSecurityPolicy::parse(text).unwrap());
    let policy = |text| SecurityHeaders::STRICT.content_security_policy_report_only(twin(text));
    // Not what it lacks: the enforced policy has that.
    let tighter = policy("script-src 'self' 'unsafe-inline'; report-uri /csp");
    let lints: Vec<_> = tighter.lint().collect();
    assert_eq!(found(&tighter), ["medium script-src 'unsafe-inline'"]);
    assert_eq!(lints[0].header, "content-security-policy-report-only");
    assert_eq!(found(&policy("default-src 'self'")), ["medium"]);
    assert_eq!(
        found(&policy("default-src 'self'; sandbox; upgrade-insecure-requests; report-uri /csp")),
        ["low sandbox", "low upgrade-insecure-requests"]
    );
    let alone = policy(GOOD).content_security_policy(None);
    assert_eq!(found(&alone), ["high", "medium"]);
    assert!(alone.lint().all(|lint| !lint.header.is_empty() && lint.to_string().starts_with(lint.severity.as_str())));
    let alone = policy("script-src 'self'; report-uri /csp").content_security_policy(None);
    assert!(found(&alone).contains(&"low base-uri".to_owned()));
}

#[test]
fn x_frame_options_agrees_with_frame_ancestors() {
    for (ancestors, header, expected) in [
        ("'none'", XFrameOptions::Deny, None),
        ("'self'", XFrameOptions::SameOrigin, None),
        ("'none'", XFrameOptions::SameOrigin, Some("medium SAMEORIGIN")),
        ("'self'", XFrameOptions::Deny, Some("low DENY")),
        ("'self' https://a.example", XFrameOptions::SameOrigin, Some("low SAMEORIGIN")),
        ("https://a.example", XFrameOptions::Deny, Some("low DENY")),
    ] {
        let text = changed(&format!("frame-ancestors {ancestors}"));
        let policy = with_csp(&text);
        assert_eq!(found(&policy.x_frame_options(Some(header))), expected.map_or(vec![], |it| vec![it.to_owned()]));
        assert_eq!(found(&policy.x_frame_options(None)), [""; 0]);
    }
}

#[test]
fn typos_that_are_legal_are_named() {
    let strict = SecurityHeaders::STRICT;
    for (name, value, directive, nearest) in [
        ("cache-control", "no-stor", "no-stor", "no-store"),
        ("cache-control", "private, maxage=3", "maxage", "max-age"),
        ("cache-control", "private, community=\"a, b\", max-age=3", "community", ""),
    ] {
        let policy = strict.with(name, value).unwrap();
        let lints: Vec<_> = policy.lint().collect();
        assert_eq!(lints.len(), 1, "{lints:?}");
        assert_eq!((lints[0].header, lints[0].directive, lints[0].nearest), (name, directive, nearest));
        assert_eq!(lints[0].to_string().contains("did you mean"), !nearest.is_empty());
    }
    for (name, value, directive, nearest) in [
        ("permissions-policy", "camra=()", "camra", "camera"),
        ("permissions-policy", "geo-location=(self)", "geo-location", "geolocation"),
        ("permissions-policy-report-only", "camera=(), mirophone=();report-to=r", "mirophone", "microphone"),
        ("permissions-policy", "camrea=()", "camrea", "camera"),
        ("permissions-policy", "brand-new=()", "brand-new", ""),
    ] {
        let policy = strict.with("reporting-endpoints", "r=\"/r\"").unwrap().with(name, value).unwrap();
        let lints: Vec<_> = policy.lint().collect();
        assert_eq!(lints.len(), 1, "{lints:?}");
        assert_eq!((lints[0].header, lints[0].directive, lints[0].nearest), (name, directive, nearest));
    }
    assert_eq!(found(&strict.with("cache-control", "s-maxage=3, Private").unwrap()), [""; 0]);
    let custom = [CustomField::new("x-frame-option", "DENY"), CustomField::new("x-robots-tag", "noindex")];
    let lints: Vec<_> = strict.custom(&custom).lint().map(|lint| lint.to_string()).collect();
    assert_eq!(lints.len(), 1);
    assert!(lints[0].starts_with("medium: x-frame-option: ") && lints[0].contains("did you mean x-frame-options?"));
}

#[test]
fn of_several_policies_each_must_be_weak() {
    let both = |first: &str, second: &str| format!("{}, {}", changed(first), changed(second));
    for (text, expected) in [
        (both("script-src 'unsafe-inline'", "script-src 'self'"), &[][..]),
        (both("script-src 'unsafe-inline'", "script-src-elem 'unsafe-inline'"), &["high script-src 'unsafe-inline'"]),
        (format!("{GOOD}, img-src 'self'"), &[]),
        (format!("img-src 'self', {GOOD}"), &[]),
        (
            "img-src 'self', frame-ancestors 'none'; form-action 'self'; base-uri 'self'".to_owned(),
            &["high script-src", "medium object-src"],
        ),
        // What does nothing is named wherever it is.
        (both("img-src 'self'", "img-src https://a.example/*"), &["medium img-src https://a.example/*"]),
        (both("img-src {unchecked}'a'", "img-src {unchecked}'b'"), &["low img-src 'a'", "low img-src 'b'"]),
    ] {
        assert_eq!(found(&with_csp(&text)), expected, "{text}");
    }
}

#[test]
fn a_report_only_header_needs_a_destination() {
    for row in SecurityHeaders::HEADERS.iter().filter(|row| row.report_only_of.is_some()) {
        let enforced = SecurityHeaders::HEADERS.iter().find(|header| header.name == row.enforced()).unwrap();
        let (word, _) = enforced.good.split_once(';').unwrap_or((enforced.good, ""));
        let word = if row.name.starts_with("content") { "default-src 'self'" } else { word };
        let silent = SecurityHeaders::STRICT.with(row.name, word).unwrap();
        let lints: Vec<_> = silent.lint().filter(|lint| lint.header == row.name).collect();
        assert!(matches!(lints[..], [lint] if lint.reason.contains("go nowhere")), "{word}: {lints:?}");

        let heard = match row.endpoints_in {
            Some("endpoints") => format!("{word}, endpoints=(r)"),
            _ if row.name.starts_with("content") => format!("{word}; report-to r"),
            _ => format!("{word};report-to=\"r\""),
        };
        let heard = silent.with(row.name, &heard).unwrap().with("reporting-endpoints", "r=\"/r\"").unwrap();
        assert_eq!(found(&heard), [""; 0], "{}", row.name);
    }
    let default = SecurityHeaders::STRICT.with("permissions-policy-report-only", "camera=()").unwrap();
    assert_eq!(found(&default.with("reporting-endpoints", "default=\"/r\"").unwrap()), [""; 0]);
}

#[test]
fn what_is_unchecked_is_named() {
    let strict = SecurityHeaders::STRICT;
    let whole = strict.with("x-frame-options", "{unchecked}ALLOW-FROM https://a.example").unwrap();
    assert_eq!(found(&whole), ["low ALLOW-FROM https://a.example"]);
    let feature = strict.with("permissions-policy", "camera=(), {unchecked}camra=new").unwrap();
    assert_eq!(found(&feature), ["low camra"]);
    // It is not judged otherwise.
    for name in SecurityHeaders::NAMES.iter().filter(|name| !name.starts_with("content-security")) {
        let unchecked = strict.with(name, "{unchecked}new 1").unwrap();
        let about: Vec<_> = unchecked.lint().filter(|lint| lint.header == *name).map(|lint| lint.value).collect();
        assert_eq!(about.len(), 1 + usize::from(*name == "clear-site-data"), "{name}");
    }
}

#[test]
fn clear_site_data_is_not_for_every_response() {
    let policy = SecurityHeaders::STRICT.with("clear-site-data", "\"cookies\"").unwrap();
    assert_eq!(found(&policy), ["medium"]);
    let weak = SecurityHeaders::STRICT.with("referrer-policy", "no-referrer, unsafe-url").unwrap();
    assert_eq!(found(&weak), ["medium unsafe-url"]);
}

#[test]
fn a_policy_too_long_for_proxies_is_named_by_its_longest_header() {
    for (hosts, severity) in [(10, None), (130, Some(Severity::Low)), (300, Some(Severity::Medium))] {
        let list: String = (0..hosts).map(|at| format!(" https://host-{at:03}.example")).collect();
        let text = changed(&format!("img-src{list}"));
        let lints: Vec<_> = with_csp(&text).lint().collect();
        assert_eq!(lints.first().map(|lint| lint.severity), severity);
        assert!(lints.iter().all(|lint| lint.header == "content-security-policy" && lints.len() == 1));
    }
}
