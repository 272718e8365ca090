//! What of a policy is sent in which situation: over HTTP, where no script runs, or while it is only tried out.

use super::SecurityHeaders;
use super::slot::Slot;
use crate::headers::DirectiveName;
use crate::scheme::Scheme;

impl SecurityHeaders<'_> {
    /// The policy for a response that travels over `scheme`. Over HTTP, `Strict-Transport-Security` (RFC 6797, section 7.2),
    /// `upgrade-insecure-requests`, Reporting-Endpoints and the `report-to` of Content-Security-Policy are left out; a policy says
    /// `Https` until told otherwise.
    ///
    /// ```
    /// use sallet_core::{Scheme, SecurityHeaders, const_block};
    /// static PLAIN: &str = const_block!(SecurityHeaders::STRICT.over(Scheme::Http));
    /// assert!(!PLAIN.contains("strict-transport-security") && !PLAIN.contains("upgrade-insecure-requests"));
    /// ```
    #[must_use]
    pub const fn over(mut self, scheme: Scheme) -> Self {
        if scheme.is_http() {
            self.strict_transport_security = Slot::Unset;
            // Browsers take it from HTTPS alone (Reporting API, section 3.3).
            self.reporting_endpoints = Slot::Unset;
        }
        if let Slot::Checked(policy) = self.content_security_policy {
            self.content_security_policy = Slot::of(policy.over(scheme));
        }
        if let Slot::Checked(policy) = self.content_security_policy_report_only {
            self.content_security_policy_report_only = Slot::of(policy.over(scheme));
        }
        self
    }

    /// The policy for responses in which no script runs, such as images, and for a 206: the same text for every response, so
    /// nothing has to be added to `Cache-Control`. See
    /// [`ContentSecurityPolicy::without_nonce`](crate::ContentSecurityPolicy::without_nonce).
    ///
    /// ```
    /// use sallet_core::{ContentSecurityPolicy, SecurityHeaders, const_block};
    /// const PAGE: SecurityHeaders = SecurityHeaders::EMPTY.content_security_policy(Some(
    ///     ContentSecurityPolicy::from_text("default-src 'self'; script-src 'nonce-{one-for-each-request}'"),
    /// ));
    /// static IMAGE: &str = const_block!(PAGE.without_nonce());
    /// assert_eq!(IMAGE, "content-security-policy: default-src 'self'; script-src 'none'\r\n");
    /// ```
    #[must_use]
    pub const fn without_nonce(mut self) -> Self {
        if let Slot::Checked(policy) = self.content_security_policy {
            self.content_security_policy = Slot::Checked(policy.without_nonce());
        }
        if let Slot::Checked(policy) = self.content_security_policy_report_only {
            self.content_security_policy_report_only = Slot::Checked(policy.without_nonce());
        }
        self
    }

    /// The policy for trying it out: each header that has a report-only twin is sent as that, instead of what the twin said
    /// before; the others stay.
    ///
    /// `upgrade-insecure-requests` and `sandbox` are left out of the Content-Security-Policy, since browsers ignore them there.
    /// So is X-Frame-Options where `frame-ancestors` is tried out: it would enforce what is only to be reported.
    ///
    /// ```
    /// use sallet_core::SecurityHeaders;
    /// let tried = SecurityHeaders::STRICT.report_only().to_string();
    /// assert!(tried.starts_with("content-security-policy-report-only: default-src 'self'; "));
    /// assert!(!tried.contains("content-security-policy: ") && !tried.contains("x-frame-options"));
    /// assert!(tried.contains("x-content-type-options: nosniff"));
    /// ```
    #[must_use]
    pub const fn report_only(self) -> Self {
        let mut tried = self.moved_to_twins();
        if let Slot::Checked(policy) = self.content_security_policy {
            tried.content_security_policy_report_only = Slot::of(policy.report_only());
            if policy.any_directive(DirectiveName::FrameAncestors).is_some() {
                tried.x_frame_options = Slot::Unset;
            }
        }
        tried
    }
}
