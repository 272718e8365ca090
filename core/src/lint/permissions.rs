//! Permissions-Policy and its report-only twin: features that no browser knows.

use super::{Found, Lint};
use crate::headers::{PermissionsPolicy, is_slip};
use crate::policy::SecurityHeaders;

pub(super) fn lints<'a>(policy: &SecurityHeaders<'a>, found: Found<'_, 'a>) {
    for (header, features) in [
        ("permissions-policy", policy.permissions_policy.checked()),
        ("permissions-policy-report-only", policy.permissions_policy_report_only.checked()),
    ] {
        let unknown = features
            .into_iter()
            .flat_map(PermissionsPolicy::features)
            // What is unchecked is reported as such.
            .filter(|(name, unchecked)| !unchecked && !PermissionsPolicy::FEATURES.contains(name));
        for (name, _) in unknown {
            let meant = PermissionsPolicy::FEATURES.iter().copied().find(|known| is_slip(name, known));
            found(
                Lint::low(
                    header,
                    "Sallet does not know this feature, and browsers skip one that they do not know",
                    "remove it, or mark it as unchecked if it is newer than Sallet",
                )
                .of(name)
                .near(meant),
            );
        }
    }
}
