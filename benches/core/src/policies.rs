//! The policies that are rendered.

use sallet_core::*;

/// A policy, and its text as the compiler rendered it.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    pub name: &'static str,
    pub policy: SecurityHeaders<'static>,
    pub text: &'static str,
}

macro_rules! subjects {
    ($($name:literal: $policy:expr),+ $(,)?) => {
        [$(Subject { name: $name, policy: $policy, text: const_block!($policy) }),+]
    };
}

pub static PRESETS: [Subject; 3] = subjects! {
    "STRICT": SecurityHeaders::STRICT,
    "API": SecurityHeaders::API,
    "CLASSIC": SecurityHeaders::CLASSIC,
};

const CSP: ContentSecurityPolicy<'static> = ContentSecurityPolicy::new(&[
    Directive::default_src(&[Source::SELF]),
    Directive::base_uri(&[Source::SELF]),
    Directive::form_action(&[Source::SELF]),
    Directive::frame_ancestors(&[Source::NONE]),
    Directive::img_src(&[Source::SELF, Source::DATA]),
    Directive::object_src(&[Source::NONE]),
    Directive::script_src(&[Source::SELF, Source::new("https://cdn.example")]),
]);

macro_rules! one_header {
    ($($name:literal: $value:literal),+ $(,)?) => {
        subjects! { $($name: match SecurityHeaders::EMPTY.with($name, $value) {
            Ok(policy) => policy,
            Err(error) => panic!("{}", error.message()),
        }),+ }
    };
}

/// Each header alone, with a value as people send it. Those made of parts first, then the texts.
pub fn headers() -> Vec<Subject> {
    static TYPED: [Subject; 4] = subjects! {
        "content-security-policy": SecurityHeaders::EMPTY.content_security_policy(Some(CSP)),
        "content-security-policy-report-only": SecurityHeaders::EMPTY.content_security_policy_report_only(Some(CSP)),
        "strict-transport-security": SecurityHeaders::EMPTY
            .strict_transport_security(Some(StrictTransportSecurity::new(63_072_000).include_subdomains())),
        "a field of one's own": SecurityHeaders::EMPTY.custom(&[CustomField::new("x-robots-tag", "noindex, nofollow")]),
    };
    static TEXTS: &[Subject] = &one_header! {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "strict-origin-when-cross-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "origin-agent-cluster": "?1",
        "reporting-endpoints": "csp=\"https://reports.example/csp\", default=\"/reports\"",
        "cache-control": "no-store",
        "x-dns-prefetch-control": "off",
        "x-download-options": "noopen",
        "x-permitted-cross-domain-policies": "none",
        "x-xss-protection": "0",
    };
    let all: Vec<_> = TYPED.iter().chain(TEXTS).copied().collect();
    for name in SecurityHeaders::NAMES {
        assert!(all.iter().any(|subject| subject.name == *name), "{name} is not measured: give it a value here");
    }
    all
}

/// STRICT, with a nonce for scripts and for styles.
pub const PAGE: SecurityHeaders<'static> =
    SecurityHeaders::STRICT.content_security_policy(Some(ContentSecurityPolicy::new(&[
        Directive::default_src(&[Source::SELF]),
        Directive::base_uri(&[Source::SELF]),
        Directive::form_action(&[Source::SELF]),
        Directive::frame_ancestors(&[Source::NONE]),
        Directive::object_src(&[Source::NONE]),
        Directive::script_src(&[Source::NONCE, Source::STRICT_DYNAMIC]),
        Directive::style_src(&[Source::SELF, Source::NONCE]),
    ])));

/// [`PAGE`], rendered by the compiler.
pub static PAGE_TEMPLATE: Template<'static> = const_template!(PAGE);

/// STRICT as a template without a place for a nonce: the library's own call that puts a static policy into a buffer.
pub static STRICT_TEMPLATE: Template<'static> = const_template!(SecurityHeaders::STRICT);

/// What stands for the entropy of the caller.
pub const ENTROPY: [u8; NONCE_ENTROPY] = [0xA5; NONCE_ENTROPY];

/// Lives as long as the program, as a policy in a `static` does.
fn leaked<T>(values: Vec<T>) -> &'static [T] {
    Box::leak(values.into_boxed_slice())
}

fn leaked_text(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// A policy of `count` fields.
pub fn fields(count: usize) -> SecurityHeaders<'static> {
    let field = |at| CustomField::new(leaked_text(format!("x-field-{at:02}")), "a value of usual length");
    SecurityHeaders::EMPTY.custom(leaked((0..count).map(field).collect()))
}

/// A Content-Security-Policy that allows scripts from `count` sources.
pub fn sources(count: usize) -> ContentSecurityPolicy<'static> {
    let source = |at| Source::new(leaked_text(format!("https://cdn-{at:03}.example")));
    let sources = leaked((0..count).map(source).collect());
    ContentSecurityPolicy::new(leaked(vec![Directive::script_src(sources)]))
}

/// A policy of `count` fields, those that Sallet has a type for first.
pub fn mixed(count: usize) -> SecurityHeaders<'static> {
    let typed = headers();
    let mut policy = fields(count.saturating_sub(SecurityHeaders::NAMES.len()));
    for name in SecurityHeaders::NAMES.iter().take(count) {
        let subject = typed.iter().find(|subject| subject.name == *name).expect("each has its value");
        let value = leaked_text(subject.policy.fields().next().expect("one field").to_string());
        policy = policy.with(name, value).expect("a good value");
    }
    assert_eq!(policy.fields().count(), count);
    policy
}
