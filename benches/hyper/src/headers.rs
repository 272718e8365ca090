//! Sallet and its peers, each set to send the same ten fields.

#[cfg(feature = "peers")]
mod peers;
#[cfg(feature = "peers")]
pub use peers::*;

use http::Response;
use sallet_core::{
    ContentSecurityPolicy, CrossOriginEmbedderPolicy, Directive, Scheme, SecurityHeaders, Source,
    StrictTransportSecurity,
};
use sallet_hyper::SecurityHeadersLayer;
use tower::Layer;

use crate::Contender;
use crate::app::{Body, Case, Inner};

const CSP: &str = "default-src 'self'; base-uri 'self'; form-action 'self'; object-src 'none'";
const REPORT_ONLY: &str = "default-src 'none'";
const PERMISSIONS: &str = "camera=(), microphone=(), usb=()";

/// Ten headers.
pub const POLICY: SecurityHeaders<'static> = SecurityHeaders::EMPTY
    .content_security_policy(Some(ContentSecurityPolicy::new(&[
        Directive::default_src(&[Source::SELF]),
        Directive::base_uri(&[Source::SELF]),
        Directive::form_action(&[Source::SELF]),
        Directive::object_src(&[Source::NONE]),
    ])))
    .content_security_policy_report_only(Some(ContentSecurityPolicy::new(&[Directive::default_src(&[Source::NONE])])))
    .strict_transport_security(Some(StrictTransportSecurity::new(63_072_000).include_subdomains()))
    .x_frame_options(Some(sallet_core::XFrameOptions::Deny))
    .x_content_type_options(Some(sallet_core::XContentTypeOptions::NoSniff))
    .referrer_policy(Some(sallet_core::ReferrerPolicy::NO_REFERRER))
    .permissions_policy(Some(sallet_core::PermissionsPolicy::new(PERMISSIONS)))
    .cross_origin_opener_policy(Some(sallet_core::CrossOriginOpenerPolicy::SAME_ORIGIN))
    .cross_origin_embedder_policy(Some(CrossOriginEmbedderPolicy::REQUIRE_CORP))
    .cross_origin_resource_policy(Some(sallet_core::CrossOriginResourcePolicy::SameOrigin));

/// The same, as text for those who take text.
pub const FIELDS: [(&str, &str); 10] = [
    ("content-security-policy", CSP),
    ("content-security-policy-report-only", REPORT_ONLY),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("permissions-policy", PERMISSIONS),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
];

pub fn sallet<A: Inner>(policy: &SecurityHeaders<'_>, app: A) -> impl Contender<Out = Body> + use<A> {
    SecurityHeadersLayer::new(policy).scheme(Scheme::Https).layer(app)
}

pub fn sallet_overriding(app: impl Inner) -> impl Contender<Out = Body> {
    SecurityHeadersLayer::overriding(&POLICY).scheme(Scheme::Https).layer(app)
}

/// With a nonce drawn, put into the request and into the policy. No peer is set to do as much.
pub fn sallet_nonce(app: impl Inner) -> impl Contender<Out = Body> {
    const WITH_NONCE: SecurityHeaders<'static> = POLICY.content_security_policy(Some(ContentSecurityPolicy::new(&[
        Directive::default_src(&[Source::SELF]),
        Directive::script_src(&[Source::SELF, Source::NONCE]),
    ])));
    SecurityHeadersLayer::new(&WITH_NONCE).scheme(Scheme::Https).layer(app)
}

/// Nobody is measured who does not do the work.
pub fn check(contender: &str, case: Case, response: &Response<Body>) {
    let headers = response.headers();
    let own = if case == Case::Many { 20 } else { 2 };
    if contender.starts_with("bare") {
        assert_eq!(headers.len(), own + usize::from(case == Case::Own));
        return;
    }
    let overrides = matches!(contender, "axum-helmet" | "sallet overriding");
    let expected = if case == Case::Own && !overrides { "SAMEORIGIN" } else { "DENY" };
    for (name, value) in FIELDS {
        let lines: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(lines.len(), 1, "{contender}: {name}");
        match name {
            "x-frame-options" => assert_eq!(lines[0], expected, "{contender}"),
            "content-security-policy" if contender == "sallet nonce" => {}
            _ => assert_eq!(parts(lines[0].to_str().expect("ASCII")), parts(value), "{contender}: {name}"),
        }
    }
    // A nonce brings a cache-control of its own, or is in the app's.
    let more = usize::from(contender == "sallet nonce" && case != Case::Many);
    assert_eq!(headers.len(), own + FIELDS.len() + more, "{contender}: {headers:?}");
}

/// One peer sorts the directives, and each has its own spaces.
fn parts(value: &str) -> Vec<&str> {
    let mut parts: Vec<_> = value.split(';').map(str::trim).collect();
    parts.sort_unstable();
    parts
}
