//! What is sent after the mark of unchecked text: each piece by its name.

use super::{Found, Lint};
use crate::headers::PermissionsPolicy;
use crate::policy::SecurityHeaders;

const REMEDY: &str = "remove {unchecked} once Sallet knows it";

pub(super) fn lints<'a>(policy: &SecurityHeaders<'a>, found: Found<'_, 'a>) {
    for header in SecurityHeaders::NAMES {
        if let Some(text) = policy.unchecked_text(header) {
            found(Lint::low(header, "the whole value is unchecked", REMEDY).at(text));
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
