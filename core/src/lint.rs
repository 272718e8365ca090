//! What is legal but weak, with the reason.

use crate::cursor::Cursor;
use crate::headers::{ContentSecurityPolicy, Directive, DirectiveName};
use crate::policy::{SecurityHeaders, presets};
use crate::render_const;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Low,
    /// Weakens one protection.
    Medium,
    /// Switches a protection off.
    High,
}

impl Severity {
    /// `low`, `medium` or `high`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lint {
    /// How much it matters.
    pub severity: Severity,
    /// The header, in lower case.
    pub header: &'static str,
    /// The directive, or nothing where the header has none.
    pub directive: &'static str,
    /// Why it is weak.
    pub reason: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

impl core::fmt::Display for Lint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { severity, header, directive, reason, remedy } = self;
        let space = if directive.is_empty() { "" } else { " " };
        write!(f, "{}: {header}{space}{directive}: {reason}; {remedy}", severity.as_str())
    }
}

const CSP: &str = "content-security-policy";

/// The remedy for a site that is not kept on HTTPS: what the presets send.
const SEND_HSTS: &str = render_const::text(&send_hsts::<{ send_hsts::<0>().1 }>().0);

const fn send_hsts<const N: usize>() -> ([u8; N], usize) {
    let mut text = [0; N];
    let mut out = Cursor::new(&mut text);
    out.put(b"send ");
    presets::HSTS.render(&mut out);
    let length = out.written();
    (text, length)
}

