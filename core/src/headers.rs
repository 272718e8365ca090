//! The headers: a file each, named as the header.

mod cache_control;
mod clear_site_data;
mod content_security_policy;
mod cross_origin_embedder_policy;
mod cross_origin_opener_policy;
mod cross_origin_resource_policy;
mod custom_field;
mod document_isolation_policy;
mod error;
mod integrity_policy;
mod keyword_header;
mod keyword_list;
mod keyword_with_report_to;
mod origin_agent_cluster;
mod permissions_policy;
mod referrer_policy;
mod reporting_endpoints;
mod strict_transport_security;
mod text_header;
mod x_content_type_options;
mod x_dns_prefetch_control;
mod x_download_options;
mod x_frame_options;
mod x_permitted_cross_domain_policies;
mod x_xss_protection;

pub use cache_control::CacheControl;
pub(crate) use cache_control::{
    ends_in_quotes, forbids_sharing, has_element, is_targeted, says_shared, surrogate_forbids_sharing,
    targeted_forbids_sharing, targeted_says_shared,
};
pub use clear_site_data::ClearSiteData;
pub(crate) use content_security_policy::holds_placeholder;
pub use content_security_policy::{
    Addition, ContentSecurityPolicy, Directive, DirectiveName, Directives, ExtendError, Extended, Hash, OwnPolicy,
    Policies, Source, SourceConstant, Sources, UrlSource,
};
pub use cross_origin_embedder_policy::CrossOriginEmbedderPolicy;
pub use cross_origin_opener_policy::CrossOriginOpenerPolicy;
pub use cross_origin_resource_policy::CrossOriginResourcePolicy;
pub use custom_field::{CustomField, removable};
pub use document_isolation_policy::DocumentIsolationPolicy;
pub use error::PolicyError;
pub use integrity_policy::IntegrityPolicy;
pub(crate) use keyword_header::is_slip;
pub use origin_agent_cluster::OriginAgentCluster;
pub use permissions_policy::PermissionsPolicy;
pub use referrer_policy::ReferrerPolicy;
pub use reporting_endpoints::ReportingEndpoints;
pub use strict_transport_security::StrictTransportSecurity;
pub use x_content_type_options::XContentTypeOptions;
pub use x_dns_prefetch_control::XDnsPrefetchControl;
pub use x_download_options::XDownloadOptions;
pub use x_frame_options::XFrameOptions;
pub use x_permitted_cross_domain_policies::XPermittedCrossDomainPolicies;
pub use x_xss_protection::XXssProtection;

/// One row of the table: what Sallet knows of a header beside its type, for hosts, tests and documentation to read.
///
/// ```
/// use sallet_core::SecurityHeaders;
/// for header in SecurityHeaders::HEADERS {
///     assert!(SecurityHeaders::EMPTY.with(header.name, header.good).is_ok());
///     assert!(SecurityHeaders::EMPTY.with(header.name, header.bad).is_err());
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// Its name, in lower case.
    pub name: &'static str,
    /// What it is for, in one sentence.
    pub doc: &'static str,
    /// A value that is taken, and sent as it is written here.
    pub good: &'static str,
    /// A value that is refused: a mistake that people make.
    pub bad: &'static str,
    /// Every word that its value is made of, as each is sent, if there are only a few.
    pub values: &'static [&'static str],
    /// Where its value names endpoints of Reporting-Endpoints, if it can: a directive, a member or a parameter.
    pub endpoints_in: Option<&'static str>,
    /// The header that this one only tries out, if it is such a twin: its value is read alike and enforces nothing.
    pub report_only_of: Option<&'static str>,
}

impl Header {
    /// The header whose values this one takes: its own name, or that of the one it is the report-only twin of.
    pub const fn enforced(&self) -> &'static str {
        match self.report_only_of {
            Some(name) => name,
            None => self.name,
        }
    }
}

