//! Sallet and its peers, each set to send the same ten fields.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Response};
use http_security_headers as peer;
use sallet_core::{
    ContentSecurityPolicy, CrossOriginEmbedderPolicy, Directive, Scheme, SecurityHeaders, Source,
    StrictTransportSecurity,
};
use sallet_hyper::SecurityHeadersLayer;
use tower::Layer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::set_header::response::SetMultipleResponseHeadersLayer;

use crate::Contender;
use crate::app::{App, Body, Case};

const CSP: &str = "default-src 'self'; base-uri 'self'; form-action 'self'; object-src 'none'";
const REPORT_ONLY: &str = "default-src 'none'";
const PERMISSIONS: &str = "camera=(), microphone=(), usb=()";

const POLICY: SecurityHeaders = SecurityHeaders::EMPTY
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
    .referrer_policy(Some(sallet_core::ReferrerPolicy::NoReferrer))
    .permissions_policy(Some(sallet_core::PermissionsPolicy::new(PERMISSIONS)))
    .cross_origin_opener_policy(Some(sallet_core::CrossOriginOpenerPolicy::SameOrigin))
    .cross_origin_embedder_policy(Some(CrossOriginEmbedderPolicy::RequireCorp))
    .cross_origin_resource_policy(Some(sallet_core::CrossOriginResourcePolicy::SameOrigin));

/// The same, as text for those who take text.
const FIELDS: [(&str, &str); 10] = [
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

pub fn sallet(app: App) -> impl Contender<Out = Body> {
    SecurityHeadersLayer::new(&POLICY).scheme(Scheme::Https).layer(app)
}

pub fn sallet_overriding(app: App) -> impl Contender<Out = Body> {
    SecurityHeadersLayer::overriding(&POLICY).scheme(Scheme::Https).layer(app)
}

/// With a nonce drawn, put into the request and into the policy. No peer is set to do as much.
pub fn sallet_nonce(app: App) -> impl Contender<Out = Body> {
    const WITH_NONCE: SecurityHeaders = POLICY.content_security_policy(Some(ContentSecurityPolicy::new(&[
        Directive::default_src(&[Source::SELF]),
        Directive::script_src(&[Source::SELF, Source::NONCE]),
    ])));
    SecurityHeadersLayer::new(&WITH_NONCE).scheme(Scheme::Https).layer(app)
}

fn field((name, value): (&'static str, &'static str)) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from_static(value))
}

pub fn tower_http_multiple(app: App) -> impl Contender<Out = Body> {
    SetMultipleResponseHeadersLayer::if_not_present(FIELDS.map(|f| field(f).into()).to_vec()).layer(app)
}

pub fn tower_http_stacked(app: App) -> impl Contender<Out = Body> {
    let [a, b, c, d, e, f, g, h, i, j] = FIELDS.map(|f| {
        let (name, value) = field(f);
        SetResponseHeaderLayer::if_not_present(name, value)
    });
    (a, b, c, d, e, f, g, h, i, j).layer(app)
}

/// It has no way to let the app win.
pub fn axum_helmet(app: App) -> impl Contender<Out = Body> {
    let helmet =
        FIELDS.iter().fold(axum_helmet::Helmet::new(), |helmet, &(name, value)| helmet.add((name, value.to_owned())));
    helmet.into_layer().expect("ten good fields").layer(app)
}

pub fn http_security_headers(app: App) -> impl Contender<Out = Body> {
    let policy = peer::SecurityHeaders::builder()
        .content_security_policy(peer::ContentSecurityPolicy::parse(CSP).expect("a good policy"))
        .content_security_policy_report_only(peer::ContentSecurityPolicy::parse(REPORT_ONLY).expect("a good policy"))
        .strict_transport_security(Duration::from_secs(63_072_000), true, false)
        .x_frame_options_deny()
        .x_content_type_options_nosniff()
        .referrer_policy_no_referrer()
        .permissions_policy(peer::PermissionsPolicy::parse(PERMISSIONS).expect("a good policy"))
        .cross_origin_opener_policy(peer::CrossOriginOpenerPolicy::SameOrigin)
        .cross_origin_embedder_policy(peer::CrossOriginEmbedderPolicy::RequireCorp)
        .cross_origin_resource_policy(peer::CrossOriginResourcePolicy::SameOrigin)
        .build()
        .expect("a good policy");
    peer::SecurityHeadersLayer::new(policy).if_not_present().layer(app)
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
    // A nonce brings a cache-control of its own, or joins the app's.
    let more = usize::from(contender == "sallet nonce");
    assert_eq!(headers.len(), own + FIELDS.len() + more, "{contender}: {headers:?}");
}

/// One peer sorts the directives, and each has its own spaces.
fn parts(value: &str) -> Vec<&str> {
    let mut parts: Vec<_> = value.split(';').map(str::trim).collect();
    parts.sort_unstable();
    parts
}
