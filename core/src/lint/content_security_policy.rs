//! Content-Security-Policy and its report-only twin: which rules apply to which, and what is missing.

use super::{Found, Lint, code, sources};
use crate::headers::{ContentSecurityPolicy, DirectiveName};
use crate::policy::{SecurityHeaders, Slot};

pub(super) const CSP: &str = "content-security-policy";
pub(super) const TWIN: &str = "content-security-policy-report-only";

pub(super) fn lints<'a>(policy: &SecurityHeaders<'a>, found: Found<'_, 'a>) {
    match &policy.content_security_policy {
        Slot::Checked(csp) => enforced(csp, found),
        Slot::Unchecked(_) => {}
        Slot::Unset if policy.content_security_policy_report_only.is_set() => found(Lint::high(
            CSP,
            "a report-only policy blocks nothing, so any injected script runs",
            "enforce a policy too, such as that of the preset STRICT",
        )),
        Slot::Unset => {
            found(Lint::high(
                CSP,
                "without a policy any injected script runs",
                "start from the STRICT preset's policy",
            ));
        }
    }
    if let Some(csp) = policy.content_security_policy_report_only.checked() {
        let twin = &mut |lint: Lint<'a>| found(Lint { severity: lint.severity.one_lower(), header: TWIN, ..lint });
        // Each is a trial by itself.
        for csp in csp.policies() {
            weak_parts(&csp, twin);
            idle_parts(&csp, twin);
            // A trial of one directive leaves the others to the enforced policy.
            if !policy.content_security_policy.is_set() {
                missing(&csp, twin);
            }
        }
    }
}

/// Browsers apply every policy, so what one of them rules out is no weakness of the others (CSP3, section 8.1). One that
/// says nothing about it rules nothing out.
fn enforced<'a>(csp: &ContentSecurityPolicy<'a>, found: Found<'_, 'a>) {
    for (at, policy) in csp.policies().enumerate() {
        weak(&policy, &mut |lint| {
            let is_said = csp.policies().take(at).any(|earlier| is_weak_too(&earlier, &lint));
            let allows = |other| is_weak_too(&other, &lint) || is_silent(&other, &lint);
            if !is_said && csp.policies().enumerate().all(|(i, other)| i == at || allows(other)) {
                found(lint);
            }
        });
        idle_parts(&policy, found);
    }
}

fn is_weak_too(policy: &ContentSecurityPolicy<'_>, lint: &Lint<'_>) -> bool {
    let mut is_weak = false;
    weak(policy, &mut |other| is_weak |= other.reason == lint.reason);
    is_weak
}

/// Of what `default-src` rules, scripts decide.
const fn is_silent(policy: &ContentSecurityPolicy<'_>, lint: &Lint<'_>) -> bool {
    match DirectiveName::parse(lint.directive) {
        Ok(DirectiveName::DefaultSrc) => policy.effective(DirectiveName::ScriptSrc).is_none(),
        Ok(name) => policy.effective(name).is_none(),
        Err(_) => false,
    }
}

fn weak<'a>(csp: &ContentSecurityPolicy<'a>, found: Found<'_, 'a>) {
    weak_parts(csp, found);
    missing(csp, found);
}

fn weak_parts<'a>(csp: &ContentSecurityPolicy<'a>, found: Found<'_, 'a>) {
    code::weak(csp, found);
    sources::weak(csp, found);
}

/// What does not do what its author meant, whatever other policies say.
fn idle_parts<'a>(csp: &ContentSecurityPolicy<'a>, found: Found<'_, 'a>) {
    code::idle(csp, found);
    sources::idle(csp, found);
}

fn missing<'a>(csp: &ContentSecurityPolicy<'a>, found: Found<'_, 'a>) {
    use DirectiveName::{BaseUri, DefaultSrc, FormAction, ObjectSrc, ScriptSrc};
    let lacks = |name: DirectiveName| csp.effective(name).is_none();
    if lacks(ScriptSrc) {
        found(
            Lint::high(
                CSP,
                "neither script-src nor default-src is there, so any script runs",
                "add default-src 'self'",
            )
            .of("script-src"),
        );
    } else if lacks(DefaultSrc) {
        found(
            Lint::medium(
                CSP,
                "what no directive names may be loaded from anywhere and sent anywhere",
                "add default-src 'self', and name the exceptions",
            )
            .of("default-src"),
        );
    }
    if lacks(ObjectSrc) {
        found(Lint::medium(CSP, "plug-in content may come from anywhere", "add object-src 'none'").of("object-src"));
    }
    if lacks(BaseUri) {
        found(
            base_uri(csp, "an injected <base> redirects every relative address, and default-src does not cover it")
                .of("base-uri"),
        );
    }
    if lacks(FormAction) {
        found(
            Lint::medium(
                CSP,
                "injected forms post anywhere, and default-src does not cover them",
                "add form-action 'self' or 'none'",
            )
            .of("form-action"),
        );
    }
}

/// Where a nonce vouches for relative addresses of scripts, a `<base>` turns them into scripts of the attacker.
pub(super) fn base_uri<'a>(csp: &ContentSecurityPolicy<'a>, reason: &'static str) -> Lint<'a> {
    const REMEDY: &str = "write base-uri 'self' or 'none'";
    if code::scripts(csp).any(|directive| directive.sources().any(|source| source.is_nonce() || source.is_hash())) {
        Lint::high(CSP, reason, REMEDY)
    } else {
        Lint::medium(CSP, reason, REMEDY)
    }
}