/// A question about a policy, and what to say when the answer is yes.
type Rule = (fn(&SecurityHeaders<'_>) -> bool, Lint);

const fn rule(
    ask: fn(&SecurityHeaders<'_>) -> bool,
    severity: Severity,
    header: &'static str,
    directive: &'static str,
    reason: &'static str,
    remedy: &'static str,
) -> Rule {
    (ask, Lint { severity, header, directive, reason, remedy })
}

static RULES: &[Rule] = &[
    rule(
        |p| !p.content_security_policy.is_set(),
        Severity::High,
        CSP,
        "",
        "without a policy any injected script runs",
        "start from the one of the preset STRICT",
    ),
    rule(
        |p| csp(p, |c| c.effective(DirectiveName::ScriptSrc).is_none()),
        Severity::High,
        CSP,
        "script-src",
        "neither script-src nor default-src is there, so any script runs",
        "add default-src 'self'",
    ),
    rule(
        |p| scripts(p, |d| d.has("'unsafe-inline'") && !vouches(d)),
        Severity::High,
        CSP,
        "script-src",
        "'unsafe-inline' runs every injected script",
        "use a nonce or hashes",
    ),
    rule(
        |p| {
            scripts(p, |d| {
                !d.has("'strict-dynamic'") && (d.has("*") || d.has("https:") || d.has("http:") || d.has("data:"))
            })
        },
        Severity::High,
        CSP,
        "script-src",
        "*, https:, http: and data: let anyone's script in",
        "name the hosts, or use a nonce with 'strict-dynamic'",
    ),
    rule(
        |p| scripts(p, |d| d.has("'unsafe-eval'")),
        Severity::Medium,
        CSP,
        "script-src",
        "'unsafe-eval' turns strings into code",
        "use 'wasm-unsafe-eval' if it is for WebAssembly, else remove it",
    ),
    rule(
        |p| csp(p, |c| c.effective(DirectiveName::ObjectSrc).is_none()),
        Severity::Medium,
        CSP,
        "object-src",
        "plug-in content is not ruled",
        "add object-src 'none'",
    ),
    rule(
        |p| {
            csp(
                p,
                |c| matches!(c.effective(DirectiveName::StyleSrc), Some(d) if d.has("'unsafe-inline'") && !vouches(d)),
            )
        },
        Severity::Low,
        CSP,
        "style-src",
        "'unsafe-inline' lets injected styles read and redraw the page",
        "use a nonce or hashes",
    ),
    rule(
        |p| csp(p, |c| c.directive(DirectiveName::BaseUri).is_none()),
        Severity::Medium,
        CSP,
        "base-uri",
        "an injected <base> redirects every relative address, and default-src does not rule it",
        "add base-uri 'self' or 'none'",
    ),
    rule(
        |p| csp(p, |c| c.directive(DirectiveName::FormAction).is_none()),
        Severity::Medium,
        CSP,
        "form-action",
        "injected forms post anywhere, and default-src does not rule them",
        "add form-action 'self' or 'none'",
    ),
    rule(
        |p| csp(p, |c| c.directive(DirectiveName::FrameAncestors).is_none()),
        Severity::Medium,
        CSP,
        "frame-ancestors",
        "anyone may frame the page, and default-src does not rule that",
        "add frame-ancestors 'none' or 'self'",
    ),
    rule(
        |p| !p.strict_transport_security.is_set(),
        Severity::Medium,
        "strict-transport-security",
        "",
        "the first request of a visit may go over HTTP",
        SEND_HSTS,
    ),
    rule(
        |p| matches!(p.strict_transport_security.checked(), Some(hsts) if hsts.max_age() < 180 * 24 * 60 * 60),
        Severity::Medium,
        "strict-transport-security",
        "max-age",
        "browsers forget it in less than half a year",
        SEND_HSTS,
    ),
    rule(
        |p| !p.x_content_type_options.is_set(),
        Severity::Medium,
        "x-content-type-options",
        "",
        "browsers may run an upload as a script",
        "add nosniff",
    ),
    rule(
        |p| !p.referrer_policy.is_set(),
        Severity::Low,
        "referrer-policy",
        "",
        "it is left to the browser how much of the address others learn",
        "add strict-origin-when-cross-origin",
    ),
    rule(
        |p| {
            p.referrer_policy.checked().is_some_and(|policy| {
                matches!(policy.last(), "unsafe-url" | "no-referrer-when-downgrade" | "origin-when-cross-origin")
            })
        },
        Severity::Medium,
        "referrer-policy",
        "",
        "it tells others more than a browser does by default",
        "use strict-origin-when-cross-origin",
    ),
    rule(
        |p| {
            matches!(
                p.x_xss_protection.checked(),
                Some(crate::headers::XXssProtection::On | crate::headers::XXssProtection::Block)
            )
        },
        Severity::Low,
        "x-xss-protection",
        "",
        "the filter could be made to block a page's own scripts, and browsers have removed it",
        "use 0",
    ),
];

impl SecurityHeaders<'_> {
    /// What is legal but weak in this policy, the order being that of the headers.
    ///
    /// ```
    /// use sallet_core::{SecurityHeaders, Severity};
    /// assert_eq!(SecurityHeaders::STRICT.lint().count(), 0);
    /// assert!(SecurityHeaders::CLASSIC.lint().all(|lint| lint.severity < Severity::High));
    /// assert!(SecurityHeaders::EMPTY.lint().any(|lint| lint.severity == Severity::High));
    /// ```
    pub fn lint(&self) -> impl Iterator<Item = Lint> {
        RULES
            .iter()
            .filter(|(ask, _)| ask(self))
            .map(|(_, lint)| *lint)
            .chain(self.undefined_endpoints())
            .chain(self.unchecked_values())
    }

    fn unchecked_values(&self) -> impl Iterator<Item = Lint> {
        Self::NAMES.iter().filter(|header| self.unchecked_text(header).is_some()).map(|header| Lint {
            severity: Severity::Low,
            header,
            directive: "",
            reason: "its value is unchecked",
            remedy: "remove {unchecked} once Sallet knows the value",
        })
    }

    /// A browser reports to an endpoint only if the same response defines it (Reporting API, section 3.2).
    fn undefined_endpoints(&self) -> impl Iterator<Item = Lint> {
        Self::NAMES.iter().filter_map(|header| {
            let (directive, _) = self.undefined_endpoint(header)?;
            Some(Lint {
                severity: Severity::Medium,
                header,
                directive,
                reason: "it names an endpoint that Reporting-Endpoints does not define, so nothing is reported",
                remedy: "add name=\"https://…\" to Reporting-Endpoints, unless another layer does",
            })
        })
    }

    const fn csp(&self) -> Option<&ContentSecurityPolicy<'_>> {
        self.content_security_policy.checked()
    }
}

fn csp(policy: &SecurityHeaders<'_>, ask: impl Fn(&ContentSecurityPolicy<'_>) -> bool) -> bool {
    policy.csp().is_some_and(ask)
}

fn scripts(policy: &SecurityHeaders<'_>, ask: impl Fn(Directive<'_>) -> bool) -> bool {
    use DirectiveName::{ScriptSrc, ScriptSrcAttr, ScriptSrcElem};
    csp(policy, |csp| {
        [ScriptSrc, ScriptSrcElem, ScriptSrcAttr].into_iter().filter_map(|name| csp.effective(name)).any(&ask)
    })
}

/// Browsers ignore `'unsafe-inline'` beside a nonce, a hash or `'strict-dynamic'` (CSP3, section 6.7.3.2): there it is a
/// fallback for old ones.
fn vouches(directive: Directive<'_>) -> bool {
    directive.sources().any(|source| source.is_nonce() || source.is_hash()) || directive.has("'strict-dynamic'")
}
