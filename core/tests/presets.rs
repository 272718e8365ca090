//! The presets, to the byte: whoever changes one changes what users send.

use sallet_core::{Scheme, SecurityHeaders};

fn lines(policy: SecurityHeaders<'_>) -> Vec<String> {
    policy.fields().map(|field| format!("{}: {field}", field.name())).collect()
}

const PERMISSIONS: &str = "permissions-policy: camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), \
                           midi=(), payment=(), serial=(), usb=()";

#[test]
fn strict() {
    assert_eq!(
        lines(SecurityHeaders::STRICT),
        [
            "content-security-policy: default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; \
             img-src 'self' data:; object-src 'none'; script-src-attr 'none'; upgrade-insecure-requests",
            "strict-transport-security: max-age=63072000; includeSubDomains",
            "x-content-type-options: nosniff",
            "x-frame-options: DENY",
            "referrer-policy: strict-origin-when-cross-origin",
            "cross-origin-opener-policy: same-origin",
            "cross-origin-resource-policy: same-origin",
            PERMISSIONS,
            "origin-agent-cluster: ?1",
            "x-dns-prefetch-control: off",
            "x-permitted-cross-domain-policies: none",
            "x-xss-protection: 0",
        ]
    );
}

#[test]
fn api() {
    assert_eq!(
        lines(SecurityHeaders::API),
        [
            "content-security-policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "strict-transport-security: max-age=63072000; includeSubDomains",
            "x-content-type-options: nosniff",
            "x-frame-options: DENY",
            "referrer-policy: no-referrer",
            "cross-origin-opener-policy: same-origin",
            "cross-origin-embedder-policy: require-corp",
            "cross-origin-resource-policy: same-origin",
            PERMISSIONS,
            "cache-control: no-store",
            "x-permitted-cross-domain-policies: none",
            "x-xss-protection: 0",
        ]
    );
}

#[test]
fn classic_is_the_article() {
    assert_eq!(
        lines(SecurityHeaders::CLASSIC),
        [
            "content-security-policy: default-src 'self'",
            "strict-transport-security: max-age=31556926; includeSubDomains",
            "x-content-type-options: nosniff",
            "x-frame-options: DENY",
            "referrer-policy: strict-origin-when-cross-origin",
            "cross-origin-opener-policy: same-origin",
            "x-xss-protection: 1; mode=block",
        ]
    );
}

#[test]
fn empty() {
    assert!(lines(SecurityHeaders::EMPTY).is_empty());
}

#[test]
fn http_only_loses_what_is_for_https() {
    for preset in [SecurityHeaders::STRICT, SecurityHeaders::API, SecurityHeaders::CLASSIC] {
        let expected: Vec<_> = lines(preset)
            .into_iter()
            .filter(|line| !line.starts_with("strict-transport-security"))
            .map(|line| line.replace("; upgrade-insecure-requests", ""))
            .collect();
        assert_eq!(lines(preset.over(Scheme::Http)), expected);
        assert_eq!(lines(preset.over(Scheme::Https)), lines(preset));
    }
}

#[test]
fn presets_hold_together_and_have_no_high_finding() {
    for preset in [SecurityHeaders::STRICT, SecurityHeaders::API, SecurityHeaders::CLASSIC] {
        let preset = preset.check().unwrap();
        assert!(!preset.needs_nonce());
        assert!(preset.lint().all(|lint| lint.severity < sallet_core::Severity::High));
    }
    assert_eq!(SecurityHeaders::STRICT.lint().next(), None);
    assert_eq!(SecurityHeaders::API.lint().next(), None);
}
