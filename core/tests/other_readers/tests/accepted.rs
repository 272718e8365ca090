//! Every value that a specification allows is accepted, but for what this table refuses, with the reason.

use std::collections::BTreeMap;

use other_readers::random::Random;
use other_readers::{content_security_policy, other_fields, structured_fields};
use sallet_core::{PolicyError, SecurityHeaders};

const VALUES: usize = 20_000;

/// Legal by the grammar, and refused all the same.
const REFUSED: &[(&str, PolicyError, &str)] = &[
    ("content-security-policy", PolicyError::DuplicateDirective, "browsers drop the second (CSP3 section 2.2.1)"),
    (
        "content-security-policy",
        PolicyError::KeywordNotAllowed,
        "a nonce where nothing reads one, as in img-src, would keep pages from caches for nothing",
    ),
    (
        "content-security-policy",
        PolicyError::TooManyNonces,
        "more than eight NONCE in one policy: eight directives read one",
    ),
    ("strict-transport-security", PolicyError::PreloadWithoutSubdomains, "hstspreload.org takes no such site"),
    ("strict-transport-security", PolicyError::PreloadTooShort, "hstspreload.org takes no such site"),
];

/// The sources of `header`'s values: `count` members of its grammar.
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

#[test]
fn content_security_policy_report_only_of_csp3() {
    let mut random = Random::new(3);
    let text = content_security_policy::policy_list(&mut random).text;
    let accepted = |header| SecurityHeaders::EMPTY.with(header, &text).is_ok();
    assert_eq!(accepted("content-security-policy"), accepted("content-security-policy-report-only"));
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
