//! Which part of a policy a response carries.
//!
//! One policy serves every response; a view leaves out what has no place in this one.

use super::{ContentSecurityPolicy, DirectiveName};
use crate::scheme::Scheme;

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

    /// What both show.
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            http: self.http || other.http,
            without_nonce: self.without_nonce || other.without_nonce,
            report_only: self.report_only || other.report_only,
        }
    }

    /// Whether a directive of this name is not sent.
    pub(super) const fn leaves_out(self, name: DirectiveName) -> bool {
        match name {
            // Over HTTP it would break a site that has no HTTPS.
            DirectiveName::UpgradeInsecureRequests => self.http || self.report_only,
            // Over HTTP no endpoint can be defined, and a browser that knows report-to does not look at report-uri next to it (CSP3,
            // section 6.5.1).
            DirectiveName::ReportTo => self.http,
            // Browsers ignore both in a policy that only reports (CSP3, section 6.3.2; Upgrade Insecure Requests, section 3.1).
            DirectiveName::Sandbox => self.report_only,
            _ => false,
        }
    }
}

impl ContentSecurityPolicy<'_> {
    /// The policy for a response that travels over `scheme`: over HTTP without `upgrade-insecure-requests`, which
    /// would break a site that has no HTTPS, and without `report-to`, which would only switch `report-uri` off. `None` when nothing is
    /// left.
    pub const fn over(mut self, scheme: Scheme) -> Option<Self> {
        self.view.http |= scheme.is_http();
        self.if_any()
    }

    /// The policy as a text that is the same for every response: for responses in which no script runs, so that they can be
    /// cached.
    ///
    /// In each directive that holds [`Source::NONCE`](super::Source::NONCE), that, `'unsafe-inline'` and `'inline-speculation-rules'` are left out, and
    /// `'none'` is sent if nothing is left. So it never allows more: the nonce had switched both off (CSP3, section 6.7.3.2), and
    /// the directive stays. The other sources stay, because the policy of a worker's own script rules what that imports.
    ///
    /// ```
    /// use sallet_core::ContentSecurityPolicy;
    /// let csp = ContentSecurityPolicy::from_text(
    ///     "script-src 'self' 'nonce-{one-for-each-request}'; style-src 'unsafe-inline' 'nonce-{one-for-each-request}'"
    /// );
    /// assert_eq!(csp.without_nonce().to_string(), "script-src 'self'; style-src 'none'");
    /// assert!(!csp.without_nonce().needs_nonce());
    /// ```
    #[must_use]
    pub const fn without_nonce(mut self) -> Self {
        self.view.without_nonce = true;
        self
    }

    /// The policy for `content-security-policy-report-only`: without `upgrade-insecure-requests` and `sandbox`, which browsers
    /// ignore there. `None` when nothing is left.
    pub const fn report_only(mut self) -> Option<Self> {
        self.view.report_only = true;
        self.if_any()
    }

    const fn if_any(self) -> Option<Self> {
        if self.policies().next_policy().is_none() { None } else { Some(self) }
    }
}
