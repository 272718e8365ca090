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

/// Each header alone. Those made of parts first, then the texts, which are the examples of the headers' rows.
pub fn headers() -> Vec<Subject> {
    static TYPED: [Subject; 4] = subjects! {
        "content-security-policy": SecurityHeaders::EMPTY.content_security_policy(Some(CSP)),
        "content-security-policy-report-only": SecurityHeaders::EMPTY.content_security_policy_report_only(Some(CSP)),
        "strict-transport-security": SecurityHeaders::EMPTY
            .strict_transport_security(Some(StrictTransportSecurity::new(63_072_000).include_subdomains())),
        "a field of one's own": SecurityHeaders::EMPTY.custom(&[CustomField::new("x-robots-tag", "noindex, nofollow")]),
    };
    let texts =
        SecurityHeaders::HEADERS.iter().filter(|header| TYPED.iter().all(|subject| subject.name != header.name));
    let text = |header: &'static Header| {
        let policy = SecurityHeaders::EMPTY.with(header.name, header.good).expect("a good example");
        Subject { name: header.name, policy, text: leaked_text(policy.to_string()) }
    };
    TYPED.iter().copied().chain(texts.map(text)).collect()
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
    let typed = SecurityHeaders::HEADERS.iter().take(count);
    let policy = fields(count.saturating_sub(SecurityHeaders::HEADERS.len()));
    let policy = typed.fold(policy, |policy, header| policy.with(header.name, header.good).expect("a good example"));
    assert_eq!(policy.fields().count(), count);
    policy
}
