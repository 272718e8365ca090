//! Every value that a specification allows is accepted, but for what this table refuses, with the reason.

use std::collections::BTreeMap;

use other_readers::random::Random;
use other_readers::{content_security_policy, other_fields, structured_fields};
use sallet_core::{PolicyError, SecurityHeaders};

const VALUES: usize = 20_000;

/// Legal by the grammar, written by a generator, and refused all the same.
const REFUSED: &[(&str, PolicyError, &str)] = &[
    ("content-security-policy", PolicyError::DuplicateDirective, "browsers drop the second (CSP3 section 2.2.1)"),
    (
        "content-security-policy",
        PolicyError::KeywordNotAllowed,
        "a nonce where nothing reads one, as in img-src, would keep pages from caches for nothing",
    ),
    ("strict-transport-security", PolicyError::PreloadWithoutSubdomains, "hstspreload.org takes no such site"),
    ("strict-transport-security", PolicyError::PreloadTooShort, "hstspreload.org takes no such site"),
];

/// Legal by the grammar and refused, with the reason; and the form that sends it all the same, if there is one.
const SAMPLES: &[(&str, &str, &str, &str)] = &[
    ("content-security-policy", "default-src self", "read as a host: 'self' is meant", "default-src {unchecked}self"),
    ("content-security-policy", "script-src 'nonce-YWJj'", "the same for every response (CSP3 section 7.1)", ""),
    (
        "content-security-policy",
        // Nine.
        "style-src 'nonce-{one-for-each-request}', style-src 'nonce-{one-for-each-request}', \
         style-src 'nonce-{one-for-each-request}', style-src 'nonce-{one-for-each-request}', \
         style-src 'nonce-{one-for-each-request}', style-src 'nonce-{one-for-each-request}', \
         style-src 'nonce-{one-for-each-request}', style-src 'nonce-{one-for-each-request}', \
         style-src 'nonce-{one-for-each-request}'",
        "a rendered text has room for eight",
        "",
    ),
    (
        "content-security-policy",
        "script-src 'sha256-YWJj'",
        "no digest of SHA-256 has this length, so nothing matches",
        "script-src {unchecked}'sha256-YWJj'",
    ),
    (
        "content-security-policy",
        "block-all-mixed-content",
        "browsers have dropped it",
        "{unchecked}block-all-mixed-content",
    ),
    (
        "content-security-policy",
        "new-directive a",
        "unknown: a typo, or newer than Sallet",
        "{unchecked}new-directive a",
    ),
    (
        "content-security-policy",
        "sandbox allow-new",
        "unknown: a typo, or newer than Sallet",
        "sandbox {unchecked}allow-new",
    ),
    (
        "referrer-policy",
        "no-referrer, new-policy",
        "an extension-token that no browser knows",
        "{unchecked}no-referrer, new-policy",
    ),
    ("cross-origin-opener-policy", "new-value", "browsers take it as unsafe-none", "{unchecked}new-value"),
    ("cross-origin-embedder-policy", "new-value", "browsers take it as unsafe-none", "{unchecked}new-value"),
    ("permissions-policy", "camera=(), camera=*", "the last one counts (RFC 9651 section 3.2)", ""),
    ("strict-transport-security", "max-age=1; new", "an extension that no browser knows", "{unchecked}max-age=1; new"),
];

#[test]
fn samples_are_refused_and_can_be_sent_unchecked() {
    for (header, value, reason, unchecked) in SAMPLES {
        assert!(
            SecurityHeaders::EMPTY.with(header, value).is_err(),
            "{header}: {value}: accepted, and listed: {reason}"
        );
        if !unchecked.is_empty() {
            let sent = SecurityHeaders::EMPTY.with(header, unchecked);
            assert!(sent.is_ok(), "{header}: {unchecked}: {sent:?}");
        }
    }
}

/// `VALUES` members of the grammar of `header`.
fn check(header: &'static str, mut value: impl FnMut(&mut Random) -> String) {
    let mut random = Random::new(9651);
    let (mut wrong, mut reasons) = (BTreeMap::<String, (usize, String)>::new(), Vec::new());
    for _ in 0..VALUES {
        let text = value(&mut random);
        let Err(error) = SecurityHeaders::EMPTY.with(header, &text) else { continue };
        match REFUSED.iter().find(|(name, allowed, _)| *name == header && *allowed == error) {
            Some(entry) => reasons.push(entry),
            None => {
                let (count, shortest) = wrong.entry(format!("{error:?}")).or_insert((0, text.clone()));
                *count += 1;
                if text.len() < shortest.len() {
                    *shortest = text;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{header} refuses what its specification allows: {wrong:#?}");
    for entry @ (name, error, _) in REFUSED {
        assert!(
            *name != header || reasons.contains(&entry),
            "{name}: {error:?} is listed, and nothing was refused for it"
        );
    }
}

#[test]
fn content_security_policy_of_csp3() {
    check("content-security-policy", |random| content_security_policy::policy_list(random).text);
}

/// The twins read the same values.
#[test]
fn report_only_twins_accept_what_the_enforced_headers_accept() {
    for header in SecurityHeaders::HEADERS.iter().filter(|header| header.report_only_of.is_some()) {
        for value in [header.good, header.bad] {
            let accepted = |name| SecurityHeaders::EMPTY.with(name, value).is_ok();
            assert_eq!(accepted(header.name), accepted(header.enforced()), "{}: {value}", header.name);
        }
    }
}

#[test]
fn permissions_policy() {
    let features = ["camera", "geolocation", "fullscreen", "gyroscope", "picture-in-picture", "sync-xhr"];
    check("permissions-policy", |random| structured_fields::permissions_policy(&features, random));
}

#[test]
fn cross_origin_opener_policy_of_html() {
    let values = ["unsafe-none", "same-origin-allow-popups", "same-origin", "noopener-allow-popups"];
    check("cross-origin-opener-policy", |random| structured_fields::reported_item(&values, random));
}

#[test]
fn cross_origin_embedder_policy_of_html() {
    let values = ["unsafe-none", "require-corp", "credentialless"];
    check("cross-origin-embedder-policy", |random| structured_fields::reported_item(&values, random));
}

#[test]
fn document_isolation_policy() {
    let values = ["none", "isolate-and-require-corp", "isolate-and-credentialless"];
    check("document-isolation-policy", |random| structured_fields::reported_item(&values, random));
}

#[test]
fn integrity_policy() {
    check("integrity-policy", structured_fields::integrity_policy);
}

#[test]
fn reporting_endpoints() {
    check("reporting-endpoints", structured_fields::reporting_endpoints);
}

#[test]
fn origin_agent_cluster() {
    check("origin-agent-cluster", structured_fields::origin_agent_cluster);
}

#[test]
fn referrer_policy() {
    check("referrer-policy", other_fields::referrer_policy);
}

#[test]
fn strict_transport_security_of_rfc_6797() {
    check("strict-transport-security", other_fields::strict_transport_security);
}

#[test]
fn cache_control_of_rfc_9111() {
    check("cache-control", other_fields::cache_control);
}

#[test]
fn clear_site_data() {
    check("clear-site-data", other_fields::clear_site_data);
}

#[test]
fn x_frame_options() {
    check("x-frame-options", other_fields::x_frame_options);
}

#[test]
fn x_content_type_options() {
    check("x-content-type-options", other_fields::x_content_type_options);
}

#[test]
fn cross_origin_resource_policy_of_fetch() {
    check("cross-origin-resource-policy", other_fields::cross_origin_resource_policy);
}
