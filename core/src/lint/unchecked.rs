//! What is sent after the mark of unchecked text: each piece by its name.

use super::content_security_policy::{CSP, TWIN};
use super::{Found, Lint};
use crate::headers::{ContentSecurityPolicy, PermissionsPolicy, Source};
use crate::policy::SecurityHeaders;

const REMEDY: &str = "remove {unchecked} once Sallet knows it";

pub(super) fn lints<'a>(policy: &SecurityHeaders<'a>, found: Found<'_, 'a>) {
    for header in SecurityHeaders::NAMES {
        if let Some(text) = policy.unchecked_text(header) {
            found(Lint::low(header, "the whole value is unchecked", REMEDY).at(text));
        }
    }
    for (header, csp) in
        [(CSP, policy.content_security_policy.checked()), (TWIN, policy.content_security_policy_report_only.checked())]
    {
        for directive in
            csp.into_iter().flat_map(ContentSecurityPolicy::policies).flat_map(|policy| policy.directives())
        {
            if directive.is_unchecked() {
                found(Lint::low(header, "the directive is unchecked", REMEDY).of(directive.name_str()));
            }
            for source in directive.sources().filter(Source::is_unchecked) {
                let lint = Lint::low(header, "this part of the value is unchecked", REMEDY);
                found(lint.of(directive.name_str()).at(source.as_str()));
            }
        }
    }
    for (header, features) in [
        ("permissions-policy", policy.permissions_policy.checked()),
        ("permissions-policy-report-only", policy.permissions_policy_report_only.checked()),
    ] {
        let features = features.into_iter().flat_map(PermissionsPolicy::features);
        for (name, _) in features.filter(|(_, unchecked)| *unchecked) {
            found(Lint::low(header, "the feature is unchecked", REMEDY).of(name));
        }
    }
}