/// The table of headers, in the order in which they are sent. A header is a row here and a file named as the header;
/// all the rest is made from the row, or checked against it.
///
/// `report only of FIELD`: the header of that field enforces what this one only reports on, and has the same type.
///
/// `endpoints in "WHERE"`: a value can name endpoints there, and its type has `undefined_endpoint`.
///
/// `unchecked part if METHOD`: the type reads the mark in front of parts of its value. The method says whether a mark at the start
/// is of the first part; if not, the whole value is unchecked, as in all other headers.
macro_rules! header_rows {
    ($make:ident) => {
        $make! {
            /// What a page may load, run and send to.
            "content-security-policy" content_security_policy: ContentSecurityPolicy<'a>,
                good "default-src 'self'; script-src 'self' https://cdn.example",
                bad "default-src self",
                endpoints in "report-to",
                unchecked part if marks_a_directive;
            /// A policy that is only reported on: for trying one out.
            "content-security-policy-report-only" content_security_policy_report_only: ContentSecurityPolicy<'a>,
                good "default-src 'none'; img-src 'self' data:",
                bad "script-src unsafe-inline",
                endpoints in "report-to",
                report only of content_security_policy,
                unchecked part if marks_a_directive;
            /// HTTPS only, from now on. Sent over HTTPS alone.
            "strict-transport-security" strict_transport_security: StrictTransportSecurity,
                good "max-age=31536000; includeSubDomains",
                bad "max-age=31536000; preload";
            /// No guessing of media types.
            "x-content-type-options" x_content_type_options: XContentTypeOptions,
                good "nosniff",
                bad "no-sniffing";
            /// Who may frame the page, for browsers without `frame-ancestors`.
            "x-frame-options" x_frame_options: XFrameOptions,
                good "SAMEORIGIN",
                bad "ALLOW-FROM https://a.example";
            /// How much of the address the next site learns.
            "referrer-policy" referrer_policy: ReferrerPolicy<'a>,
                good "no-referrer, strict-origin-when-cross-origin",
                bad "none";
            /// Who shares a browsing context group.
            "cross-origin-opener-policy" cross_origin_opener_policy: CrossOriginOpenerPolicy<'a>,
                good "same-origin-allow-popups; report-to=\"coop\"",
                bad "same-site",
                endpoints in "report-to";
            /// Who would share a browsing context group, only reported on.
            "cross-origin-opener-policy-report-only" cross_origin_opener_policy_report_only: CrossOriginOpenerPolicy<'a>,
                good "same-origin; report-to=\"coop\"",
                bad "same-origin; report-to=coop",
                endpoints in "report-to",
                report only of cross_origin_opener_policy;
            /// What the page may load from others.
            "cross-origin-embedder-policy" cross_origin_embedder_policy: CrossOriginEmbedderPolicy<'a>,
                good "credentialless",
                bad "same-origin",
                endpoints in "report-to";
            /// What the page could not load from others, only reported on.
            "cross-origin-embedder-policy-report-only" cross_origin_embedder_policy_report_only: CrossOriginEmbedderPolicy<'a>,
                good "require-corp; report-to=\"coep\"",
                bad "require_corps",
                endpoints in "report-to",
                report only of cross_origin_embedder_policy;
            /// Isolation of one document, without conditions on its opener and its frames.
            "document-isolation-policy" document_isolation_policy: DocumentIsolationPolicy<'a>,
                good "isolate-and-credentialless",
                bad "credentialless",
                endpoints in "report-to";
            /// What an isolated document could not load, only reported on.
            "document-isolation-policy-report-only" document_isolation_policy_report_only: DocumentIsolationPolicy<'a>,
                good "isolate-and-require-corp; report-to=\"dip\"",
                bad "require-corp",
                endpoints in "report-to",
                report only of document_isolation_policy;
            /// Who may load this response.
            "cross-origin-resource-policy" cross_origin_resource_policy: CrossOriginResourcePolicy,
                good "cross-origin",
                bad "unsafe-none";
            /// Which powerful features the page and its frames may use.
            "permissions-policy" permissions_policy: PermissionsPolicy<'a>,
                good "camera=(), fullscreen=(self \"https://a.example\"), geolocation=*",
                bad "camera 'none'",
                endpoints in "report-to",
                unchecked part if marks_a_member;
            /// Which uses of powerful features are reported, and not stopped.
            "permissions-policy-report-only" permissions_policy_report_only: PermissionsPolicy<'a>,
                good "camera=();report-to=permissions, geolocation=(self)",
                bad "camera=none",
                endpoints in "report-to",
                report only of permissions_policy,
                unchecked part if marks_a_member;
            /// Which resources must have an `integrity` attribute.
            "integrity-policy" integrity_policy: IntegrityPolicy<'a>,
                good "blocked-destinations=(script style), sources=(inline)",
                bad "blocked-destinations=script",
                endpoints in "endpoints";
            /// A policy on integrity that is only reported on.
            "integrity-policy-report-only" integrity_policy_report_only: IntegrityPolicy<'a>,
                good "blocked-destinations=(script)",
                bad "blocked-destinations=()",
                endpoints in "endpoints",
                report only of integrity_policy;
            /// A process of its own for each origin.
            "origin-agent-cluster" origin_agent_cluster: OriginAgentCluster,
                good "?1",
                bad "1";
            /// Where browsers send their reports.
            "reporting-endpoints" reporting_endpoints: ReportingEndpoints<'a>,
                good "main=\"https://reports.example/main\", default=\"/reports\"",
                bad "main=https://reports.example/main";
            /// Who may keep the response.
            "cache-control" cache_control: CacheControl<'a>,
                good "private, max-age=60",
                bad "no store";
            /// What the browser forgets of the site. For the answer of a sign-out.
            "clear-site-data" clear_site_data: ClearSiteData<'a>,
                good "\"cookies\", \"storage\"",
                bad "cookies";
            /// Whether links are looked up before a click.
            "x-dns-prefetch-control" x_dns_prefetch_control: XDnsPrefetchControl,
                good "off",
                bad "false";
            /// No opening of downloads in the site's context.
            "x-download-options" x_download_options: XDownloadOptions,
                good "noopen",
                bad "open";
            /// Policy files of Flash and Acrobat.
            "x-permitted-cross-domain-policies" x_permitted_cross_domain_policies: XPermittedCrossDomainPolicies,
                good "master-only",
                bad "self";
            /// The filter that browsers have removed.
            "x-xss-protection" x_xss_protection: XXssProtection,
                good "0",
                bad "2";
        }
    };
}
pub(crate) use header_rows;
