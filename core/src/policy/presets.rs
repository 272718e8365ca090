//! Policies to take as they are, or to start from.

use crate::headers::*;
use crate::policy::SecurityHeaders;

/// Two years, as MDN and OWASP advise; lints advise it too.
pub(crate) const HSTS: StrictTransportSecurity =
    StrictTransportSecurity::new(2 * 365 * 24 * 60 * 60).include_subdomains();

/// Features that hardly a site uses and that an injected script would like; those that many sites do use (autoplay,
/// fullscreen, clipboard) are left alone.
const PERMISSIONS: PermissionsPolicy<'static> = PermissionsPolicy::new(
    "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), payment=(), serial=(), usb=()",
);

impl ContentSecurityPolicy<'static> {
    /// The one of [`SecurityHeaders::STRICT`], to be [extended](ContentSecurityPolicy::extended).
    pub const STRICT: Self = Self::new(&[
        Directive::default_src(&[Source::SELF]),
        // Not 'none': single-page apps need <base href="/">.
        Directive::base_uri(&[Source::SELF]),
        Directive::form_action(&[Source::SELF]),
        Directive::frame_ancestors(&[Source::NONE]),
        Directive::img_src(&[Source::SELF, Source::DATA]),
        Directive::object_src(&[Source::NONE]),
        Directive::script_src_attr(&[Source::NONE]),
        Directive::upgrade_insecure_requests(&[]),
    ]);
}

impl SecurityHeaders<'static> {
    /// The presets by their names.
    pub const PRESETS: &'static [(&'static str, Self)] = &[
        ("STRICT", Self::STRICT),
        ("API", Self::API),
        ("CLASSIC", Self::CLASSIC),
        ("THIRD_PARTY_UI", Self::THIRD_PARTY_UI),
        ("EMPTY", Self::EMPTY),
    ];

    /// The default, for apps that serve pages and JSON: an ordinary site works unchanged, as long as its scripts and
    /// styles are files of its own and not inline.
    ///
    /// No `Cross-Origin-Embedder-Policy`: it stops images and scripts of others that do not expect it.
    pub const STRICT: Self = Self::EMPTY
        .content_security_policy(Some(ContentSecurityPolicy::STRICT))
        .strict_transport_security(Some(HSTS))
        .x_content_type_options(Some(XContentTypeOptions::NoSniff))
        .x_frame_options(Some(XFrameOptions::Deny))
        // Not no-referrer: form posts would say `Origin: null`, which CSRF checks refuse.
        .referrer_policy(Some(ReferrerPolicy::STRICT_ORIGIN_WHEN_CROSS_ORIGIN))
        .cross_origin_opener_policy(Some(CrossOriginOpenerPolicy::SAME_ORIGIN))
        .cross_origin_resource_policy(Some(CrossOriginResourcePolicy::SameOrigin))
        .permissions_policy(Some(PERMISSIONS))
        .origin_agent_cluster(Some(OriginAgentCluster::Yes))
        .x_dns_prefetch_control(Some(XDnsPrefetchControl::Off))
        .x_permitted_cross_domain_policies(Some(XPermittedCrossDomainPolicies::None))
        .x_xss_protection(Some(XXssProtection::Off));

    /// For services that answer with JSON alone: a browser that is led to open an answer can do nothing with it.
    pub const API: Self = Self::EMPTY
        .content_security_policy(Some(ContentSecurityPolicy::new(&[
            Directive::default_src(&[Source::NONE]),
            Directive::base_uri(&[Source::NONE]),
            Directive::form_action(&[Source::NONE]),
            Directive::frame_ancestors(&[Source::NONE]),
        ])))
        .strict_transport_security(Some(HSTS))
        .x_content_type_options(Some(XContentTypeOptions::NoSniff))
        .x_frame_options(Some(XFrameOptions::Deny))
        .referrer_policy(Some(ReferrerPolicy::NO_REFERRER))
        .cross_origin_opener_policy(Some(CrossOriginOpenerPolicy::SAME_ORIGIN))
        .cross_origin_embedder_policy(Some(CrossOriginEmbedderPolicy::REQUIRE_CORP))
        .cross_origin_resource_policy(Some(CrossOriginResourcePolicy::SameOrigin))
        .permissions_policy(Some(PERMISSIONS))
        .cache_control(Some(CacheControl::NO_STORE))
        .x_permitted_cross_domain_policies(Some(XPermittedCrossDomainPolicies::None))
        .x_xss_protection(Some(XXssProtection::Off));

    /// The seven headers of the FastAPI article that this project grew from, with its values. Dated in one
    /// (`X-XSS-Protection`) and thin in another (the CSP has no `base-uri`, `form-action` or `frame-ancestors`): for
    /// moving an app over without a change in what it sends, then take [`STRICT`](Self::STRICT).
    pub const CLASSIC: Self = Self::EMPTY
        .content_security_policy(Some(ContentSecurityPolicy::new(&[Directive::default_src(&[Source::SELF])])))
        .strict_transport_security(Some(StrictTransportSecurity::new(31_556_926).include_subdomains()))
        .x_content_type_options(Some(XContentTypeOptions::NoSniff))
        .x_frame_options(Some(XFrameOptions::Deny))
        .referrer_policy(Some(ReferrerPolicy::STRICT_ORIGIN_WHEN_CROSS_ORIGIN))
        .cross_origin_opener_policy(Some(CrossOriginOpenerPolicy::SAME_ORIGIN))
        .x_xss_protection(Some(XXssProtection::Block));

    /// For the pages of somebody else's web app (mlflow, prefect and the like) that run on your origin, on the paths below which
    /// it is mounted: built single-page apps that set styles from scripts and take fonts, images and workers from memory.
    ///
    /// Scripts are files of the origin still, so an injected `<script>` does not run. Where such a page needs more, extend this one.
    pub const THIRD_PARTY_UI: Self = Self::STRICT
        .content_security_policy(Some(ContentSecurityPolicy::new(&[
            Directive::default_src(&[Source::SELF]),
            Directive::base_uri(&[Source::SELF]),
            Directive::font_src(&[Source::SELF, Source::DATA]),
            Directive::form_action(&[Source::SELF]),
            // Such pages show parts of themselves in frames.
            Directive::frame_ancestors(&[Source::SELF]),
            Directive::img_src(&[Source::SELF, Source::DATA, Source::BLOB]),
            Directive::media_src(&[Source::SELF, Source::DATA, Source::BLOB]),
            Directive::object_src(&[Source::NONE]),
            Directive::script_src_attr(&[Source::NONE]),
            // Styled components, editors and charts write <style> elements and style attributes.
            Directive::style_src(&[Source::SELF, Source::UNSAFE_INLINE]),
            Directive::worker_src(&[Source::SELF, Source::BLOB]),
            Directive::upgrade_insecure_requests(&[]),
        ])))
        .x_frame_options(Some(XFrameOptions::SameOrigin));
}
