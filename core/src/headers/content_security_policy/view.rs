//! Which part of a policy a response carries.
//!
//! One policy serves every response; a view leaves out what has no place in this one.

use super::DirectiveName;

/// Nothing is left out until a field says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    /// The response travels over plain HTTP.
    pub(super) http: bool,
    /// The text must be the same for every response.
    pub(super) without_nonce: bool,
    /// The policy is only reported on.
    pub(super) report_only: bool,
}

impl View {
    pub(super) const WHOLE: Self = Self { http: false, without_nonce: false, report_only: false };

    /// Whether a directive of this name is not sent.
    pub(super) const fn leaves_out(self, name: DirectiveName) -> bool {
        match name {
            // Over HTTP it would break a site that has no HTTPS.
            DirectiveName::UpgradeInsecureRequests => self.http || self.report_only,
            // Browsers ignore both in a policy that only reports (CSP3, section 6.4.1; Upgrade Insecure Requests, section 3.3).
            DirectiveName::Sandbox => self.report_only,
            _ => false,
        }
    }
}
