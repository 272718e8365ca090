//! The headers: a file each, named as the header.

mod cache_control;
mod content_security_policy;
mod cross_origin_embedder_policy;
mod cross_origin_opener_policy;
mod cross_origin_resource_policy;
mod custom_field;
mod error;
mod keyword_header;
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

pub use cache_control::{CacheControl, allows_sharing};
pub use content_security_policy::{
    Addition, ContentSecurityPolicy, Directive, DirectiveName, Directives, ExtendError, Extended, Hash, Source,
    Sources, UrlSource,
};
pub use cross_origin_embedder_policy::CrossOriginEmbedderPolicy;
pub use cross_origin_opener_policy::CrossOriginOpenerPolicy;
pub use cross_origin_resource_policy::CrossOriginResourcePolicy;
pub use custom_field::{CustomField, removable};
pub use error::PolicyError;
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
